"""What chapter 5d draws: factors, gradients and minima of weighted losses."""

from __future__ import annotations

import plotly.graph_objects as go

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import add_slider

CORNER = {"x": 0.98, "y": 0.98, "xanchor": "right"}
"""A legend in the upper right corner of the plot."""


def factors(losses, curves: dict, eps: float) -> go.Figure:
    """The factor of the secondary loss's gradient over that loss; eps is dotted."""
    figure = go.Figure()
    for (name, values), dash in zip(curves.items(), ("solid", "dash"), strict=True):
        figure.add_scatter(
            x=three_digits(losses), y=three_digits(values), name=name, line_dash=dash
        )
    figure.add_vline(x=eps, line_dash="dot", line_color="grey")
    powers = {"type": "log", "exponentformat": "power", "dtick": 2}
    figure.update_xaxes(title="secondary loss", **powers)
    figure.update_yaxes(title="factor of its gradient", **powers)
    return figure.update_layout(height=360, legend=CORNER)


def vanishing_pull(errors, pulls: dict, active: int) -> go.Figure:
    """The gradient norm of a balanced and of a plain square over the error, by eps."""
    x = three_digits(errors)
    plain = go.Scatter(x=x, y=three_digits(2 * errors), name="plain square", line_dash="dash")
    figure = go.Figure(plain)
    states = {label: [{"y": three_digits(pull)}] for label, pull in pulls.items()}
    figure.add_scatter(x=x, y=list(states.values())[active][0]["y"], name="balanced")
    add_slider(figure, states, traces=[1], active=active, prefix="ε = ", top_px=50)
    powers = {"type": "log", "exponentformat": "power"}
    figure.update_xaxes(title="error e", dtick=1, **powers)
    figure.update_yaxes(title="gradient norm / (λ L_M)", range=[-5, 5.4], dtick=2, **powers)
    return figure.update_layout(height=430, legend=CORNER, margin_b=90)


def wells(places, landscapes: dict, active: int) -> go.Figure:
    """The sum of logarithms of two losses over the place, by the weight of the second."""
    states = {label: [{"y": rounded(values, 3)}] for label, values in landscapes.items()}
    figure = go.Figure(go.Scatter(x=rounded(places, 4), y=list(states.values())[active][0]["y"]))
    add_slider(figure, states, traces=[0], active=active, prefix="λ = ", top_px=50)
    titles = {"xaxis_title": "x", "yaxis_title": "log L_M + λ log L_S"}
    return figure.update_layout(height=400, margin_b=90, **titles)


def two_goals(errors: dict) -> go.Figure:
    """Errors of the two goals under every rule, small, middle and large units of the second.

    `errors`: rule -> unit -> (secondary, main).
    """
    symbols = ["circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon"]
    symbols += ["pentagon", "bowtie"]
    figure = go.Figure()
    for number, ((rule, cells), symbol) in enumerate(zip(errors.items(), symbols, strict=True)):
        x, y = zip(*(rounded(cell, 4) for cell in cells.values()), strict=True)
        marker = {"symbol": symbol, "size": [8, 11, 14]}
        line = {"width": 1, "color": COLOURS[number % len(COLOURS)]}
        text = [f"unit {unit}" for unit in cells]
        style = {"mode": "lines+markers", "line": line, "marker": marker}
        figure.add_scatter(x=x, y=y, text=text, name=rule, **style)
    ticks = [0.1, 0.2, 0.3, 0.4]
    figure.update_xaxes(
        type="log", title="error of the secondary goal", tickvals=[0.03, 0.1, 0.3, 1]
    )
    figure.update_yaxes(type="log", title="error of the main goal", tickvals=ticks)
    return figure.update_layout(height=520, legend={"orientation": "h", "y": -0.2})


def three_digits(values) -> list[float]:
    """Numbers with three significant digits."""
    return [float(f"{float(value):.3g}") for value in values]
