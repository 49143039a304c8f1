"""The run-time type check of tests and notebooks: as beartype's, but an int passes for a float."""

from beartype import BeartypeConf, beartype

typecheck = beartype(conf=BeartypeConf(is_pep484_tower=True))
