"""Sphinx extension of the book: generated pages, plotly figures, badges, styles, all local.

Before anything is read it writes the pages made from ledger and records, so that whoever builds the
book has them; and where a stored notebook is outdated and this machine executed it anew, it reads
that copy (`rigid_depth.book.executed.copies`).

Notebooks keep a plotly figure as data. This renders it as a `div`, which `figures.js` fills by the
part of plotly that the page needs (`rigid_depth.book.site.webpage`). The role
`` {run}`core/rgb/seed-0` `` shows the badge of a published run, `` {finding}`id` `` the verdict
of a finding, `` {outcome}`7.4 against rgb-infinity` `` what some rows do to RGB; the directive
`plotly-figure` draws a figure stored as a JSON file.
"""

from __future__ import annotations

import gc
import json
import shutil
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.roles import XRefRole
from sphinx.util.docutils import SphinxDirective, SphinxRole

from rigid_depth.book.claims.findings import find_finding, judgement
from rigid_depth.book.claims.findings.finding import CLAIM, IDEA, OPEN
from rigid_depth.book.claims.ledger import load
from rigid_depth.book.claims.outcomes import VISIBLE, outcome, read_question
from rigid_depth.book.executed import copies
from rigid_depth.book.executed.figuredata import PLOTLY as PLOTLY_MIME
from rigid_depth.book.pages import findingspage, itemrecords, shownrecords, testsources
from rigid_depth.book.pages.write import write_pages
from rigid_depth.book.runs import provenance
from rigid_depth.book.site import numbering, pageparts, sharing, webpage
from rigid_depth.book.site.alternatives import describe
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import FILE
from rigid_depth.experiments.standing import FILE as CONFIRMED

NEW_OBJECTS = 100_000
"""How many more objects let Python look for unused cycles; a build makes millions that stay, and at
Python's own 700 it spends a tenth of its time looking."""
STYLE = "rigid-depth.css"
SCRIPTS = {
    "ledger-controls": "ledger.js",
    "rd-sortable": "sortable.js",
}
"""What a page may have, and the script that it then loads."""


class PlotlyMime:
    """Renders plotly's MIME type for myst-nb, which does not know it."""

    mime_priority_overrides = tuple((builder, PLOTLY_MIME, 1) for builder in ("html", "singlehtml"))

    @staticmethod
    def handle_mime(renderer, data, inline: bool):
        """Returns the figure's nodes, or `None` for other MIME types and inline outputs."""
        if inline or data.mime_type != PLOTLY_MIME:
            return None
        figure = data.content if isinstance(data.content, dict) else json.loads(data.content)
        image = (data.cell_metadata.get("mystnb") or {}).get("image") or {}
        return [plotly_node(figure, image.get("alt", ""))]


def plotly_node(figure: dict, seen: str = "") -> nodes.raw:
    """Makes the HTML of one figure; `seen` says what it shows, unless it does so itself."""
    data = {"data": figure["data"], "layout": figure.get("layout", {})}
    data |= {"frames": figure["frames"]} if figure.get("frames") else {}
    text = json.dumps(data, sort_keys=True).replace("</", "<\\/")
    height = int(data["layout"].get("height") or 420)
    label = escape(describe(data, seen))
    html = (
        f'<div class="plotly-figure" role="figure" aria-label="{label}" data-height="{height}" '
        f'data-kinds="{webpage.kinds(data["data"])}" style="min-height:{height}px">\n'
        f'<script type="application/json" class="plotly-data">{text}</script></div>'
    )
    return nodes.raw("", html, format="html")


class PlotlyFigure(SphinxDirective):
    """`{plotly-figure} path/figure.json`: a figure that says itself what it shows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        _, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(path)
        figure = json.loads(Path(path).read_text(encoding="utf-8"))
        return [plotly_node(figure)]


class RunRole(SphinxRole):
    """Shows scale, seed, commit, date, device of a published run, and where it stands today."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        root = Path(self.env.srcdir)
        path = root / "book" / "results" / self.text / FILE
        if not path.is_file():
            message = self.inliner.reporter.error(f"no published run {self.text}", line=self.lineno)
            return [], [message]
        self.env.note_dependency(str(path))
        row = path.parents[1]
        self.env.note_dependency(str(row / CONFIRMED))
        record = json.loads(path.read_text(encoding="utf-8"))
        return [nodes.raw("", provenance.run_badge(record, row), format="html")], []


TESTED_FOR = {CLAIM: "Tested for a claim of the thesis", IDEA: "Tested for an idea of the thesis"}
"""What stands before a sentence that the book does not state; its words are the book's."""


class FindingRole(SphinxRole):
    """Shows a finding: `` {finding}`rotations-agree-at-once` ``.

    Its sentence, its verdict and, of a claim or an idea, what the runs show and could have seen.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            found = find_finding(self.text)
        except RigidDepthError as error:
            return [], [self.inliner.reporter.error(str(error), line=self.lineno)]
        runs = shownrecords.published_runs(Path(self.env.srcdir)).runs
        said = judgement(found, runs)
        badge = nodes.raw("", " " + findingspage.badge(found, said, runs), format="html")
        shows = nodes.Text(" " + said.shows.replace("`", ""))
        before = "Not decided yet" if said.verdict == OPEN else TESTED_FOR.get(found.kind)
        sentence = f"{before}: {found.sentence}" if before else found.sentence
        return [nodes.Text(sentence), badge, shows], []


class OutcomeRole(SphinxRole):
    """What some rows do to RGB, from the records: `` {outcome}`7.4 against rgb-infinity` ``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            question = read_question(self.text)
        except RigidDepthError as error:
            return [], [self.inliner.reporter.error(str(error), line=self.lineno)]
        runs = shownrecords.published_runs(Path(self.env.srcdir)).runs
        before, term, after = outcome(runs, *question).partition(VISIBLE)
        if not term:
            return [nodes.Text(before)], []
        target = f"{term} <{term.capitalize()}>"
        link, messages = XRefRole(innernodeclass=nodes.inline)(
            "std:term", target, target, self.lineno, self.inliner
        )
        return [nodes.Text(before), *link, nodes.Text(after)], messages


def _make_pages(app: Sphinx, _config) -> None:
    """Writes the generated pages before the table of contents asks for them."""
    shownrecords.published_runs.cache_clear()
    itemrecords.targets.cache_clear()
    pageparts.settled.cache_clear()
    root = Path(app.srcdir)
    if not (root / "book" / "ledger.yaml").is_file():  # a single page of another folder
        return
    try:
        write_pages(root, pageparts.repository(app))
    except RigidDepthError as error:
        raise ExtensionError(str(error)) from None


def _shown(folder: str | Path) -> dict[str, tuple[Path, int]]:
    """Of every notebook's page the file it is made from, and when that was written."""
    found = {f"notebooks/{text.stem}": copies.shown(text) for text in copies.texts(Path(folder))}
    return {page: (path, path.stat().st_mtime_ns) for page, path in found.items() if path.is_file()}


def _choose_copies(app: Sphinx, env, _added, _changed, _removed) -> list[str]:
    """Tells Sphinx which notebooks to read anew, because another copy is to be shown."""
    before, env.rigid_depth_copies = getattr(env, "rigid_depth_copies", {}), _shown(app.srcdir)
    now = env.rigid_depth_copies
    return [page for page in now if page in before and now[page] != before[page]]


def _read_copy(app: Sphinx, page: str, source: list[str]) -> None:
    path, _ = getattr(app.env, "rigid_depth_copies", {}).get(page, (None, 0))
    if path and path.parent.name != "notebooks":
        source[0] = path.read_text(encoding="utf-8")


def _add_assets(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    body = context.get("body") or ""
    for script in webpage.scripts(body, page):
        app.add_js_file(script, defer="defer")  # the text is shown before plotly has come
    for mark, script in SCRIPTS.items():
        if mark in body:
            app.add_js_file(script)
    if not body or page not in app.env.all_docs:  # search, index
        return
    notebook, _ = getattr(app.env, "rigid_depth_copies", {}).get(page, (None, 0))
    if notebook:
        stamp = pageparts.head(app, page, notebook)
        body = body.replace("</h1>", f"</h1>\n{stamp}", 1)
    context["body"] = body + pageparts.report(app, page, app.env.titles[page].astext())
    context.update(pageparts.neighbours(app, page))


def _copy_sources(app: Sphinx, error: Exception | None) -> None:
    """What a reader downloads is what the page was made from."""
    if error is None and app.builder.format == "html":
        for page, (path, _) in getattr(app.env, "rigid_depth_copies", {}).items():
            target = Path(app.outdir) / "_sources" / f"{page}.ipynb"
            if path.parent.name != "notebooks" and target.parent.is_dir():
                shutil.copy(path, target)


def _share(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Adds what previews and search engines read."""
    title = sharing.plain_title(context.get("title") or "Rigid Depth")
    said = sharing.metadata(title, page, app.config.html_baseurl)
    context["metatags"] = f"{context.get('metatags') or ''}\n{said}"


def _name_repository(app: Sphinx, config) -> None:
    """Gives the theme the buttons of a repository, and pages their address, where it is known."""
    config.html_baseurl = config.html_baseurl or sharing.site_url()
    config.html_theme_options = {**config.html_theme_options, **sharing.repository_options()}


def _write_archive(app: Sphinx, error: Exception | None) -> None:
    """Puts all notebooks, as shown, into one archive, and the card of links beside it."""
    if error is None and app.builder.format == "html":
        static, book = Path(app.outdir) / "_static", Path(app.srcdir) / "book"
        shown = [path for path, _ in getattr(app.env, "rigid_depth_copies", {}).values()]
        if shown:
            sharing.write_archive(static / "notebooks.zip", shown)
        if (book / sharing.CARD).is_file():
            shutil.copy(book / sharing.CARD, static)


def _write_tests(app: Sphinx, error: Exception | None) -> None:
    """Brings the source of the ledger's tests, where no repository on the web has it."""
    root = Path(app.srcdir)
    if error or app.builder.format != "html" or not (root / "book" / "ledger.yaml").is_file():
        return
    if not pageparts.repository(app):
        rows = load(root / "book" / "ledger.yaml", shownrecords.published_runs(root).runs)
        testsources.write_sources(rows, root, Path(app.outdir) / "_static")


def setup(app: Sphinx) -> dict:
    """Registers what the module's text names."""
    gc.set_threshold(NEW_OBJECTS)
    app.add_css_file(STYLE)
    app.add_js_file("page.js")
    app.add_directive("plotly-figure", PlotlyFigure)
    app.add_role("run", RunRole())
    app.add_role("finding", FindingRole())
    app.add_role("outcome", OutcomeRole())
    app.connect("config-inited", _make_pages, priority=100)
    app.connect("config-inited", _name_repository)
    app.connect("html-page-context", _add_assets)
    app.connect("html-page-context", _share)
    app.connect("env-get-outdated", _choose_copies)
    app.connect("env-get-outdated", pageparts.changed_backlinks)
    app.connect("doctree-read", pageparts.add_backlinks)
    app.connect("doctree-read", webpage.keep_spreads)
    app.connect("source-read", _read_copy)
    numbering.setup(app)
    app.connect("env-updated", webpage.leave_out_of_search)
    app.connect("doctree-resolved", webpage.mark_charts)
    app.connect("build-finished", webpage.unpack)
    app.connect("build-finished", webpage.lighten)
    app.connect("build-finished", _copy_sources)
    app.connect("build-finished", _write_archive)
    app.connect("build-finished", _write_tests)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
