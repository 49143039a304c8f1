"""What chapter 3d draws: losses over the angle, descents, and the precision of formulas."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

import rigid_depth.rotations as rr
from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def shapes_of_losses(angles, drawn: dict) -> Figure:
    """Values, over that at the largest angle, and slopes by angle; `drawn`: name -> both, `[T]`."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
    for (name, (value, slope)), line in zip(drawn.items(), ("-", "--", "-."), strict=True):
        left.plot(angles.rad2deg(), value / value[-1], line, label=name)
        right.plot(angles.rad2deg(), slope, line, label=name)
    ticks = {"xlabel": "angle [°]", "xticks": range(0, 181, 45)}
    left.set(ylabel="loss / its value at 180°", **ticks)
    right.set(ylabel="slope [1/rad]", **ticks)
    left.legend(fontsize=10)
    return figure


def cosines(turns, similarity) -> Figure:
    """Three pairs of arrows with the cosine between them, and the similarity over the angle."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 2.6), width_ratios=(1.35, 1))
    for k, angle in enumerate((15, 90, 160)):
        for turn, colour in ((0, "#0072B2"), (angle, "#D55E00")):
            x, y = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2}
            left.annotate("", (2.6 * k + x, y), (2.6 * k, 0), arrowprops=arrow)
        words = f"{angle}°: {math.cos(math.radians(angle)):+.2f}"
        left.text(2.6 * k, -0.35, words, ha="center", fontsize=10)
    left.set(xlim=(-1.2, 6.4), ylim=(-0.6, 1.2), aspect="equal")
    left.axis("off")
    right.plot(turns.rad2deg(), similarity)
    right.axhline(0, color="0.4", lw=1)
    right.set(xlabel="angle [°]", ylabel="similarity", ylim=(-1.05, 1.05), xticks=range(0, 181, 60))
    return figure


def descents(ways_deg: dict, every: int) -> go.Figure:
    """Rotation vectors in degrees `[S, 3]` along descents, in the ball of radius 180 degrees.

    The slider and the button go through every `every`-th step.
    """
    points = {name: rounded(way, 1) for name, way in ways_deg.items()}

    def dots(k: int) -> list[go.Scatter3d]:
        return [
            go.Scatter3d(
                {axis: [value] for axis, value in zip("xyz", way[k], strict=True)},
                mode="markers",
                name=name,
                marker={"color": colour, "size": size},
            )
            for (name, way), colour, size in zip(
                points.items(), COLOURS, (8, 8, 10, 8, 6), strict=False
            )
        ]

    faint = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    lines = [
        go.Scatter3d(
            **spread_out(way[::4]), line={"color": colour, "width": 3}, opacity=0.5, **faint
        )
        for way, colour in zip(points.values(), COLOURS, strict=False)
    ]
    diamond = {"symbol": "diamond", "size": 5, "color": "black"}
    goal = go.Scatter3d(x=[0], y=[0], z=[0], mode="markers", name="goal", marker=diamond)
    steps = range(0, len(next(iter(points.values()))), every)
    still = [*lines, goal, *rings(180)]
    figure = slider_figure(
        {str(k): dots(k) for k in steps}, still=still, prefix="step ", play_ms=80
    )
    return in_the_ball(figure)


def rings(radius: float) -> list[go.Scatter3d]:
    """Three grey circles about the axes, around the origin."""
    around = torch.linspace(0, 2 * math.pi, 25, dtype=torch.float64)
    ring = radius * torch.stack((around.cos(), around.sin(), 0 * around), 1)
    faint = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    faint["line"] = {"color": "#999999", "width": 1}
    return [go.Scatter3d(spread_out(rounded(ring.roll(k, 1), 1)), **faint) for k in range(3)]


def in_the_ball(figure: go.Figure) -> go.Figure:
    """A cube of rotation vectors in degrees around the figure's traces."""
    axis = {"range": [-190, 190], "tickvals": [-180, 0, 180]}
    scene = {f"{name}axis": axis | {"title": f"{name} [°]"} for name in "xyz"}
    camera = {"eye": {"x": 1.2, "y": -1.5, "z": 0.8}}
    return figure.update_layout(
        height=480,
        margin={"l": 10, "r": 20, "t": 10, "b": 30},
        scene=scene | {"aspectmode": "cube", "camera": camera},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )


def spread_out(points: list) -> dict:
    """Points `[N][3]` as plotly takes them."""
    return dict(zip("xyz", map(list, zip(*points, strict=True)), strict=True))


def precision(small, near_zero: dict, near_half_turn: dict) -> Figure:
    """Errors of formulas for small angles `[T]` and for angles that much below 180 degrees."""
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.2), sharey=True)
    labels = ("angle [rad]", "180° minus angle [rad]")
    for axis, errors, label in zip(axes, (near_zero, near_half_turn), labels, strict=True):
        for (name, error), marker in zip(errors.items(), "osv", strict=True):
            axis.loglog(small, error.clamp(min=1e-9), marker, ms=3.5, label=name)
        axis.set(xlabel=label)
    axes[0].set_ylabel("error [rad]")
    axes[0].legend(fontsize=9)
    return figure


def quaternion_distances(cosine, moving, still, turn) -> Figure:
    """Two distances of a turning quaternion `[T, 4]` to where it began."""
    figure, axis = plt.subplots()
    axis.plot(
        turn.rad2deg(), (2 * cosine.clamp(-1, 1).acos()).rad2deg(), "--", label="3.19 as printed"
    )
    axis.plot(
        turn.rad2deg(),
        rr.quaternion_distance(moving, still).rad2deg(),
        label="3.21 = 3.19 with |·|",
    )
    axis.set(
        xlabel="turn [°]",
        ylabel="distance [°]",
        xticks=range(0, 721, 180),
        yticks=range(0, 361, 90),
    )
    axis.legend(fontsize=10)
    return figure


def two_ways(printed_way, short_way) -> Figure:
    """Errors in degrees along two descents, step by step."""
    figure, axis = plt.subplots()
    axis.plot(printed_way, "--", label="3.17 as printed")
    axis.plot(short_way, label="the smaller of the two")
    axis.set(xlabel="step", ylabel="error of the rotation [°]", yticks=range(0, 181, 45))
    axis.legend(fontsize=10)
    return figure
