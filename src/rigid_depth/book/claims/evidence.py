"""The cells, tests and runs that the ledger may name: whether they are there, and where."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path


def has_run(root: Path, run: str) -> bool:
    """A run is a folder with a record, a folder of such folders (all seeds), or a study's."""
    folder = root / run
    seeds = (*folder.glob("seed-*/record.json"), *folder.glob("seed-*.json"))
    return (folder / "record.json").is_file() or bool(seeds)


def has_cell(root: Path, cell: str) -> bool:
    """A label is a target `(label)=` with a code cell in its section, or a code cell's `name:`."""
    name, _, label = cell.partition("::")
    path = root / name
    if not path.is_file() or not label:
        return False
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"^```\{code-cell\}.*?^```\s*?$", text, flags=re.M | re.S):
        if re.search(rf"^\s*:?name:\s*{re.escape(label)}\s*$", block, flags=re.M):
            return True
    target = re.search(rf"^\({re.escape(label)}\)=\s*\n(?:#+ .*\n)?", text, flags=re.M)
    if not target:
        return False
    rest = re.split(r"^#+ ", text[target.end() :], maxsplit=1, flags=re.M)[0]
    return "```{code-cell}" in rest


def has_test(root: Path, test: str) -> bool:
    """Whether a test file has a function, `tests/x.py::name`."""
    name, _, function = test.partition("::")
    path = root / name
    return path.is_file() and function in _functions(path)


@cache
def _functions(path: Path) -> dict[str, int]:
    """Name and line of every function of a test file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node.lineno for node in tree.body if isinstance(node, ast.FunctionDef)}


def line_of_test(root: Path, test: str) -> int:
    """The line at which a test begins, `tests/x.py::name`."""
    name, _, function = test.partition("::")
    return _functions(root / name)[function]
