"""What chapter 4c draws: how a latent is cut into points, and rotations as weights."""

from __future__ import annotations

import matplotlib.pyplot as plt
import plotly.graph_objects as go
from matplotlib.figure import Figure

from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def cuts_of_latent(numbers: dict) -> go.Figure:
    """A small latent, channels by pixels: which cloud (colour) and which point each entry is of.

    `numbers`: name of a cut -> (cloud, point) of every entry, both `[C, P]`.
    """
    look = {
        "colorscale": "Cividis",
        "zmin": -0.5,
        "zmax": 6,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    look |= {"texttemplate": "%{text}", "textfont": {"size": 15}}
    look |= {"hovertemplate": "point %{text}<extra></extra>"}

    def table(clouds, points) -> list[go.Heatmap]:
        colour = clouds + 0.35 * (points % 2)
        return [go.Heatmap(z=rounded(colour), text=points.tolist(), **look)]

    states = {name: table(*parts) for name, parts in numbers.items()}
    figure = slider_figure(states, prefix="cut: ")
    figure.update_xaxes(title="pixel (row by row)", tickvals=list(range(6)))
    figure.update_yaxes(title="channel", autorange="reversed", tickvals=list(range(6)))
    return figure.update_layout(height=390, margin={"r": 48})


def two_weights(weights: dict) -> Figure:
    """Matrices of weights from channels to channels, by title."""
    figure, axes = plt.subplots(1, len(weights), figsize=(6.4, 3.1))
    for axis, (title, matrix) in zip(axes, weights.items(), strict=True):
        drawing = axis.imshow(matrix, cmap="cividis", vmin=-1, vmax=1)
        axis.set(title=title, xlabel="channel in", ylabel="channel out")
        axis.grid(False)
    figure.colorbar(drawing, ax=axes, shrink=0.8, label="weight")
    return figure
