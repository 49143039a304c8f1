"""What every page of the book gets beside its text: where its numbers come from and lead to.

Badges below the title, links from a cell to the rows of the ledger that it settles, the pages
before and after, and where to report an erratum.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from rigid_depth.book.claims.ledger import Row, load
from rigid_depth.book.pages import ledgerpages
from rigid_depth.book.pages.shownrecords import published_runs, tables_shown
from rigid_depth.book.publishing import launching
from rigid_depth.book.publishing.address import report_url, repository_url
from rigid_depth.book.runs import provenance

DETAILS = ("book/generated/runs/", "book/generated/studies/", "book/generated/api/")
"""Pages of single experiments, studies and modules: reached from their list, left out of Next."""
UNSETTLED = ("undecided at this scale", "not checkable", "open")
"""Verdicts of rows that a cell belongs to and does not settle."""


def repository(app: Sphinx) -> str:
    """The web address of the book's repository, empty if it has none."""
    theme = app.config.html_theme_options or {}
    return repository_url(Path(app.srcdir), theme.get("repository_url", ""))


@cache
def settled(root: Path) -> dict[str, dict[str, list[Row]]]:
    """Page -> label of a cell -> the rows of the ledger that it settles."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in load(root / "book" / "ledger.yaml", published_runs(root).runs):
        for cell in row.cell:
            text, _, label = cell.partition("::")
            page = found.setdefault(text.removesuffix(".md"), {})
            page.setdefault(label, []).append(row)
    return found


def add_backlinks(app: Sphinx, doctree: nodes.document) -> None:
    """Says below the head of a section, or below a figure, which rows of the ledger it settles."""
    root, page = Path(app.srcdir), app.env.docname
    if not (root / "book" / "ledger.yaml").is_file():
        return
    for label, rows in settled(root).get(page, {}).items():
        wanted = nodes.make_id(label)
        at = next((n for n in doctree.findall(nodes.Element) if wanted in n.get("ids", ())), None)
        if at is None:
            continue
        said = note(rows, page)
        if isinstance(at, nodes.section):
            at.insert(1, said)
        elif not isinstance(at, nodes.document):
            at.parent.insert(at.parent.index(at) + 1, said)


def note(rows: list[Row], page: str) -> nodes.paragraph:
    """What a cell of the page settles, each row with its verdict, and what else it belongs to."""
    open_rows = [row for row in rows if row.verdict in UNSETTLED]
    settled_rows = [row for row in rows if row not in open_rows]
    said = nodes.paragraph("", "", classes=["rd-settles"])
    for words, mine in (("This settles ", settled_rows), ("This belongs to ", open_rows)):
        if mine:
            said += [nodes.Text(f" {words}" if len(said) else words), *_links(mine, page)]
    return said


def _links(rows: list[Row], page: str) -> list[nodes.Node]:
    """The rows, each linked to the ledger and with its verdict, as a sentence's end."""
    found = []
    for place, row in enumerate(rows):
        words = nodes.inline("", ledgerpages.item(row))
        link = addnodes.pending_xref(
            "",
            words,
            refdomain="std",
            reftype="ref",
            reftarget=ledgerpages.label(row),
            refexplicit=True,
            refwarn=True,
            refdoc=page,
        )
        found += [nodes.Text("; " if place else ""), link, nodes.Text(f": {row.verdict}")]
    return [*found, nodes.Text(".")]


def changed_backlinks(app: Sphinx, env, _added, _changed, _removed) -> list[str]:
    """The pages to read anew because the ledger says something else about their cells."""
    root = Path(app.srcdir)
    if not (root / "book" / "ledger.yaml").is_file():
        return []
    now = {
        page: [(label, row.id, row.verdict) for label, rows in cells.items() for row in rows]
        for page, cells in settled(root).items()
    }
    before, env.rigid_depth_settled = getattr(env, "rigid_depth_settled", now), now
    return [page for page in env.all_docs if before.get(page) != now.get(page)]


def head(app: Sphinx, page: str, notebook: Path) -> str:
    """HTML below the title of a chapter: at which scale its cells ran, what its tables show."""
    metadata = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]
    root = Path(app.srcdir)
    made = provenance.notebook_badge(
        metadata.get("rigid_depth", {}), root / f"{page}.md", tables_shown(page, root)
    )
    return f'<p class="rd-head">{made} {launching.links(page)}</p>'


def report(app: Sphinx, page: str, title: str) -> str:
    """HTML at the end of a page: how to report an erratum."""
    address = repository(app)
    if not address:
        said = f"Report it to whoever gave you this book, and name the page, {page}."
    else:
        url = escape(report_url(address, page, title), quote=True)
        said = f'<a href="{url}">Report an erratum</a>.'
    return f'<p class="rd-report">Something wrong on this page? {said}</p>'


def neighbours(app: Sphinx, page: str) -> dict[str, dict | None]:
    """The pages before and after, without those of single experiments, studies and modules."""
    relations = getattr(app.builder, "relations", {})
    if page not in relations:
        return {}
    parent, before, after = relations[page]
    if page.startswith(DETAILS):
        return {"prev": _link(app, page, parent), "next": None}
    while before and before.startswith(DETAILS):
        before = relations[before][1]
    while after and after.startswith(DETAILS):
        after = relations[after][2]
    return {"prev": _link(app, page, before), "next": _link(app, page, after)}


def _link(app: Sphinx, page: str, to: str | None) -> dict | None:
    if not to:
        return None
    title = app.builder.render_partial(app.env.titles[to])["title"]
    return {"link": app.builder.get_relative_uri(page, to), "title": title}
