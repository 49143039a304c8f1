"""Small pieces of MyST text: tables, numbers, plain text, files that change only when they must."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path


def plain(text: object) -> str:
    """Escapes what Markdown or MyST would read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~^])", r"\\\1", str(text))


def slug(name: str) -> str:
    """A run's name as part of a label and a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name)


def number(value: object, digits: int = 3) -> str:
    """Writes a number for a table; an en dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return plain(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}f}" if abs(value) < 1e5 else f"{value:.3g}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, align: str = "right") -> str:
    """A table of MyST cells; all columns but the first stand right (numbers) or left (words)."""
    dashes = {"right": "---:", "left": ":---"}[align]
    lines = [head, [":---", *[dashes] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def sortable(head: Sequence[str], rows: Iterable[Sequence[str]], *, align: str = "right") -> str:
    """A table of MyST cells without a number that its reader can sort by any column."""
    return f"```{{table}}\n:class: rd-sortable\n\n{table(head, rows, align=align)}```\n"


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> str:
    """A table as HTML: Sphinx passes it on whole, where it takes a MyST table apart by cells.

    For long tables without links. Cells are plain text; a row of one cell is a heading. All columns
    but the first stand right (numbers) or, with `words`, left.
    """
    side = "text-left" if words else "text-right"

    def line(row: Sequence[str], tag: str) -> str:
        first, *others = (escape(cell) for cell in row)
        if not others:
            return f'<tr><th colspan="{len(head)}" class="head text-left">{first}</th></tr>'
        cells = "".join(f'<{tag} class="{side}">{cell}</{tag}>' for cell in others)
        return f'<tr><{tag} class="text-left">{first}</{tag}>{cells}</tr>'

    body = "\n".join(line(row, "td") for row in rows)
    return (
        '```{raw} html\n<div class="pst-scrollable-table-container"><table class="table">\n'
        f"<thead>{line(head, 'th')}</thead>\n<tbody>\n{body}\n</tbody></table></div>\n```\n"
    )


def flat(values: dict, prefix: str = "") -> dict[str, str]:
    """Name -> value of nested settings, as text; an en dash where there is none."""
    found = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            found[f"{prefix}{key}"] = ", ".join(map(str, value))
        else:
            found[f"{prefix}{key}"] = "–" if value in (None, "") else str(value)
    return found


def write_if_changed(path: Path, text: str) -> None:
    """Writes a text file only where its content differs, so that builds skip what is unchanged."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
