"""What chapter 5b draws: clouds that CORAL cannot tell apart, and latents that shrink."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def turned_clouds(target, turned: dict) -> go.Figure:
    """A cloud `[N, 2]` and another that the slider turns; lines join the partners.

    `turned`: label -> (points `[N, 2]`, title).
    """

    def traces(points) -> list[go.Scatter]:
        pairs = torch.stack([target, points, torch.full_like(target, torch.nan)], 1).flatten(0, 1)
        x, y = rounded(pairs.T)
        grey = {"color": "#BBBBBB", "width": 1}
        lines = go.Scatter(x=x, y=y, mode="lines", showlegend=False, line=grey)
        return [lines, cloud(target, "target", 0, "circle"), cloud(points, "source", 1, "x")]

    states = {label: traces(points) for label, (points, _) in turned.items()}
    titles = {label: title for label, (_, title) in turned.items()}
    return plane(states, titles, "θ = ", "feature", (6, 3))


def shrinking_clouds(steps: dict) -> go.Figure:
    """The latents of two views by the step; `steps`: label -> (two clouds `[N, 2]`, title)."""
    styles = (("first view", 0, "circle"), ("second view", 1, "x"))
    states = {
        label: [cloud(points, *style) for points, style in zip(both, styles, strict=True)]
        for label, (both, _) in steps.items()
    }
    titles = {label: title for label, (_, title) in steps.items()}
    return plane(states, titles, "step ", "channel", (4, 4))


def cloud(points, name: str, colour: int, symbol: str) -> go.Scatter:
    """Points `[N, 2]` as markers."""
    x, y = rounded(points.double().T)
    marker = {"color": COLOURS[colour], "symbol": symbol, "size": 7}
    return go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker)


def plane(states, titles, prefix: str, axis: str, half: tuple[float, float]) -> go.Figure:
    """A slider figure with a button that plays, and the same axes throughout."""
    figure = slider_figure(states, titles=titles, prefix=prefix, duration_ms=150, play_ms=150)
    figure.update_xaxes(range=[-half[0], half[0]], title=f"{axis} 1")
    figure.update_yaxes(range=[-half[1], half[1]], title=f"{axis} 2")
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    return figure.update_layout(height=430, legend=legend, margin={"t": 80}, title_font_size=14)


def sizes_over_steps(study: dict) -> Figure:
    """Relative size of the latent over the steps, mean and standard deviation over seeds.

    Sizes below a hundredth, to which weight decay leads, are left out.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.8), dpi=100)
    styles = ["-", ":", "-", "--", "-.", "-", "-."]
    for colour, line, (name, found) in zip(COLOURS, styles, study.items(), strict=False):
        steps = [s.mean + 1 for s in found["step"]]
        mean = np.array([s.mean for s in found["size"]])
        std = np.array([s.std for s in found["size"]])
        axis.loglog(steps, mean, line, color=colour, label=name)
        axis.fill_between(steps, mean - std, mean + std, color=colour, alpha=0.15, lw=0)
    axis.set(xlabel="step + 1", ylabel="relative size of the latent", ylim=(0.01, 1.3))
    axis.legend(fontsize=9, loc="lower left")
    return figure
