"""Syntax trees: the names they bind, a copy to rewrite, their text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SCOPES = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_UNSAID = {"ctx", "kind", "type_comment", "type_params", "annotation", "returns"}


def bound(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds in its own scope, the first binding first; some repeat."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    if isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        if not isinstance(node, _COMPREHENSIONS) or not isinstance(child, ast.comprehension):
            yield from bound(child)


def within(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that lie in its own scope."""
    yield node
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from within(child)


def own_privates(node: ast.ClassDef) -> dict[str, str]:
    """Private attributes that a class defines, numbered in the order of their definitions."""
    names = [name for statement in node.body for name in bound(statement)]
    names += [
        found.attr
        for found in ast.walk(node)
        if isinstance(found, ast.Attribute)
        and isinstance(found.ctx, ast.Store)
        and of_itself(found)
    ]
    hidden = dict.fromkeys(n for n in names if n.startswith("_") and not n.endswith("__"))
    return {name: f"_{k}" for k, name in enumerate(hidden)}


def of_itself(node: ast.Attribute) -> bool:
    """Whether it is an attribute of the object itself: of `self`, `cls` or `super()`."""
    value = node.value
    if isinstance(value, ast.Call):
        value = value.func
    return isinstance(value, ast.Name) and value.id in ("self", "cls", "super")


def copied(node: object) -> object:
    """A syntax tree to rewrite, without the places of its nodes."""
    if isinstance(node, ast.AST):
        return type(node)(**{f: copied(v) for f, v in ast.iter_fields(node)})
    return [copied(one) for one in node] if isinstance(node, list) else node


def as_text(node: object) -> str:
    """A syntax tree as text, the same on every Python: fields that are empty do not show."""
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.AST):
        fields = [(f, v) for f, v in ast.iter_fields(node) if f not in _UNSAID]
        inner = ",".join(f"{f}={as_text(v)}" for f, v in fields if v is not None and v != [])
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return "[" + ";".join(map(as_text, node)) + "]"
    return str(node)
