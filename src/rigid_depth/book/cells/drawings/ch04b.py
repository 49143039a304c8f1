"""What chapter 4b draws: latents mapped onto others, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
from matplotlib.figure import Figure

from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import add_slider


def mapped_plane(target, mapped: dict, colours: Sequence[str]) -> go.Figure:
    """Points of the plane `[N, 2]`: the target hollow, the source filled, mapped by the slider."""

    def points(places, hollow: bool) -> go.Scatter:
        x, y = rounded(places.double().T)
        fill = "rgba(255,255,255,0)" if hollow else colours
        marker = {"color": fill, "size": 9 if hollow else 6, "line": {"color": colours, "width": 1}}
        name = "target" if hollow else "mapped source"
        return go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker)

    figure = go.Figure([points(target, True), points(next(iter(mapped.values())), False)])
    states = {name: [points(places, False)] for name, places in mapped.items()}
    move = {"transition_ms": 300, "redraw": False}
    add_slider(figure, states, traces=[1], prefix="map: ", top_px=40, **move)
    low, high = (target.amin(0) - 4).tolist(), (target.amax(0) + 4).tolist()
    figure.update_xaxes(title="first latent number", range=rounded([low[0], high[0]]))
    figure.update_yaxes(title="second latent number", range=rounded([low[1], high[1]]))
    return figure.update_layout(height=430, showlegend=False)


def errors_by_pairs(counts: dict, errors: dict, own: float) -> Figure:
    """Errors of stitched pictures by the number of pairs, with their intervals.

    `counts`: label of a tick -> pairs; `errors`: name -> (style, mean, half); `own`: of decoder B
    with its own encoder.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    at = list(counts.values())
    for name, (style, mean, half) in errors.items():
        axis.errorbar(at, mean, half, fmt=style, label=name, capsize=3, markersize=5)
    axis.axhline(own, color="0.3", lw=1)
    above = {"xytext": (0, 4), "textcoords": "offset points", "fontsize": 10}
    axis.annotate("B alone", (300, own), **above)
    axis.set(xscale="log", yscale="log", ylim=(0.006, 0.7))
    axis.set(xlabel="pairs", ylabel="error of the stitched picture")
    axis.set_xticks(at, list(counts))
    axis.minorticks_off()
    axis.legend(ncols=2, fontsize=10)
    return figure


def cosine_matrices(cosines: dict) -> Figure:
    """Cosines `[10, 10]` of digits of encoder A against those of encoder B, by the map."""
    figure, axes = plt.subplots(1, len(cosines), figsize=(7.4, 2.4))
    for axis, (name, values) in zip(axes, cosines.items(), strict=True):
        drawing = axis.imshow(values, cmap="cividis", vmin=-1, vmax=1)
        axis.set(title=name, xticks=[0, 9], yticks=[0, 9])
        axis.grid(False)
    axes[0].set_ylabel("digit, encoder A")
    figure.supxlabel("digit, encoder B", fontsize=11)
    figure.colorbar(drawing, ax=axes, shrink=0.8, label="cosine")
    return figure
