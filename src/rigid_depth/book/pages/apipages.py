"""Pages of the package's public names, from the text of the sources: nothing is imported.

Of every function the signature with shapes and its docstring, of a class its public methods too.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from rigid_depth import PACKAGE
from rigid_depth.book.markdown import plain

SOURCE = PACKAGE.parent
WIDTH = 72
DOCUMENTED = (
    "rigid_depth.rotations",
    "rigid_depth.latents",
    "rigid_depth.losses",
    "rigid_depth.models",
    "rigid_depth.data",
    "rigid_depth.experiments",
    "rigid_depth.statistics",
    "rigid_depth.decisions",
    "street_world",
)
Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def api_pages() -> dict[str, str]:
    """The text of the list of packages and of one page for each, by file name."""
    pages, lines = {}, []
    for module in DOCUMENTED:
        name = module.removeprefix("rigid_depth.")
        pages[f"api/{name}.md"] = _page(module)
        said = ast.get_docstring(_tree(_file(module))) or ""
        lines.append(f"- [`{module}`](#api-{name}): {_prose(said.splitlines()[0])}")
    head = (
        "(api)=\n# The package\n\nPublic names, with shapes, units and what they raise. Sections "
        "that they name are the thesis's.\n"
    )
    return {"api.md": "\n".join([head, *lines, ""]), **pages}


def _page(module: str) -> str:
    tree = _tree(_file(module))
    parts = [f"(api-{module.removeprefix('rigid_depth.')})=\n# `{module}`\n"]
    parts.append(_docstring(ast.get_docstring(tree) or ""))
    for name in _public(tree):
        path, node = _definition(module, name)
        parts.append(f"## `{name}`\n\n```python\n{_signature(node, name)}\n```\n")
        parts.append(_docstring(_said(path, node)))
        if isinstance(node, ast.ClassDef):
            parts.append(_methods(node))
        place = path.relative_to(SOURCE.parent).as_posix()
        parts.append(f"*`{place}`, line {node.lineno}*\n")
    return "\n".join(part for part in parts if part)


def _public(tree: ast.Module) -> list[str]:
    """The names in `__all__`; without one, the functions and classes without an underscore."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n.name for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]


def _definition(module: str, name: str) -> tuple[Path, Definition]:
    """Where a name is defined, looked for through the imports of the modules."""
    path = _file(module)
    tree = _tree(path)
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if getattr(node, "name", None) == name or any(getattr(t, "id", 0) == name for t in targets):
            return path, node
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _definition(node.module, alias.name)
    raise ValueError(f"{module} has no name '{name}'")


def _signature(node: Definition, name: str) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        return f"class {name}({bases})" if bases else f"class {name}"
    if not isinstance(node, ast.FunctionDef):
        text = ast.unparse(node)
        return text if len(text) <= 3 * WIDTH else f"{text[: 3 * WIDTH]} ..."
    whole = ast.unparse(node.args)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    line = f"def {name}({whole}){returns}"
    if len(line) <= WIDTH:
        return line
    args = "".join(f"    {part},\n" for part in _apart(whole))
    return f"def {name}(\n{args}){returns}"


def _apart(arguments: str) -> list[str]:
    """Arguments one by one: cut at the commas outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in arguments:
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        depth += (letter in "([{") - (letter in ")]}") if not quote else 0
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _methods(node: ast.ClassDef) -> str:
    lines = []
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
            said = (ast.get_docstring(inner) or "").split("\n\n")[0].replace("\n", " ")
            lines.append(f"- `{inner.name}`: {_prose(said)}" if said else f"- `{inner.name}`")
    return "\n".join([*lines, ""]) if lines else ""


def _said(path: Path, node: Definition) -> str:
    """A docstring; of a constant the text that follows it."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return ast.get_docstring(node) or ""
    body = _tree(path).body
    after = body[body.index(node) + 1 :][:1]
    if after and isinstance(after[0], ast.Expr) and isinstance(after[0].value, ast.Constant):
        return str(after[0].value.value)
    return ""


def _docstring(text: str) -> str:
    """A docstring as MyST; what is indented stays as it is."""
    parts = []
    for block in text.split("\n\n"):
        if all(line.startswith("    ") for line in block.split("\n")):
            parts.append(f"```text\n{block}\n```")
        else:
            parts.append(_prose(block))
    return "\n\n".join(parts) + "\n" if text else ""


def _prose(text: str) -> str:
    """Text whose code stays code and in which nothing else is markup."""
    pieces = re.split(r"(`+[^`]+`+)", text.strip())
    return "".join(p if p.startswith("`") else plain(p) for p in pieces)


def _file(module: str) -> Path:
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
