"""Which executed copy of a notebook the book shows: the stored one, or a newer one of this machine.

Beside every text notebook (`.md`) lies its stored twin (`.ipynb`), committed. An executed copy
carries a stamp of what it rests on: the text, the package's code that its cells import, and the
published records that they read. A build executes what no copy is up to date with, below
`_build/executed`, and leaves the stored twins alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import jupytext

from rigid_depth.codehash.files import code_files, code_hash
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.experiments.registry import parts_of_group
from rigid_depth.experiments.sources import blob
from rigid_depth.experiments.standing import FILE as CONFIRMED

EXECUTED = Path("_build") / "executed"
RESULTS, STUDIES = ".book.runs", ".studies"
"""What the modules are called that read the records of runs and of studies."""
LIBRARIES = ("torch", "lightning", "numpy", "scipy", "roma")
"""Libraries that notebooks compute with, whose versions a copy tells beside its stamp."""


def texts(root: Path) -> list[Path]:
    """The text notebooks of the book at `root`, sorted."""
    return sorted((root / "notebooks").glob("*.md"))


def stamp(text: Path) -> dict[str, str]:
    """What an execution of the text notebook rests on now: hashes of text, code and records."""
    modules = tuple(sorted(set(_modules(cells(text)))))
    read = [_content(folder) for folder in _records(text, modules)]
    return {
        "source_blob": blob(text),
        "code": _code(modules),
        "records": hashlib.sha1("".join(read).encode()).hexdigest() if read else "",
    }


def is_current(copy: Path, wanted: dict[str, str]) -> bool:
    """Tells whether an executed notebook exists and carries the wanted stamp."""
    if not copy.is_file():
        return False
    metadata = json.loads(copy.read_text(encoding="utf-8"))["metadata"]
    made = metadata.get("rigid_depth", {})
    return all(made.get(key) == value for key, value in wanted.items())


def executed(text: Path) -> Path:
    """Where this machine's executed copy of a text notebook lies."""
    return text.resolve().parents[1] / EXECUTED / f"{text.stem}.ipynb"


def shown(text: Path) -> Path:
    """The copy that the book shows: this machine's where it is up to date, else the stored twin."""
    copy = executed(text)
    return copy if copy.is_file() and is_current(copy, stamp(text)) else text.with_suffix(".ipynb")


def cells(text: Path) -> tuple[str, ...]:
    """The code cells of a text notebook; of one content they are read once."""
    return _cells_of(text, blob(text))


@cache
def _cells_of(text: Path, source_blob: str) -> tuple[str, ...]:
    """The same of a text with that content; a build asks for each several times."""
    return tuple(c.source for c in jupytext.read(text).cells if c.cell_type == "code")


@cache
def _code(modules: tuple[str, ...]) -> str:
    """Hash of the package's code behind these modules, as when first asked."""
    return code_hash(code_files(*modules))


def names(text: Path, word: str) -> bool:
    """Tells whether a code cell of the text notebook has that word as a string."""
    return any(
        isinstance(node, ast.Constant) and node.value == word
        for tree in _parsed(cells(text))
        for node in ast.walk(tree)
    )


def _records(text: Path, modules: Sequence[str]) -> Iterator[Path]:
    """The records that the cells read: all studies, and of the runs those of the scale that the
    book shows, on any data, and of each group that a cell names; with runs the thesis's tables."""
    root = text.resolve().parents[1]
    if any(RESULTS in module for module in modules):
        yield root / "book" / "thesis_tables.json"
        for folder in sorted((root / "book" / "results").glob("*")):
            group = folder.name
            if parts_of_group(group)[0] == PUBLISHED_SCALE or names(text, group):
                yield folder
    if any(STUDIES in module for module in modules):
        yield root / "book" / "studies"


@cache
def _parsed(sources: tuple[str, ...]) -> tuple[ast.Module, ...]:
    """The syntax of each cell; one with the notebook's own commands (%, !) is left out."""
    found = []
    for cell in sources:
        with suppress(SyntaxError):
            found.append(ast.parse(cell))
    return tuple(found)


def _modules(sources: tuple[str, ...]) -> Iterator[str]:
    """Names of the package's modules, or of what is taken from them, that the cells import."""
    for tree in _parsed(sources):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rigid_depth"):
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (a.name for a in node.names if a.name.startswith("rigid_depth"))


@cache
def _content(folder: Path) -> str:
    """Hash of names and contents of all records below a folder, or of a file, as when first asked.

    Notes of confirmation are left out: they change no number.
    """
    if folder.is_file():
        return blob(folder)
    found = sorted(path for path in folder.rglob("*.json") if path.name != CONFIRMED)
    return hashlib.sha1(
        "".join(f"{p.relative_to(folder)} {blob(p)}\n" for p in found).encode()
    ).hexdigest()
