"""Sphinx extension of the book: plotly figures, provenance badges and styles, all from local files.

Stored notebooks keep a plotly figure as data. This renders it as a `div` and loads `plotly.min.js`,
copied from the installed plotly package, only on pages that have such a figure. The role
`` {run}`cpu/rgb/seed-0` `` shows the badge of a published run; the directive `plotly-figure` draws
a figure stored as a JSON file.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from rigid_depth.book import provenance

PLOTLY_MIME = "application/vnd.plotly.v1+json"
STYLE = "rigid-depth.css"
LEDGER_SCRIPT = "ledger.js"


class PlotlyMime:
    """Renders plotly's MIME type for myst-nb, which does not know it."""

    mime_priority_overrides = tuple((builder, PLOTLY_MIME, 1) for builder in ("html", "singlehtml"))

    @staticmethod
    def handle_mime(renderer, data, inline: bool):
        """Returns the figure's nodes, or `None` for other MIME types and inline outputs."""
        if inline or data.mime_type != PLOTLY_MIME:
            return None
        figure = data.content if isinstance(data.content, dict) else json.loads(data.content)
        return [plotly_node(figure)]


def plotly_node(figure: dict, alternative: str = "") -> nodes.raw:
    """Makes the HTML of one figure; `alternative` is its text for those who cannot see it."""
    data = {"data": figure["data"], "layout": figure.get("layout", {})}
    data |= {"frames": figure["frames"]} if figure.get("frames") else {}
    text = json.dumps(data, sort_keys=True).replace("</", "<\\/")
    height = int(data["layout"].get("height") or 420)
    label = alternative or _title(data["layout"]) or "interactive figure"
    label = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    html = f"""<div class="plotly-figure" role="img" aria-label="{label}" style="height:{height}px">
<script type="application/json" class="plotly-data">{text}</script></div>
<script>{{
  const place = document.currentScript.previousElementSibling;
  window.addEventListener("load", () => {{
    const figure = JSON.parse(place.querySelector(".plotly-data").textContent);
    figure.layout.height = {height};
    const drawing = place.appendChild(document.createElement("div"));
    figure.config = {{responsive: true, displaylogo: false}};
    Plotly.newPlot(drawing, figure);
  }});
}}</script>"""
    return nodes.raw("", html, format="html")


def _title(layout: dict) -> str:
    title = layout.get("title") or ""
    return title.get("text", "") if isinstance(title, dict) else str(title)


class PlotlyFigure(SphinxDirective):
    """``{plotly-figure} path/figure.json`` with a text alternative in ``:alt:``."""

    required_arguments = 1
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012 (docutils wants a dict)

    def run(self) -> list[nodes.Node]:
        _, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(path)
        figure = json.loads(Path(path).read_text(encoding="utf-8"))
        return [plotly_node(figure, self.options.get("alt", ""))]


class RunRole(SphinxRole):
    """Shows scale, seed, commit, date, device and staleness of a published run."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        root = Path(self.env.srcdir)
        path = root / "book" / "results" / self.text / "record.json"
        if not path.is_file():
            message = self.inliner.reporter.error(f"no published run {self.text}", line=self.lineno)
            return [], [message]
        self.env.note_dependency(str(path))
        record = json.loads(path.read_text(encoding="utf-8"))
        return [nodes.raw("", provenance.run_badge(record), format="html")], []


def _add_assets(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    body = context.get("body") or ""
    if "plotly-figure" in body:
        app.add_js_file("plotly.min.js")
    if "ledger-controls" in body:
        app.add_js_file(LEDGER_SCRIPT)
    notebook = Path(app.srcdir) / f"{page}.ipynb"
    if notebook.is_file():
        metadata = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]
        stamp = provenance.notebook_badge(
            metadata.get("rigid_depth", {}), notebook.with_suffix(".md")
        )
        context["body"] = body.replace("</h1>", f"</h1>\n<p>{stamp}</p>", 1)


def _copy_plotly(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    import plotly

    target = Path(app.outdir) / "_static" / "plotly.min.js"
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        shutil.copy(source, target)


def setup(app: Sphinx) -> dict:
    """Registers what the module's text names."""
    app.add_css_file(STYLE)
    app.add_directive("plotly-figure", PlotlyFigure)
    app.add_role("run", RunRole())
    app.connect("html-page-context", _add_assets)
    app.connect("build-finished", _copy_plotly)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
