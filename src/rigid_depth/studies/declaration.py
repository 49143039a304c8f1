"""What a study declares about itself, read from its file without running it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rigid_depth.errors import RigidDepthError

FOLDER = Path(__file__).parent
SIZES = ("full", "smoke")
DECLARES = "\nSTUDY = "


@dataclass(frozen=True)
class Study:
    """One study: which function, with which settings at the full and at the smoke size.

    `function(seed, **settings)` gives a nested dict of numbers; `computes` names it as
    "package.module:name", without importing it.
    """

    name: str
    function: Callable[..., dict]
    label: str
    section: str  # of the thesis
    notebook: str  # the notebook that shows it, relative to the repository
    full: Mapping[str, object] = field(default_factory=dict)
    smoke: Mapping[str, object] = field(default_factory=dict)
    seeds: int = 5
    computes: str = ""

    def settings(self, size: str) -> dict[str, object]:
        """The keyword arguments of a size."""
        if size not in SIZES:
            raise RigidDepthError(f"unknown size '{size}' of a study; allowed: {', '.join(SIZES)}.")
        return dict(self.full if size == "full" else self.smoke)


def declared_studies() -> dict[str, Study]:
    """Name -> study, for every file of this folder that ends in `STUDY = Study(...)`.

    In the order of the thesis. No file is imported, because a listing needs no torch: the last
    statement is read as text, and its arguments but the function are constants. The function
    imports the file when it is called.
    """
    texts = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.py"))}
    found = [_declared(stem, text) for stem, text in texts.items() if DECLARES in text]
    found.sort(key=lambda study: [int(part) for part in study.section.split(".")])
    return {study.name: study for study in found}


def _declared(stem: str, text: str) -> Study:
    call = ast.parse(text.rpartition(DECLARES)[2], mode="eval").body
    if not isinstance(call, ast.Call):
        raise RigidDepthError(f"studies/{stem}.py does not end in STUDY = Study(...).")
    module = f"{__package__}.{stem}"
    given = {str(word.arg): word.value for word in call.keywords}
    try:
        computes = f"{module}:{ast.unparse(given.pop('function'))}"
        values = {name: ast.literal_eval(value) for name, value in given.items()}
        return Study(function=partial(_call, module), computes=computes, **values)
    except (KeyError, TypeError, ValueError) as error:
        raise RigidDepthError(f"studies/{stem}.py declares no study: {error}.") from None


def _call(module: str, seed: int, **settings: object) -> dict:
    return importlib.import_module(module).STUDY.function(seed, **settings)


STUDIES = declared_studies()
"""Name on the command line -> study, in the order of the thesis."""


def find_study(name: str) -> Study:
    """The study of that name, or a sentence that lists the names."""
    if name not in STUDIES:
        raise RigidDepthError(f"unknown study '{name}'; allowed: {', '.join(STUDIES)}.")
    return STUDIES[name]
