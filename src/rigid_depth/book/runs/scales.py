"""Scales below published pictures: the colours of depth, of errors and of their differences.

Each is a small drawing in SVG. Its words have the colour of the page's text, so that it is read in
a light and in a dark theme, and it never grows wider than the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

import matplotlib
from matplotlib.colors import to_hex

from rigid_depth.book.cells.depthscale import TICKS_M
from rigid_depth.book.runs.picturediff import BOTH_BEYOND, EDGES_M, NO_SURFACE, SAME, STEPS
from rigid_depth.experiments.recording.pictures import (
    DEPTH_MAP,
    ERROR_MAP,
    FARTHEST_M,
    LARGEST_ERROR_M,
    NEAREST_M,
)

WIDTH, BAR_PX, SIDE_PX = 320, 14, 14
"""Of a drawing, of its bar (height), and the room at both ends for half a label."""
PIECES = 64
"""Of one colour each, side by side, so that no gradient needs a name of its own on the page."""
LETTER_PX = 12
"""Height of letters."""

DEPTH = f"Depth: bright is near, {NEAREST_M:.0f} to {FARTHEST_M:.0f} m, logarithmic."
"""What pictures of depth show, in a sentence."""

Label = tuple[float, str]
"""Place along the bar in [0, 1] and what stands below it."""


def depth_scale() -> str:
    """Depth: bright is near, logarithmic."""
    colours = matplotlib.colormaps[DEPTH_MAP]
    span = math.log(FARTHEST_M / NEAREST_M)
    labels = [(math.log(metres / NEAREST_M) / span, f"{metres}") for metres in TICKS_M]
    said = f"Scale of depth: bright at {NEAREST_M:.0f} m, dark at {FARTHEST_M:.0f} m, logarithmic"
    return _drawing(said, "depth [m]", [to_hex(colours(1 - s)) for s in _middles()], labels)


def error_scale() -> str:
    """Absolute error: dark is none, bright is the largest that is told apart."""
    colours = matplotlib.colormaps[ERROR_MAP]
    labels = [(k / 5, f"{k * LARGEST_ERROR_M / 5:.0f}") for k in range(5)]
    labels.append((1, f"{LARGEST_ERROR_M:.0f}+"))
    said = f"Scale of errors: dark at 0 m, bright at {LARGEST_ERROR_M:.0f} m or more"
    return _drawing(said, "error [m]", [to_hex(colours(s)) for s in _middles()], labels)


def difference_scale() -> str:
    """Difference of two errors in steps, and the two greys beside them."""
    colours = [colour if k != SAME else "none" for k, colour in enumerate(STEPS)]
    edges = [f"{edge:+.0f}".replace("-", "−") for edge in EDGES_M]
    labels = [(k / len(STEPS), edge) for k, edge in enumerate(edges, 1)]
    said = (
        f"Scale of differences in steps at {', '.join(edges)} m: blue where "
        "the method errs less, orange where it errs more, nothing between; light grey where both "
        f"err by {LARGEST_ERROR_M:.0f} m or more, dark grey without a surface"
    )
    greys = ((BOTH_BEYOND, f"both {LARGEST_ERROR_M:.0f} m or more"), (NO_SURFACE, "no surface"))
    return _drawing(said, "difference of the errors [m]", colours, labels, greys)


def scales(*drawings: str) -> str:
    """The drawings as MyST, to stand below a table of pictures."""
    return f'```{{raw}} html\n<div class="rd-scales">\n{"".join(drawings)}</div>\n```\n'


def _middles() -> Iterator[float]:
    return ((k + 0.5) / PIECES for k in range(PIECES))


def _drawing(
    said: str,
    title: str,
    colours: Sequence[str],
    labels: Sequence[Label],
    beside: Sequence[tuple[str, str]] = (),
) -> str:
    """A bar of colours with its title above and labels below, and boxes of further colours."""
    along = WIDTH - 2 * SIDE_PX
    top = LETTER_PX + 4
    wide = along / len(colours)
    parts = [_text(SIDE_PX, LETTER_PX, title, "start")]
    for k, colour in enumerate(colours):
        parts.append(_box(SIDE_PX + k * wide, top, wide, colour))
    parts.append(
        f'<rect x="{SIDE_PX}" y="{top}" width="{along}" height="{BAR_PX}" fill="none" '
        'stroke="currentColor" stroke-opacity="0.5"/>'
    )
    bottom = top + BAR_PX + LETTER_PX + 1
    parts += [_text(SIDE_PX + place * along, bottom, label) for place, label in labels]
    for k, (colour, label) in enumerate(beside):
        x, y = SIDE_PX + k * along * 0.58, bottom + 7
        parts += [_box(x, y, 20, colour), _text(x + 26, y + LETTER_PX - 1, label, "start")]
    height = bottom + 4 + (BAR_PX + 6 if beside else 0)
    return (
        f'<svg class="rd-scale" role="img" aria-label="{escape(said)}" '
        f'viewBox="0 0 {WIDTH} {height}">{"".join(parts)}</svg>\n'
    )


def _box(x: float, y: float, width: float, colour: str) -> str:
    """Drawn without smoothing, so that no gap is seen between neighbours."""
    return (
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{BAR_PX}" fill="{colour}" '
        'shape-rendering="crispEdges"/>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
