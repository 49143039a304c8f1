"""The code of one definition in a form that only what it computes can change.

Gone are comments, docstrings, annotations, what errors and warnings say, progress bars and
printing. Local variables and private attributes are numbered; a name of this package becomes a
`MARK`ed reference to its definition, a name of another package its full dotted name. Parameters
and public attributes keep their names, since callers use them.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable
from typing import NamedTuple

from rigid_depth.codehash.syntax import as_text, bound, copied, of_itself, own_privates, within

MARK, LOCAL = "\0", "\1"
SHOWING = ("builtins.print", "tqdm.", "warnings.", "logging.", "typer.echo")
"""How the names of calls begin that show something and compute nothing."""


class Target(NamedTuple):
    """What a name stands for: a `definition` or `module` of this package, or `outside` of it."""

    kind: str
    module: str  # empty outside
    name: str = ""  # outside: the full dotted name

    @property
    def token(self) -> str:
        """How it stands in normalised code."""
        return f"{MARK}{self.module}:{self.name}{MARK}" if not self.outside else self.name

    @property
    def outside(self) -> bool:
        """Whether it belongs to another package."""
        return self.kind == "outside"


class Lookup(NamedTuple):
    """What the normaliser asks of the package about names of the module it reads."""

    name: Callable[[str], Target | None]
    imported: Callable[[ast.stmt], dict[str, Target]]
    attribute: Callable[[Target, str], Target]
    silent: Callable[[Target], bool]
    privates: Callable[[Target], dict[str, str]]


def normal_text(statement: ast.stmt, own: str, lookup: Lookup) -> str:
    """The normal form of a module's statement that defines the name `own`, as one line of text."""
    found = _Normaliser(own, lookup).visit(copied(statement))
    text = "".join(
        as_text(node) for node in (found if isinstance(found, list) else [found]) if node
    )
    order: dict[str, str] = {}  # locals are counted as they appear in what is left
    return re.sub(f"{LOCAL}[0-9]+", lambda m: order.setdefault(m[0], f"${len(order) + 1}"), text)


class _Normaliser(ast.NodeTransformer):
    """Rewrites the tree of one definition; see the module's text."""

    def __init__(self, own: str, lookup: Lookup):
        self.own, self.lookup = own, lookup
        self.scopes: list[tuple[bool, dict[str, str | Target]]] = []  # is it a class's, its names
        self.privates: list[dict[str, str]] = [{}]
        self.locals = 0

    # -- names

    def find(self, name: str) -> str | Target:
        """What a name stands for here: a local's number, a parameter, a definition."""
        for depth, (of_class, names) in enumerate(reversed(self.scopes)):
            if name in names and (depth == 0 or not of_class):
                return names[name]
        if name == self.own:
            return "$0"
        if found := self.lookup.name(name):
            return found
        return Target("outside", "", f"builtins.{name}") if hasattr(builtins, name) else name

    def target(self, node: ast.AST) -> Target | None:
        """What a name or a chain of attributes stands for, None for a value made here."""
        if isinstance(node, ast.Name):
            found = self.find(node.id)
            return found if isinstance(found, Target) else None
        if isinstance(node, ast.Attribute) and (base := self.target(node.value)):
            return None if base.kind == "definition" else self.lookup.attribute(base, node.attr)
        return None

    def token(self, name: str) -> str:
        found = self.find(name)
        return found.token if isinstance(found, Target) else found

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.token(node.id))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if found := self.target(node):
            return ast.Name(found.token)
        attr = self.privates[-1].get(node.attr, node.attr) if of_itself(node) else node.attr
        return ast.Attribute(self.visit(node.value), attr)

    # -- scopes

    def numbered(self, body: list[ast.stmt]) -> dict[str, str | Target]:
        """The names a function binds: numbers, or what they stand for where they are imported."""
        nodes = [node for statement in body for node in within(statement)]
        given_up = {
            n for node in nodes if isinstance(node, ast.Global | ast.Nonlocal) for n in node.names
        }
        scope: dict[str, str | Target] = {}
        for name in (name for statement in body for name in bound(statement)):
            if name not in scope and name not in given_up:
                self.locals += 1
                scope[name] = f"{LOCAL}{self.locals}"
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                scope |= self.lookup.imported(node)
            if isinstance(node, ast.withitem) and node.optional_vars and self.is_bar(node):
                scope[node.optional_vars.id] = Target("outside", "", "tqdm.bar")
        return scope

    def inside(self, names: dict[str, str | Target], nodes: list, of_class: bool = False) -> list:
        """The nodes rewritten in a scope of their own."""
        self.scopes.append((of_class, names))
        found = self.body(nodes)
        self.scopes.pop()
        return found

    def body(self, nodes: list) -> list:
        """The nodes rewritten, without those that fall away."""
        found = [self.visit(node) for node in nodes]
        flat = [n for f in found for n in (f if isinstance(f, list) else [f])]
        return [node for node in flat if node is not None]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if self.scopes and self.scopes[-1][0]:
            node.name = self.privates[-1].get(node.name, node.name)
        else:
            node.name = self.token(node.name)
        node.decorator_list = self.body(node.decorator_list)
        parameters = self.parameters(node.args)
        node.body = self.inside(parameters | self.numbered(node.body) | parameters, node.body)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        (node.body,) = self.inside(self.parameters(node.args), [node.body])
        return node

    def parameters(self, args: ast.arguments) -> dict[str, str | Target]:
        """The names of parameters, which stay; rewrites their defaults."""
        args.defaults = self.body(args.defaults)
        args.kw_defaults = [d and self.visit(d) for d in args.kw_defaults]
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        return {a.arg: a.arg for a in every if a}

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        known = {}
        for base in node.bases:
            if (found := self.target(base)) and found.kind == "definition":
                known |= self.lookup.privates(found)
        self.privates.append(known | own_privates(node))
        node.name = self.token(node.name)
        node.bases, node.keywords = self.body(node.bases), self.body(node.keywords)
        node.decorator_list = self.body(node.decorator_list)
        names = {n: self.privates[-1].get(n, n) for s in node.body for n in bound(s)}
        node.body = self.inside(names, node.body, of_class=True)
        self.privates.pop()
        return node

    def comprehension(self, node) -> ast.AST:
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        outer, first.iter = first.iter, ast.Constant(None)
        names: dict[str, str | Target] = {}
        for name in (n for generator in node.generators for n in bound(generator.target)):
            self.locals += 1
            names.setdefault(name, f"{LOCAL}{self.locals}")
        self.scopes.append((False, names))
        self.generic_visit(node)
        self.scopes.pop()
        first.iter = outer
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    # -- what does not compute

    def shows(self, function: ast.AST) -> bool:
        """Whether a call of it only shows something to who watches."""
        found = self.target(function)
        if found is None or not found.outside:
            return found is not None and self.lookup.silent(found)
        return found.name.startswith(SHOWING)

    def is_bar(self, item: ast.withitem) -> bool:
        """Whether a `with` opens a progress bar."""
        return isinstance(item.context_expr, ast.Call) and self.shows(item.context_expr.func)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not self.shows(node.func):
            return self.generic_visit(node)
        found = self.target(node.func)
        counted = [*node.args, *(k.value for k in node.keywords if k.arg == "iterable")]
        if counted and found.outside and found.name.startswith("tqdm."):
            return self.visit(counted[0])
        return ast.Constant(None)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant):
            return None
        if isinstance(node.value, ast.Call) and self.shows(node.value.func):
            return None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Raise(kind and self.visit(kind))

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.Assert(self.visit(node.test))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        target = self.visit(node.target)
        if node.value is None:  # a field of a class
            return ast.Expr(target) if self.scopes and self.scopes[-1][0] else None
        return ast.Assign([target], self.visit(node.value))

    def nothing(self, node: ast.AST) -> None:
        """Falls away: what an import or a declaration says lies in the scope."""

    visit_Import = visit_ImportFrom = visit_Global = visit_Nonlocal = visit_Pass = nothing

    def visit_If(self, node: ast.If) -> ast.AST | None:
        self.generic_visit(node)
        if node.body or node.orelse:
            return node
        calls = any(isinstance(n, ast.Call | ast.NamedExpr) for n in ast.walk(node.test))
        return ast.Expr(node.test) if calls else None

    def visit_For(self, node: ast.For) -> ast.AST | None:
        self.generic_visit(node)
        plain = isinstance(node.iter, ast.Tuple | ast.List)  # a generator would be used up
        return None if plain and not node.body and not node.orelse else node

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.AST]:
        node.items = [item for item in node.items if not self.is_bar(item)]
        self.generic_visit(node)
        return node if node.items else node.body

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = node.name and self.token(node.name)
        return self.generic_visit(node)
