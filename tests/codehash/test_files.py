"""The files a computation rests on, and the hash of their code."""

import sys

import pytest

from rigid_depth import PACKAGE
from rigid_depth.codehash import files


def test_the_closure_holds_what_a_fresh_interpreter_loads_and_less():
    """Every listed file is really imported; a package's other modules are not listed."""
    found = files.code_files("rigid_depth.losses.balancing")
    names = {p.relative_to(PACKAGE).as_posix() for p in found}
    assert "losses/balancing.py" in names
    assert not names & {"losses/infinity.py", "losses/depth.py", "losses/__init__.py"}


def test_a_name_from_a_package_leads_to_the_module_that_defines_it():
    import rigid_depth.losses

    origin = files._definition("rigid_depth.losses", "infinity_loss")
    assert origin == rigid_depth.losses.infinity_loss.__module__


def test_the_closure_of_training_is_loaded_by_importing_it():
    import rigid_depth.experiments.training.loop  # noqa: F401

    for path in files.code_files("rigid_depth.experiments.training.loop"):
        module = ".".join(("rigid_depth", *path.relative_to(PACKAGE).with_suffix("").parts))
        assert module.removesuffix(".__init__") in sys.modules


TEXT = '''"""Says something."""
X = 1  # why
"""About X."""


def f(a):
    """Docstring
    of two lines."""
    return a + X  # "not a string"
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("# why", "# another reason", True),
        ("of two lines", "of two short lines", True),
        ("\n\n\n", "\n\n\n\n", True),
        ("X = 1", "X = 2", False),
        ("a + X", "a - X", False),
    ],
)
def test_only_code_counts(old, new, same):
    assert old in TEXT
    changed = files.bare_code(TEXT.replace(old, new))
    assert (changed == files.bare_code(TEXT)) is same
