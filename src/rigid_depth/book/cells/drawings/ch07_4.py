"""What chapter 7.4 draws: the model of two branches, and two latents under a lens."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def two_branches(boxes: dict, counts: dict, size: Sequence[int]) -> Figure:
    """The two branches and the latents between encoders and decoders.

    `boxes`: part -> (column, row, name); `counts`: part -> parameters; `size`: of a latent.
    """
    figure, axis = plt.subplots(figsize=(6.4, 2.9), dpi=100)
    style = {"ha": "center", "va": "center", "fontsize": 10}
    for part, (x, y, name) in boxes.items():
        full = {"boxstyle": "round,pad=0.5", "fc": COLOURS[0 if y else 1], "ec": "none"}
        words = f"{name}\n{counts[part] / 1e6:.2f} M"
        axis.text(x, y, words, color="white", bbox=full, **style)
    empty = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": "0.3"}
    for y, name in ((1, "$l_{rgb}$"), (0, "$l_{rgbd}$")):
        axis.text(1, y, f"{name}\n{'×'.join(map(str, size))}", bbox=empty, **style)
        for x in (0.42, 1.3):
            axis.annotate("", (x + 0.27, y), (x, y), arrowprops={"arrowstyle": "->"})
    axis.annotate("", (1, 0.72), (1, 0.28), arrowprops={"arrowstyle": "<->", "ls": "--"})
    axis.text(1.06, 0.5, "MSE", ha="left", va="center", fontsize=10)
    axis.set(xlim=(-0.5, 2.5), ylim=(-0.45, 1.45), xticks=[], yticks=[])
    axis.axis("off")
    return figure


def latents_under_a_lens(along: Sequence, across: Sequence, zooms: Sequence[int]) -> go.Figure:
    """RGB and RGB-D latents in two directions; the slider magnifies the one that parts them.

    `along` and `across` hold the coordinates `[N]` of both.
    """
    styles = (("RGB", COLOURS[0], "circle"), ("RGB-D", COLOURS[1], "x"))

    def clouds(zoom: int) -> list[go.Scatter]:
        traces = []
        for x, y, (name, colour, symbol) in zip(along, across, styles, strict=True):
            marker = {"color": colour, "symbol": symbol, "size": 7, "opacity": 0.7}
            points = {"x": rounded(x), "y": rounded(zoom * y), "mode": "markers"}
            traces.append(go.Scatter(points, name=name, marker=marker))
        return traces

    states = {f"{zoom:,}": clouds(zoom) for zoom in zooms}
    figure = slider_figure(states, prefix="zoom ", top_px=40, duration_ms=300)
    figure.update_xaxes(title="latent, along")
    figure.update_yaxes(title="latent, across × zoom", range=[-2, 2])
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return figure.update_layout(height=400, legend=legend)
