"""The source of the tests that the ledger names, for a book without a repository on the web."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

from rigid_depth.book.claims.ledger import Row
from rigid_depth.book.markdown import write_if_changed

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{color-scheme: light dark}} body {{margin: 1rem}} h1 {{font-size: 1.1rem}}
pre {{line-height: 1.4}} :target {{background: Mark; color: MarkText}}</style></head>
<body><h1>{name}</h1>
<pre>{source}</pre></body></html>
"""
FUNCTION = re.compile(r"^def (\w+)", re.M)


def linked(test: str) -> str:
    """A test's name, `tests/x.py::name`, that links from a generated page to its source."""
    name, _, function = test.partition("::")
    return f'<a href="../../_static/{name}.html#{function}"><code>{escape(test)}</code></a>'


def write_sources(rows: Iterable[Row], root: Path, static: Path) -> None:
    """Writes each file of tests that a row names as a page that needs no script and no style."""
    for name in sorted({test.partition("::")[0] for row in rows for test in row.test}):
        source = escape((root / name).read_text(encoding="utf-8"), quote=False)
        source = FUNCTION.sub(r'<span id="\1">\g<0></span>', source)
        write_if_changed(static / f"{name}.html", PAGE.format(name=name, source=source))
