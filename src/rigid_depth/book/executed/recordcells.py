"""Which cells of a notebook show published records, and which what they computed themselves.

Follows names through the cells: what is assigned from `published`, by `results` or `studies`, holds
records; so does what is computed from that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

SOURCE = "published"
"""The function that reads records, in `rigid_depth.book.runs.results` and `rigid_depth.studies`."""
FILLING = {"append", "extend", "update", "add"}
"""Methods that put something into what they are called on."""


def shows_records(cells: Iterable[str]) -> list[bool]:
    """Tells of each cell, in their order, whether it uses what comes from published records.

    A cell with a command of the notebook's own (%, !) is no Python and uses none.
    """
    names: set[str] = {SOURCE}
    found = []
    for cell in cells:
        try:
            statements = ast.parse(cell).body
        except SyntaxError:
            found.append(False)
            continue
        uses = [_follow(statement, names) for statement in statements]  # each binds names
        found.append(any(uses))
    return found


def _follow(statement: ast.stmt, names: set[str]) -> bool:
    """Adds or removes the names that the statement binds; tells whether it uses records."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return False
    uses = _uses(statement, names)
    if isinstance(statement, ast.FunctionDef):
        (names.add if uses else names.discard)(statement.name)
        return False
    bound = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and uses:
            filled = node.func.value
            if node.func.attr in FILLING and isinstance(filled, ast.Name):
                bound.add(filled.id)
    (names.update if uses else names.difference_update)(bound)
    return uses


def _uses(statement: ast.stmt, names: set[str]) -> bool:
    return any(
        (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names)
        or (isinstance(node, ast.Attribute) and node.attr == SOURCE)
        for node in ast.walk(statement)
    )
