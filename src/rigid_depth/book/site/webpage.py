"""What a page of the book loads: the part of plotly it needs, the icons it shows, no search index.

Parts of plotly.js lie compressed in `book/_vendor/plotly`, as npm has them
(`plotly.js-*-dist-min`).
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

from rigid_depth.book.site import icons
from rigid_depth.errors import RigidDepthError

BUNDLES = {
    "cartesian": {"scatter", "bar", "heatmap", "histogram", "box", "violin", "contour", "image"},
    "gl3d": {"scatter", "scatter3d", "surface", "mesh3d", "cone"},
}
"""Parts of plotly.js -> the types of traces they draw."""
UNSEARCHED = ("book/generated/runs/",)
"""Pages that search leaves out: their words are those of the list of runs."""
CHART_COLOURS = 4096
"""At most so many colours are a chart's; a photograph has more."""
CHART_GROUND = 0.5
"""At least this share of a chart is white; a map of depth has less, and keeps its colours."""
INDEX = re.compile(
    r"\s*<script src=\"[^\"]*(?:searchtools|language_data|searchindex)\.js[^>]*></script>"
)
MATHJAX = re.compile(r"\s*<script[^>]* src=\"[^\"]*/mathjax/[^>]*></script>")
TYPESET = re.compile(r'class="(?:[^"]* )?(?:math|plotly-figure)[ "]')
"""What MathJax sets: formulas, and those in the texts of figures."""


def kinds(traces: list[dict]) -> str:
    """Names the types of traces, in the order of the alphabet and with spaces between them."""
    return " ".join(sorted({trace.get("type", "scatter") for trace in traces}))


def scripts(body: str, page: str) -> list[str]:
    """Names the scripts for the plotly figures of a page's HTML.

    Raises `RigidDepthError` where no part of plotly draws all types of traces on the page.
    """
    found = re.findall(r'class="plotly-figure"[^>]* data-kinds="([^"]*)"', body)
    if not found:
        return []
    wanted = set(" ".join(found).split())
    for name, drawn in BUNDLES.items():
        if wanted <= drawn:
            return [f"plotly/plotly-{name}.min.js", "figures.js"]
    raise RigidDepthError(
        f"{page}: no vendored part of plotly draws {', '.join(sorted(wanted))} on one page; "
        f"allowed are {BUNDLES}."
    )


def unpack(app: Sphinx, error: Exception | None) -> None:
    """Decompresses the scripts among the book's static files."""
    if error is not None or app.builder.format != "html":
        return
    for packed in (Path(app.outdir) / "_static").rglob("*.js.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()


def leave_out_of_search(_app: Sphinx, env) -> None:
    """Marks pages that search leaves out."""
    for page in env.found_docs:
        if page.startswith(UNSEARCHED):
            env.metadata[page]["nosearch"] = True


def keep_spreads(app: Sphinx, doctree: nodes.document) -> None:
    """Lets a cell such as "7.15 ± 0.04" break before its spread and nowhere else."""
    for cell in doctree.findall(nodes.entry):
        for text in [text for text in cell.findall(nodes.Text) if " ± " in text]:
            text.parent.replace(text, nodes.Text(text.replace(" ± ", " ±\u00a0")))


def mark_charts(app: Sphinx, tree: nodes.document, _page: str) -> None:
    """Gives pictures of charts the class `rd-chart`: a dark page shows them on dark ground."""
    if app.builder.format != "html":
        return
    for image in tree.findall(nodes.image):
        path = Path(app.srcdir) / image["uri"]
        if path.suffix == ".svg":
            image["classes"].append("rd-chart")
        elif path.suffix == ".png" and path.is_file():
            with Image.open(path) as picture:
                if _is_drawn_on_white(picture):
                    image["classes"].append("rd-chart")


def _is_drawn_on_white(picture: Image.Image) -> bool:
    """Whether a picture is a chart on white ground."""
    ground = sum(picture.convert("L").histogram()[250:]) / (picture.width * picture.height)
    return ground >= CHART_GROUND and has_few_colours(picture)


def has_few_colours(picture: Image.Image) -> bool:
    """Whether a picture is drawn, on whatever ground: a photograph has more colours."""
    return picture.convert("RGB").getcolors(CHART_COLOURS) is not None


def lighten(app: Sphinx, error: Exception | None) -> None:
    """Takes out of the pages what they load and do not use: icons, search index, MathJax."""
    if error is not None or app.builder.name != "html":
        return
    used: set[str] = set()
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        used.update(icons.names(text))
        lighter = text if path.name == "search.html" else INDEX.sub("", text)
        if not TYPESET.search(text):
            lighter = MATHJAX.sub("", lighter)
        if lighter != text:
            path.write_text(lighter, encoding="utf-8")
    icons.lighten(Path(app.outdir) / "_static", used)
