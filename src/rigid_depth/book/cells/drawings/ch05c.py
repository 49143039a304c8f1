"""What chapter 5c draws: a sky that moves, masks that are wrong, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

from rigid_depth.book.cells import depthscale
from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def depth_by_row(films: dict, steps_of_frame: int) -> go.Figure:
    """Predicted depth of the rows of an image while descent goes on; `films`: name -> `[F, H]`."""
    names = list(films)

    def lines(k: int) -> list[go.Scatter]:
        return [
            go.Scatter(x=rows, y=rounded(films[name][k].double(), 1), name=name, line_dash=dash)
            for name, dash in zip(names, ("dash", "solid"), strict=True)
        ]

    frames, height = films[names[0]].shape
    rows = list(range(height))
    states = {str(steps_of_frame * k): lines(k) for k in range(frames)}
    figure = slider_figure(states, prefix="step ", play_ms=80)
    figure.add_vline(x=13.5, line_dash="dot", line_color="grey")
    return figure.update_layout(
        height=430,
        xaxis_title="image row [px], sky above 14",
        yaxis={"title": "predicted depth [m]", "range": [-3, 103]},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.12},
        margin_b=90,
    )


def before_and_after(rows: Sequence[Sequence], titles: Sequence[str]) -> Figure:
    """Rows of an image `[H, W, 3]` and depth maps in metres `[H, W]`, NaN where unknown."""
    figure, axes = plt.subplots(len(rows), len(titles), figsize=(7.6, 2.2), dpi=80)
    look = depthscale.for_matplotlib()
    for line, (image, *depths_m) in zip(axes, rows, strict=True):
        line[0].imshow(image)
        for axis, depth_m in zip(line[1:], depths_m, strict=True):
            drawn = axis.imshow(depth_m, **look)
    for axis, name in zip(axes[0], titles, strict=True):
        axis.set_title(name, fontsize=9)
    bare(axes)
    bar = figure.colorbar(drawn, ax=axes, label="depth [m]", format="%d")
    bar.set_ticks(depthscale.TICKS_M)
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=8)
    return figure


def wrong_masks(image, exact, masks: dict) -> Figure:
    """Masks of the sky `[H, W]` over a darkened image `[H, W, 3]` in [0, 1].

    Grey: rightly sky; blue: sky that is missed; orange: street that is taken for sky.
    """
    figure, axes = plt.subplots(2, 3, figsize=(7.2, 2.7), dpi=95)
    colours = ((0.85, 0.85, 0.85), (0.0, 0.45, 0.70), (0.90, 0.62, 0.0))
    for axis, (title, mask) in zip(axes.flat, masks.items(), strict=True):
        picture = image * 0.45
        for where, colour in zip(
            (mask & exact, exact & ~mask, mask & ~exact), colours, strict=True
        ):
            picture[where] = torch.tensor(colour)
        axis.imshow(picture)
        axis.set_title(title, fontsize=9)
    bare(axes)
    return figure


def bare(axes) -> None:
    """Takes ticks and grid off pictures."""
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)


def differences(panels: dict, names: Sequence[str]) -> Figure:
    """Differences with their 95 % intervals, a panel for each measure; zero is dotted."""
    figure, axes = plt.subplots(1, len(panels), figsize=(8.4, 3.4), dpi=95, sharey=True)
    for axis, (label, found), colour in zip(axes, panels.items(), COLOURS, strict=False):
        bars = {"xerr": [f.high - f.mean for f in found], "capsize": 3, "lw": 1.5}
        axis.errorbar([f.mean for f in found], range(len(found)), fmt="o", color=colour, **bars)
        axis.axvline(0, color="0.4", lw=1, ls=":")
        axis.set_xlabel(label)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    return figure
