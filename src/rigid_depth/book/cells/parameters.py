"""Checks what papermill gives a notebook against what the notebook's first cell declares.

papermill puts a cell of assignments after the declared ones and says nothing where a name or a
value is wrong. A running notebook sees both cells in IPython's history.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import refuse_seed
from rigid_depth.experiments.registry import find_experiment, find_scale
from rigid_depth.experiments.stores import DATASETS
from rigid_depth.studies.declaration import SIZES

INJECTED = "# Parameters"
"""The first line of the cell that papermill puts in."""


class ParameterError(RigidDepthError):
    """A parameter that a notebook refuses; IPython shows its one sentence and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def check_given() -> None:
    """Raises `ParameterError` for a name or a type that the first cell does not declare.

    There is nothing to check outside IPython and where no parameter was given.
    """
    cells = _executed()
    places = [n for n, cell in enumerate(cells) if cell.lstrip().startswith(INJECTED)]
    if not places:
        return
    declared = _assigned(cells[: places[-1]])
    for name, value in _assigned(cells[places[-1] : places[-1] + 1]).items():
        if name not in declared:
            raise ParameterError(_unknown("parameter", name, declared))
        if not _fits(value, declared[name]):
            kind = type(declared[name]).__name__
            raise ParameterError(f"parameter {name} is {value!r}; it must be of type {kind}.")


def refuse_values(
    *,
    seed: object,
    scale: str | None,
    experiment: str | None,
    dataset: str | None,
    size: str | None,
) -> None:
    """Raises `ParameterError` with what is allowed for a value that does not exist."""
    given = [(find_scale, scale), (find_experiment, experiment)]
    given = [(refuse_seed, seed), *((find, name) for find, name in given if name is not None)]
    for check, value in given:
        try:
            check(value)
        except RigidDepthError as error:
            raise ParameterError(str(error)) from None
    for kind, value, allowed in (("dataset", dataset, DATASETS), ("size", size, SIZES)):
        if value is not None and value not in allowed:
            raise ParameterError(_unknown(kind, value, allowed))


def _executed() -> list[str]:
    """The cells this kernel has executed; empty outside IPython."""
    try:
        from IPython import get_ipython
    except ImportError:
        return []
    shell = get_ipython()
    return list(shell.user_ns.get("_ih", [])) if shell else []


def _assigned(cells: Iterable[str]) -> dict[str, object]:
    """Name -> value of the plain assignments of literals; None where the value is no literal."""
    found: dict[str, object] = {}
    for cell in cells:
        for node in ast.parse(cell).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            found |= {t.id: _literal(node.value) for t in targets if isinstance(t, ast.Name)}
    return found


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _fits(value: object, declared: object) -> bool:
    """Whether a value is of the declared one's type; a whole number is a number, None is all."""
    if declared is None or value is None:
        return True
    if isinstance(declared, bool) or isinstance(value, bool):
        return type(value) is type(declared)
    if isinstance(declared, float):
        return isinstance(value, int | float)
    if isinstance(declared, tuple | list):
        return isinstance(value, tuple | list)
    return isinstance(value, type(declared))


def _unknown(kind: str, name: object, allowed: Iterable[str]) -> str:
    """One sentence: what was given, what it may have meant, what is allowed."""
    near = difflib.get_close_matches(str(name), list(allowed), 1, 0.5)
    meant = f"did you mean '{near[0]}'? " if near else ""
    return f"unknown {kind} '{name}'; {meant}allowed: {', '.join(allowed)}."
