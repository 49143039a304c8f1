"""What chapter 5a draws: losses, weights over depth, and structure where depth is sparse."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure

ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
"""A legend above the plot."""


def losses_by_threshold(residuals, curves: dict, active: int) -> go.Figure:
    """Losses over the residual `[R]`; `curves` has them by name for each label of the slider."""
    dashes = ("solid", "dot", "dash", "dashdot")

    def traces(losses: dict) -> list[go.Scatter]:
        return [
            go.Scatter(x=x, y=rounded(loss, 4), name=name, line={"dash": dash, "color": colour})
            for (name, loss), dash, colour in zip(losses.items(), dashes, COLOURS, strict=False)
        ]

    x = rounded(residuals, 3)
    states = {label: traces(losses) for label, losses in curves.items()}
    figure = slider_figure(states, active=active, prefix="δ = ", top_px=40)
    figure.update_layout(height=400, xaxis_title="residual r", yaxis_title="loss", legend=ABOVE)
    return figure.update_layout(yaxis_range=[0, 2])


def share_of_loss(depths_m, shares: dict) -> go.Figure:
    """What percentage of each loss comes from returns nearer than a depth."""
    figure = go.Figure()
    dashes = ("solid", "dash", "dot", "dashdot")
    for (name, percent), dash in zip(shares.items(), dashes, strict=True):
        figure.add_scatter(
            x=rounded(depths_m), y=rounded(percent, 1), name=name, line={"dash": dash}
        )
    ticks = {"type": "log", "tickvals": [2, 5, 10, 20, 50, 80]}
    figure.update_xaxes(title="depth [m]", **ticks)
    figure.update_yaxes(title="share of the loss from nearer returns [%]")
    return figure.update_layout(height=400, legend=ABOVE)


def sigmoid_and_depths(encodings: dict) -> Figure:
    """The sigmoid, its slope, and where depths lie on it; `encodings`: name -> metres -> y."""
    x = torch.linspace(-6, 6, 200, dtype=torch.float64)
    figure, axis = plt.subplots(figsize=(6.4, 3.8), dpi=85)
    axis.plot(x, x.sigmoid(), label="σ(x)")
    axis.plot(x, x.sigmoid() * (1 - x.sigmoid()), "--", label="σ'(x)")
    looks = (("o", COLOURS[2], (-7, 7)), ("x", COLOURS[6], (7, -12)))
    for depths, (marker, colour, shift) in zip(encodings.values(), looks, strict=True):
        words = {"fontsize": 9, "color": colour, "ha": "center"}
        for metres, y in depths.items():
            place = (y.logit(), y)
            axis.plot(*place, marker, color=colour)
            axis.annotate(f"{metres}", place, xytext=shift, textcoords="offset points", **words)
    axis.set(xlabel="logit x", ylabel="encoded depth y")
    axis.legend()
    return figure


def errors_by_range(ratios: dict, ranges: Sequence[str]) -> Figure:
    """RMSE of losses by range of the true depth, over that of one of them."""
    figure, axis = plt.subplots(figsize=(6.4, 3.8), dpi=85)
    for line, (name, values) in zip(("-", "--", ":", "-.", "-"), ratios.items(), strict=True):
        axis.plot(range(len(ranges)), values, line, marker="o", label=name)
    axis.axhline(1, color="0.4", lw=1)
    axis.set_xticks(range(len(ranges)), ranges)
    axis.set(xlabel="true depth [m]", ylabel="RMSE / RMSE of linear MSE")
    axis.legend(fontsize=9)
    return figure


def depth_and_slopes(columns: dict) -> Figure:
    """Pictures of depth above their slopes, log10; `columns`: title -> (picture, slopes)."""
    figure, axes = plt.subplots(2, len(columns), figsize=(8, 4.3), dpi=75)
    for column, (name, (picture, slopes)) in enumerate(columns.items()):
        axes[0, column].imshow(picture)
        look = {"cmap": "cividis", "vmin": -3.5, "vmax": -0.5}
        shown = axes[1, column].imshow((slopes + 1e-4).log10(), **look)
        axes[0, column].set_title(name, fontsize=11)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
    figure.colorbar(shown, ax=axes[1], shrink=0.8, label="log10 slope")
    return figure


def share_of_one_outlier(kinds, share_of_outlier) -> Figure:
    """The share of a loss that one outlier has, by its size."""
    sizes = np.geomspace(1, 300, 25)
    figure, axis = plt.subplots(dpi=90)
    for line, name in zip((":", "--", "-.", "-"), kinds, strict=False):
        axis.semilogx(sizes, [100 * share_of_outlier(name, s) for s in sizes], line, label=name)
    axis.set(xlabel="size of the outlier [spreads of the rest]", ylabel="share of the loss [%]")
    axis.legend()
    return figure
