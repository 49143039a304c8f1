"""Which source files a computation rests on, and a hash of their code alone."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from rigid_depth import PACKAGE

NAME = PACKAGE.name


def code_files(*modules: str) -> list[Path]:
    """The files of this package that the named modules import, directly or not, sorted.

    A name taken from a package (`from rigid_depth.losses import masked_mse`) leads to the module
    that defines it, not to everything its `__init__` gathers: a new loss beside it changes nothing.
    Names without a file are left out.
    """
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in found or not _file(module).exists():
            continue
        found.add(module)
        waiting += [m for _, m in _imports(module)]
    return sorted(_file(module) for module in found)


def code_hash(files: Collection[Path]) -> str:
    """SHA-1 over names and code of files of this package, blind to comments and docstrings."""
    lines = [f"{p.relative_to(PACKAGE).as_posix()}\n{bare_code(p.read_text())}\n" for p in files]
    return hashlib.sha1("".join(lines).encode()).hexdigest()


def definitions(package: str) -> dict[str, str]:
    """Name -> the module that defines it, for all that a package's `__init__` gathers."""
    return dict(_imports(package))


@cache
def bare_code(text: str) -> str:
    """Source text without comments, docstrings and empty lines."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    said = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for number in range(node.lineno, node.end_lineno + 1)
    }
    kept = [line.rstrip() for n, line in enumerate(lines, 1) if n not in said and line.strip()]
    return "\n".join(kept)


def _file(module: str) -> Path:
    """The file of a module or the `__init__` of a package; it need not exist."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _imports(module: str) -> Iterator[tuple[str, str]]:
    """(name here, module of this package that defines it) for every import in a module's text."""
    for origin, name, alias in _import_lines(_file(module).read_text()):
        if origin is None:
            yield alias, name
        elif origin.startswith("."):
            raise ValueError(f"{module} uses a relative import; name the module in full")
        else:
            yield alias, _definition(origin, name)


@cache
def _import_lines(text: str) -> list[tuple[str | None, str, str]]:
    """(module or None, name, name here) of a text's imports from this package, or with dots.

    Kept, because the graph asks for the files behind every notebook, and parsing takes its time.
    """
    lines = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            lines += [(None, alias.name, alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            lines += [(origin, alias.name, alias.asname or alias.name) for alias in node.names]
    return [line for line in lines if (line[0] or line[1]).split(".")[0] in (NAME, "")]


def _definition(module: str, name: str) -> str:
    """The module that defines `name` when it is imported from `module`."""
    inner = f"{module}.{name}"
    if _file(inner).exists():
        return inner
    if _file(module).name == "__init__.py":
        return definitions(module).get(name, module)
    return module
