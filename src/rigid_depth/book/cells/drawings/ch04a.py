"""What chapter 4a draws: decoded digits, errors by size, and what a latent cell sees."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import add_slider, slider_figure


def picture_rows(rows: dict, *, height: float, upright: bool = False) -> Figure:
    """Rows of 8x8 pictures `[N, 64]` with their names at the left, upright ones for long rows."""
    figure, axes = plt.subplots(len(rows), 10, figsize=(7.2, height))
    beside = {"rotation": 0, "ha": "right", "va": "center"} if upright else {}
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=10, **beside)
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
    return figure


def errors_by_size(sizes: Sequence[int], errors: dict) -> Figure:
    """Mean squared errors by the size of the latent; `errors`: name -> (style, mean, half)."""
    figure, axis = plt.subplots()
    for label, (style, mean, half) in errors.items():
        axis.errorbar(sizes, mean, half, fmt=style, label=label, capsize=3)
    axis.set(xscale="log", yscale="log", xlabel="size of the latent d", ylabel="mean squared error")
    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.minorticks_off()
    axis.legend()
    return figure


def from_one_to_another(drawn: dict, shares: Sequence[float]) -> go.Figure:
    """Pictures `[S, 8, 8]` between two latents, a panel for each way, by share of the second."""

    def maps(step: int) -> list[go.Heatmap]:
        look = {"zmin": 0, "zmax": 1, "colorscale": "Greys", "showscale": False}
        return [
            go.Heatmap(z=rounded(pictures[step].flip(0)), **look) for pictures in drawn.values()
        ]

    figure = make_subplots(1, len(drawn), subplot_titles=list(drawn), horizontal_spacing=0.03)
    for column, trace in enumerate(maps(0), 1):
        figure.add_trace(trace, 1, column)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    states = {f"{share}": maps(step) for step, share in enumerate(shares)}
    words = {"prefix": "share of the second digit: ", "top_px": 4}
    add_slider(figure, states, traces=range(len(drawn)), **words)
    return figure.update_layout(height=290, margin={"l": 8, "r": 8, "t": 40, "b": 8})


def influences(levels: dict, cells: dict, active: int) -> go.Figure:
    """Influence on a latent cell, log10 relative to the largest `[H, W]`; a cross marks the cell.

    Both by the name of the cell; `cells` has (row, column).
    """
    bar = {"tickvals": [-3, -2, -1, 0], "ticktext": ["0.001", "0.01", "0.1", "1"], "thickness": 12}
    look = {"zmin": -3, "zmax": 0, "colorscale": "Viridis", "colorbar": bar}
    cross = {"symbol": "x-thin", "size": 12, "line": {"width": 3, "color": "#D55E00"}}

    def traces(name: str) -> list:
        row, column = cells[name]
        place = {"x": [column], "y": [row], "mode": "markers", "marker": cross}
        mark = go.Scatter(place, showlegend=False, hoverinfo="skip")
        return [go.Heatmap(z=rounded(levels[name].double()), **look), mark]

    states = {name: traces(name) for name in levels}
    figure = slider_figure(states, active=active, prefix="cell: ", top_px=40)
    figure.update_yaxes(autorange="reversed", title="latent row", scaleanchor="x")
    figure.update_yaxes(constrain="domain")
    figure.update_xaxes(title="latent column", constrain="domain")
    return figure.update_layout(height=360, margin={"l": 50, "r": 8, "t": 10, "b": 10})
