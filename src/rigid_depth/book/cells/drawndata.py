"""The numbers behind a drawing of matplotlib, kept beside its picture in the executed notebook.

A picture holds no numbers. So the kernel stores, with each picture, a CSV table of what was drawn:
lines, points, bars, areas, images and texts. It is compressed, and lies in the metadata of the
output, which neither a comparison of outputs nor a page looks at.
"""

from __future__ import annotations

import base64
import csv
import io
import zlib
from collections.abc import Iterator

import numpy as np

KEY = "rigid_depth_csv"
"""Name of the table in the metadata of an output's picture."""
HEAD = ("panel", "kind", "name", "x", "y", "value")
MOST = 1_500
"""At most so many points of one line or cloud are kept, evenly chosen, and so many cells of all
images of a figure together."""
MOST_POINTS = 6_000
"""At most about so many points of all lines and clouds of a figure together."""
LEAST = 100
"""So many points of a line, or cells of an image, are kept where a figure has many."""

Line = tuple[str, str, object, object, object]
"""Kind, name, x, y, value."""


def keep() -> None:
    """Makes this kernel store the numbers with every picture of matplotlib; without one, nothing.

    The pictures stay what they are.
    """
    from IPython import get_ipython
    from matplotlib.figure import Figure

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    import matplotlib_inline.backend_inline  # noqa: F401 (sets its own way to draw, once)

    pictures = shell.display_formatter.formatters["image/png"]
    draw = pictures.lookup_by_type(Figure)
    pictures.for_type(Figure, lambda figure: (draw(figure), {KEY: packed(drawn_csv(figure))}))


def packed(text: str) -> str:
    """A text, compressed and as ASCII; the same for the same text."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpacked(text: str) -> str:
    """The text that `packed` made small."""
    return zlib.decompress(base64.b64decode(text)).decode()


def drawn_csv(figure) -> str:
    """CSV of what a figure of matplotlib shows, a line for each point, bar, cell or text.

    `panel` counts the axes from 1. Of an image of one channel, x and y are column and row; a
    photograph (three channels) and what is drawn to explain (arrows, boxes) have no lines.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    images = sum(len(axes.images) for axes in figure.axes)
    cells = max(LEAST, MOST // max(images, 1))
    artists = sum(len(axes.lines) + len(axes.collections) for axes in figure.axes)
    points = min(MOST, max(LEAST, MOST_POINTS // max(artists, 1)))
    for panel, axes in enumerate(figure.axes, 1):
        for kind, name, *values in _drawn(axes, points, cells):
            writer.writerow([panel, kind, name, *map(_rounded, values)])
    return out.getvalue()


def _rounded(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float | np.floating) else value


def _drawn(axes, points: int, cells: int) -> Iterator[Line]:
    for line in axes.lines:
        yield from _points("line", line, points, *line.get_data(orig=True))
    for bars in axes.containers:
        for bar in getattr(bars, "patches", ()):
            upright = getattr(bars, "orientation", "vertical") == "vertical"
            middle = (
                bar.get_x() + bar.get_width() / 2 if upright else bar.get_y() + bar.get_height() / 2
            )
            ends = (bar.get_height() if upright else bar.get_width(), "")
            yield ("bar", _name(bars), float(middle), *ends)
    for found in axes.collections:
        yield from _of_collection(found, points)
    for image in axes.images:
        yield from _cells(_name(image), image.get_array(), cells)
    for text in axes.texts:
        if text.get_text().strip():
            yield ("text", " ".join(text.get_text().split()), *map(float, text.get_position()), "")


def _of_collection(found, points: int) -> Iterator[Line]:
    """Points of a scatter, cells of a mesh, or the corners of areas and lines."""
    offsets, values = np.asarray(found.get_offsets()), found.get_array()
    if type(found).__name__ in ("QuadMesh", "PolyQuadMesh"):
        yield from _cells(_name(found), values)
    elif type(found).__name__.startswith("Path"):
        coloured = values is not None and len(values) == len(offsets)
        yield from _points("point", found, points, *offsets.T, values if coloured else None)
    else:
        for path in found.get_paths():
            yield from _points("area", found, points, *path.vertices.T)


def _points(kind: str, artist, most: int, x, y, values=None) -> Iterator[Line]:
    name, step = _name(artist), -(-len(x) // most) or 1
    given = [""] * len(x) if values is None else values
    for point in zip(x[::step], y[::step], given[::step], strict=True):
        yield (kind, name, *(v.item() if isinstance(v, np.generic) else v for v in point))


def _cells(name: str, values, most: int = MOST) -> Iterator[Line]:
    """Every cell of a matrix, or every so many rows and columns of a large one."""
    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    if values.ndim != 2:
        return
    step = 1
    while values[::step, ::step].size > most:
        step += 1
    for row in range(0, values.shape[0], step):
        for column in range(0, values.shape[1], step):
            yield "image", name, column, row, float(values[row, column])


def _name(artist) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label
