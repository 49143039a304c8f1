"""Pictures of stored notebooks: those of plotly figures drawn, those of charts made small.

All figures are drawn in one session of a headless Chromium.
"""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import plotly
from chromium import ARGUMENTS, chromium
from nbformat import NotebookNode
from notebook_form import FIGURE
from PIL import Image

from rigid_depth.book.site.webpage import has_few_colours

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
WIDTH_PX, HEIGHT_PX = 640, 420
COLOURS = 64  # of the palette of a figure's picture
DRAW = """([figure, width, height]) => Plotly.toImage(
  {data: figure.data, layout: {...figure.layout, width, height}},
  {format: 'png', width, height})"""


def figures(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yields the data (MIME type -> content) of each output that is a plotly figure."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if FIGURE in output.get("data", {}):
                yield output.data


def add_pictures(notebooks: dict[Path, NotebookNode]) -> None:
    """Puts a picture beside every figure: the stored one of the same figure, else a new one.

    The keys say where each notebook is stored. Without Chromium new figures go without a picture.
    """
    missing = []
    for path, notebook in notebooks.items():
        known = _stored_pictures(path)
        for data in figures(notebook):
            if picture := known.get(_key(data)):
                data["image/png"] = picture
            else:
                missing.append(data)
    program = chromium()
    if missing and not program:
        print(f"{len(missing)} figures are stored without a picture: Chromium is not installed")
    elif missing:
        _draw(missing, program)
        print(f"{len(missing)} figures drawn")


def _stored_pictures(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    found = figures(nbformat.read(path, as_version=4))
    return {_key(data): data["image/png"] for data in found if "image/png" in data}


def _key(data: NotebookNode) -> str:
    return json.dumps(data[FIGURE], sort_keys=True)


def _draw(missing: list[NotebookNode], program: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        page = browser.new_page()
        page.add_script_tag(path=PLOTLY)
        for data in missing:
            figure = json.loads(_key(data))
            height = figure.get("layout", {}).get("height") or HEIGHT_PX
            address = page.evaluate(DRAW, [figure, WIDTH_PX, height])
            data["image/png"] = _with_palette(address.partition(",")[2], COLOURS)
        browser.close()


def shrink(notebooks: dict[Path, NotebookNode]) -> None:
    """Gives charts drawn by matplotlib a palette: a third of the bytes, and no eye sees it."""
    for notebook in notebooks.values():
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                png = data.get("image/png")
                if FIGURE not in data and png and has_few_colours(_open(png)):
                    data["image/png"] = _with_palette(png, 256)


def _open(png: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(png)))


def _with_palette(png: str, colours: int) -> str:
    """The picture (base64) with a palette, if it has none."""
    picture = _open(png)
    if picture.mode == "P":
        return png
    file = io.BytesIO()
    small = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    small.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
