"""Chapters 3 to 5: the small seeded studies, one file each, named as on the command line.

A study is a function `(seed, **settings) -> nested dict of numbers`, with settings for a full and a
smoke size. Each file ends in its `STUDY`, which is all that makes it known; `shared` holds what
several studies use. Nothing imports this package but the command line and the book.
"""

from typing import TYPE_CHECKING

from rigid_depth.lazy import lazy_names

if TYPE_CHECKING:
    from rigid_depth.studies.declaration import SIZES, STUDIES, Study, find_study
    from rigid_depth.studies.records import (
        StudyRecord,
        publish,
        published,
        run_study,
        standing,
        study_hash,
        summarise,
    )

__all__ = [
    "SIZES",
    "STUDIES",
    "Study",
    "StudyRecord",
    "find_study",
    "publish",
    "published",
    "run_study",
    "standing",
    "study_hash",
    "summarise",
]

__getattr__, __dir__ = lazy_names(__name__)
