"""A hash of the code behind a computation, whatever its parts are called and wherever they stand.

From where a computation starts, the search follows every name to the function, class or constant
of the package it stands for. Each definition found is brought to a normal form (`normalise`), in
which a reference stands for the hash of what it refers to. Moving a definition to another file or
renaming it therefore changes nothing, and neither does code that is never reached. The files are
read as text, nothing is imported.

What it cannot see: a name looked up by its text (`getattr`, `import_module`), and which class an
object is of. A class counts whole as soon as its name is reached.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock

from rigid_depth import PACKAGE
from rigid_depth.codehash.normalise import MARK, Lookup, Target, normal_text
from rigid_depth.codehash.syntax import bound, own_privates

ROUNDS = 8
"""How deep a reference is looked through: at round 0 it is blank, at each further one the hash of
its definition at the round before. Circles need no care. What lies deeper counts all the same: it
is itself among the definitions that are hashed."""

_PARSING = Lock()
"""Held while a file is parsed. Python 3.11 counts the depth of a tree for all threads together, so
that `ast.parse` can fail in one thread when another one parses too (python/cpython#106905)."""


class Code:
    """The definitions of the package in `folder`; those in `settled` count no further.

    `settled` holds references "package.module:name" (see `Code.names`), or modules.
    """

    def __init__(self, folder: Path = PACKAGE, settled: Collection[Target] = ()):
        self.folder, self.settled = folder, frozenset(settled)
        self.bindings, self.text = cache(self._bindings), cache(self._text)
        self.digest, self.silent = cache(self._digest), cache(self._silent)
        self._asked: set[Target] = set()

    # -- what is asked

    def hash(self, starts: Iterable[Target]) -> str:
        """SHA-1 over all that the definitions in `starts` reach, without `settled`."""
        found: set[Target] = set()
        waiting = list(starts)
        first = sorted({self.digest(target, ROUNDS) for target in waiting})
        while waiting:
            target = waiting.pop()
            if target not in found and not self._is_settled(target):
                found.add(target)
                waiting += self.references(target)
        every = sorted({self.digest(target, ROUNDS) for target in found})
        return hashlib.sha1("\n".join([*first, "", *every]).encode()).hexdigest()

    def names(self, reference: str) -> list[Target]:
        """What the names in a tuple stand for, itself named as "package.module:NAME"."""
        module, value = self._value(reference)
        return [self._meaning(module, node) for node in value.elts]

    def entry(self, reference: str, key: str) -> Target | None:
        """What a name in a dictionary stands for, by its key; None if there is no such key."""
        module, value = self._value(reference)
        for found, node in zip(value.keys, value.values, strict=True):
            if isinstance(found, ast.Constant) and found.value == key:
                return self._meaning(module, node)
        return None

    def definition(self, reference: str) -> Target:
        """The definition named "package.module:name"; raises ValueError if there is none."""
        module, _, name = reference.partition(":")
        target = self.attribute(Target("module", module), name)
        if target.kind != "definition":
            raise ValueError(f"{reference} is no definition of this package")
        return target

    def references(self, target: Target) -> list[Target]:
        """The definitions and modules of this package that a definition refers to."""
        places = self.text(target).split(MARK)[1::2]
        return [Target("definition", *place.split(":")) for place in dict.fromkeys(places)]

    def defaults(self, target: Target) -> dict[str, object]:
        """The defaults of a function's parameters, those that are written as plain values."""
        args = self.bindings(target.module)[target.name][0].args
        named = args.posonlyargs + args.args
        pairs = list(zip(named[len(named) - len(args.defaults) :], args.defaults, strict=True))
        pairs += zip(args.kwonlyargs, args.kw_defaults, strict=True)
        found = {}
        for arg, value in pairs:
            with suppress(ValueError):
                found[arg.arg] = ast.literal_eval(value) if value else None
        return found

    # -- names

    def attribute(self, base: Target, name: str) -> Target:
        """What `base.name` stands for, where base is a module or lies outside."""
        if base.outside:
            return Target("outside", "", f"{base.name}.{name}")
        if found := self._named(base.module, name):
            return found
        if self._file(f"{base.module}.{name}"):
            return Target("module", f"{base.module}.{name}")
        if name.startswith("__"):
            return Target("outside", "", name)  # __name__, __file__
        raise ValueError(f"module {base.module} has no name '{name}'")

    def _named(self, module: str, name: str) -> Target | None:
        """What a name of a module stands for, None if the module does not bind it."""
        statements = self.bindings(module).get(name)
        if not statements:
            return None
        if isinstance(statements[0], ast.Import | ast.ImportFrom):
            return self._imported(module, statements[0])[name]
        return Target("definition", module, name)

    def _imported(self, module: str, node: ast.stmt) -> dict[str, Target]:
        """Name here -> what it stands for, of an import that stands in `module`."""
        found = {}
        for alias in node.names:
            if isinstance(node, ast.Import):
                full = alias.name if alias.asname else alias.name.split(".")[0]
                found[alias.asname or full] = self._module(full)
            else:
                base = self._module(node.module)
                found[alias.asname or alias.name] = (
                    Target("module", f"{base.module}.{alias.name}")
                    if base.module == module  # from this package import its module
                    else self.attribute(base, alias.name)
                )
        return found

    def _module(self, name: str) -> Target:
        inside = name.split(".")[0] == self.folder.name
        return Target("module", name) if inside else Target("outside", "", name)

    # -- files

    def _file(self, module: str) -> Path | None:
        """The file of a module, or the `__init__` of a package."""
        path = self.folder.joinpath(*module.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        return path if path.is_file() else None

    def _bindings(self, module: str) -> dict[str, list[ast.stmt]]:
        """Name -> the statements of a module that define it or add to it."""
        path = self._file(module)
        if path is None:
            raise ValueError(f"there is no module {module} in {self.folder.name}")
        with _PARSING:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        found: dict[str, list[ast.stmt]] = {}
        for statement in tree.body:
            for name in bound(statement):
                found.setdefault(name, [])
                if statement not in found[name]:
                    found[name].append(statement)
            for node in ast.walk(statement) if not isinstance(statement, _DEFINES) else ():
                if isinstance(node, ast.Import | ast.ImportFrom):
                    for alias in node.names:
                        name = alias.asname or alias.name
                        name = name.split(".")[0] if isinstance(node, ast.Import) else name
                        found.setdefault(name, []).append(node)
            for name in _adds_to(statement):
                if name in found and statement not in found[name]:
                    found[name].append(statement)
        return found

    # -- definitions

    def _text(self, target: Target) -> str:
        """The normal form of a definition, its references between marks."""
        lookup = Lookup(
            name=lambda name: self._named(target.module, name),
            imported=lambda node: self._imported(target.module, node),
            attribute=self.attribute,
            silent=self.silent,
            privates=self.privates,
        )
        statements = self.bindings(target.module)[target.name]
        return "\n".join(normal_text(s, target.name, lookup) for s in statements)

    def _silent(self, target: Target) -> bool:
        """Whether a definition only shows something: a progress bar, a function that prints."""
        if target.kind != "definition" or target in self._asked:
            return False
        (node, *more) = self.bindings(target.module)[target.name]
        if isinstance(node, ast.ClassDef):
            return any("ProgressBar" in ast.unparse(base) for base in node.bases)
        if more or not isinstance(node, ast.FunctionDef):
            return False
        self._asked.add(target)
        try:
            return "body=" not in self.text(target)
        finally:
            self._asked.discard(target)

    def privates(self, target: Target) -> dict[str, str]:
        """How private attributes of a class and of those it derives from are called elsewhere."""
        node = self.bindings(target.module)[target.name][0]
        found: dict[str, str] = {}
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                above = self._meaning(target.module, base, strict=False)
                if above and above.kind == "definition":
                    found |= self.privates(above)
            found |= {name: f"{target.token}{k}" for name, k in own_privates(node).items()}
        return found

    def _digest(self, target: Target, depth: int) -> str:
        """The hash of a definition, its references looked through so many times."""
        if self._is_settled(target):
            return "settled"
        parts = self.text(target).split(MARK)
        for k in range(1, len(parts), 2):
            inner = Target("definition", *parts[k].split(":"))
            parts[k] = self.digest(inner, depth - 1) if depth else ""
        return hashlib.sha1(MARK.join(parts).encode()).hexdigest()

    def _is_settled(self, target: Target) -> bool:
        return target in self.settled or Target("module", target.module) in self.settled

    def _value(self, reference: str) -> tuple[str, ast.expr]:
        """Where a constant is defined, and the expression it is given."""
        target = self.definition(reference)
        return target.module, self.bindings(target.module)[target.name][0].value

    def _meaning(self, module: str, node: ast.expr, strict: bool = True) -> Target | None:
        """What a name or a chain of attributes in the text of a module stands for."""
        if isinstance(node, ast.Name):
            return self._named(module, node.id)
        if isinstance(node, ast.Attribute) and (base := self._meaning(module, node.value, strict)):
            return self.attribute(base, node.attr)
        if strict:
            raise ValueError(f"{ast.unparse(node)} in {module} is no name of a definition")
        return None


_DEFINES = (ast.FunctionDef, ast.ClassDef)


def _adds_to(statement: ast.stmt) -> list[str]:
    """Names whose objects a module's statement changes: `TABLE[0] = 1`, `op.register(f)`."""
    heads: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        heads = [t for t in statement.targets if isinstance(t, ast.Subscript | ast.Attribute)]
    elif isinstance(statement, ast.AugAssign):
        heads = [statement.target]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        heads = [statement.value.func]
    elif isinstance(statement, _DEFINES):
        heads = [d for d in statement.decorator_list if isinstance(d, ast.Attribute)]
    names = []
    for head in heads:
        while isinstance(head, ast.Subscript | ast.Attribute):
            head = head.value
        names += [head.id] if isinstance(head, ast.Name) else []
    return names
