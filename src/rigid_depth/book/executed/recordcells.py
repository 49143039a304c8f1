"""Which cells of a notebook show published records, and which what they computed themselves.

Follows names through the cells: what is assigned from `published`, by `results` or `studies`, holds
records; so does what is computed from that. Names that a function or a comprehension binds for
itself are not those of the notebook.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

SOURCE = "published"
"""The function that reads records, in `rigid_depth.book.runs.results` and `rigid_depth.studies`."""
FILLING = {"append", "extend", "update", "add"}
"""Methods that put something into what they are called on."""
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.Lambda)


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
        found.append(_follow_all(statements, names))
    return found


def _follow_all(statements: list[ast.stmt], names: set[str]) -> bool:
    """Follows statements in their order; tells whether one of them uses records."""
    uses = [_follow(statement, names) for statement in statements]  # each binds names
    return any(uses)


def _follow(statement: ast.stmt, names: set[str]) -> bool:
    """Adds or removes the names that the statement binds; tells whether it uses records."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return False
    if isinstance(statement, ast.FunctionDef):
        (names.add if _uses(statement, names) else names.discard)(statement.name)
        return False
    if hasattr(statement, "body"):
        return _follow_block(statement, names)
    uses = _uses(statement, names)
    bound = _bound(statement)
    if isinstance(statement, ast.AugAssign):
        uses = uses or not bound.isdisjoint(names)
    if uses:
        bound |= set(_filled(statement))
    (names.update if uses else names.difference_update)(bound)
    return uses


def _follow_block(block: ast.stmt, names: set[str]) -> bool:
    """Follows what a block begins with, then each of its parts, which may be run or not."""
    parts = [getattr(block, part, []) for part in ("body", "orelse", "finalbody")]
    parts += [handler.body for handler in getattr(block, "handlers", [])]
    inside = {id(node) for part in parts for node in part}
    head = [node for node in ast.iter_child_nodes(block) if id(node) not in inside]
    uses = any(_uses(node, names) for node in head)
    bound = {name for node in head for name in _bound(node)}
    (names.update if uses else names.difference_update)(bound)
    found = [uses]
    for part in parts:
        after = set(names)
        found.append(_follow_all(part, after))
        names |= after
    return any(found)


def _uses(node: ast.AST, names: set[str]) -> bool:
    return not names.isdisjoint(_read(node, frozenset()))


def _read(node: ast.AST, own: frozenset[str]) -> Iterator[str]:
    """The names that are read and not the node's own, and `SOURCE` where it is an attribute."""
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in own:
            yield node.id
        return
    if isinstance(node, ast.Attribute) and node.attr == SOURCE:
        yield SOURCE
    if isinstance(node, FUNCTIONS):
        arguments = {argument.arg for argument in ast.walk(node.args) if hasattr(argument, "arg")}
        own |= arguments | set(_stored(node))
    elif isinstance(node, COMPREHENSIONS):
        own |= {name for part in node.generators for name in _stored(part.target)}
    for child in ast.iter_child_nodes(node):
        yield from _read(child, own)


def _bound(node: ast.AST) -> set[str]:
    """The notebook's names that a statement, or what a block begins with, gives a value."""
    if isinstance(node, (*FUNCTIONS, *COMPREHENSIONS)):
        return set()
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return {name for child in ast.iter_child_nodes(node) for name in _bound(child)}


def _stored(node: ast.AST) -> Iterator[str]:
    """Every name that is assigned somewhere within."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _filled(statement: ast.stmt) -> Iterator[str]:
    """The names of what gets something put into it: by a method, or at a place or attribute."""
    for node in ast.walk(statement):
        place = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            place = node.func.value if node.func.attr in FILLING else None
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            place = node.value
        if name := _owner(place):
            yield name


def _owner(place: ast.AST | None) -> str:
    """The name whose value, or a part of it, stands at a place; empty where it has none."""
    while isinstance(place, ast.Attribute | ast.Subscript | ast.Call):
        place = place.func if isinstance(place, ast.Call) else place.value
    return place.id if isinstance(place, ast.Name) else ""
