"""What chapter 3a draws: rotations of the plane, locks, two covers, ways between attitudes."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

import rigid_depth.rotations as rr
from rigid_depth.book.cells import notebook
from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import add_slider, slider_figure


def plane_rotation(first, phi, second, start, theta) -> Figure:
    """Two points of the unit circle: turned by phi, then by theta."""
    figure, axis = plt.subplots(figsize=(4.2, 4.0))
    circle = rr.rotation_matrix_2d(torch.linspace(0, 2 * math.pi, 181)) @ start
    axis.plot(*circle.T, color="0.75", lw=1)
    for r, (a, b), name in ((0.35, (0, phi), "φ"), (0.55, (phi, phi + theta), "θ")):
        arc = r * rr.rotation_matrix_2d(torch.linspace(float(a), float(b), 30)) @ start
        axis.plot(*arc.T, color="0.35", lw=1.5)
        axis.text(*(arc[15] * 1.12), name)
    for colour, (point, name) in zip(notebook.COLOURS, ((first, "1"), (second, "2")), strict=False):
        axis.plot([0, point[0]], [0, point[1]], "-o", color=colour)
        axis.text(*(point * 1.1), name, color=colour, ha="center", va="center")
    axis.set(xlabel="x", ylabel="y", xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    return figure


def two_locks() -> Figure:
    """Singular values of the Jacobian of Euler angles and of rotation vectors."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1), sharey=True)
    b = torch.linspace(-math.pi, math.pi, 121)
    sine = b.sin().abs()
    for value in ((2 + 2 * sine).sqrt(), torch.full_like(b, 2**0.5), (2 - 2 * sine).sqrt()):
        left.plot(b.rad2deg(), value)
    for angle in b[::6]:
        point = torch.stack((angle * 0 + 0.3, angle, angle * 0 - 1.0))
        values = rr.jacobian_singular_values(lambda a: rr.euler_to_matrix(a, "XYZ"), point)
        left.plot([float(angle.rad2deg())] * 3, values, ".", color="0.2")
    lengths = torch.linspace(0, 4 * math.pi, 121)
    direction = torch.tensor([1.0, 2.0, 2.0]) / 3
    values = torch.stack(
        [rr.jacobian_singular_values(rr.rotvec_to_matrix, n * direction) for n in lengths]
    )
    for k, (line, label) in enumerate((("-", "fastest"), ("--", "middle"), (":", "slowest"))):
        right.plot(lengths.rad2deg(), values[:, k], line, label=label)
    left.set(xlabel="middle angle [°]", ylabel="singular value", xticks=range(-180, 181, 90))
    right.set(xlabel="length of the rotation vector [°]", xticks=range(0, 721, 180))
    right.legend(fontsize=10)
    return figure


def double_cover(turns, matrices, quaternions, canonical) -> go.Figure:
    """A flag that turns, its quaternion (w, z) and the one of the two that has w >= 0.

    `turns` `[T]` in radians about z; rotations `[T, 3, 3]` and quaternions `[T, 4]` of them.
    """
    flag = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0.7, 0.22, 0], [0.45, 0, 0]]).to(matrices)
    angles = torch.arange(61, dtype=torch.float64) * math.pi / 30
    ring = {"x": rounded(angles.cos(), 3), "y": rounded(angles.sin(), 3), "mode": "lines"}

    def pieces(n: int) -> list[dict]:
        x, y, _ = rounded((flag @ matrices[n].mT).T, 3)
        (w, z), (cw, cz) = (rounded(q[n, [0, 3]], 3) for q in (quaternions, canonical))
        return [{"x": x, "y": y}, {"x": [0, w], "y": [0, z]}, {"x": [cw], "y": [cz]}]

    styles = (
        {"mode": "lines", "fill": "toself", "line": {"color": COLOURS[0]}},
        {"mode": "lines+markers", "line": {"color": COLOURS[1]}},
        {"mode": "markers", "marker": {"symbol": "x", "size": 10, "color": "#222"}},
    )
    figure = make_subplots(1, 2, subplot_titles=("body", "quaternion"), horizontal_spacing=0.14)
    for column in (1, 2):
        figure.add_scatter(**ring, line={"color": "#CCC"}, row=1, col=column)
    for piece, style, column in zip(pieces(1), styles, (1, 2, 2), strict=True):
        figure.add_scatter(**piece, **style, row=1, col=column)
    states = {f"{a:.0f}": pieces(n) for n, a in enumerate(turns.rad2deg().tolist())}
    turned = {"prefix": "turned by ", "suffix": "°", "active": 1, "top_px": 56, "redraw": False}
    add_slider(figure, states, traces=[2, 3, 4], play_ms=120, **turned)
    figure.update_layout(height=430, margin={"t": 64}, showlegend=False)
    upright = {"range": [-1.2, 1.2], "title_standoff": 0}
    figure.update_xaxes(range=[-1.2, 1.2], title_text="x", col=1)
    figure.update_xaxes(range=[-1.2, 1.2], title_text="w", col=2)
    figure.update_yaxes(**upright, scaleanchor="x", title_text="y", col=1)
    figure.update_yaxes(**upright, scaleanchor="x2", title_text="z", col=2)
    return figure


BARE = {f"{axis}axis": {"visible": False} for axis in "xyz"} | {
    "aspectmode": "data",
    "camera": {"eye": {"x": 1.1, "y": 1.1, "z": 0.7}},
}
"""A scene without axes."""


def ways_between(ways: dict, fractions) -> go.Figure:
    """Where the tip of the body's x axis goes: a curve for each way, and a point that moves.

    `ways` has rotations `[F, 3, 3]` by name; `fractions` `[F]` of the way done.
    """
    tips = {name: rounded(matrices[:, :, 0], 3) for name, matrices in ways.items()}
    colours = list(COLOURS[: len(tips)])

    def markers(n: int) -> list[go.Scatter3d]:
        at = dict(zip("xyz", zip(*(tip[n] for tip in tips.values()), strict=True), strict=True))
        marker = {"color": colours, "size": 7}
        return [go.Scatter3d(**at, mode="markers", marker=marker, showlegend=False)]

    curves = [
        go.Scatter3d(
            **dict(zip("xyz", zip(*tip, strict=True), strict=True)),
            mode="lines",
            name=name,
            line={"color": colour, "width": 6},
        )
        for colour, (name, tip) in zip(colours, tips.items(), strict=True)
    ]
    shown = list(enumerate(fractions.tolist()))[::2]
    figure = slider_figure(
        {f"{100 * f:.0f}": markers(n) for n, f in shown},
        still=[globe(), *curves],
        active=6,
        prefix="way done: ",
        suffix=" %",
        top_px=0,
    )
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "top"}
    margin = dict.fromkeys("lrtb", 0)
    figure.update_layout(height=480, margin=margin, scene=BARE, legend=legend)
    figure.layout.sliders[0].pad = {"t": 0, "l": 20, "r": 20, "b": 10}
    return figure


def globe() -> go.Surface:
    """The unit sphere, pale."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, 17), np.linspace(0, 2 * np.pi, 25))
    sphere = (np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar))
    places = {a: np.float32(rounded(side, 4)) for a, side in zip("xyz", sphere, strict=True)}
    grey = [[0, "#BBBBBB"], [1, "#BBBBBB"]]
    return go.Surface(places, opacity=0.25, showscale=False, hoverinfo="skip", colorscale=grey)


def angles_drawn(drawn, eye):
    """Histograms of the angles of rotations `[N, 3, 3]` by name, beside the density of SO(3)."""
    figure, axis = plt.subplots(figsize=(5.4, 3.0))
    for (name, matrices), line in zip(drawn.items(), ("-", "--", "-.", ":"), strict=False):
        angles = rr.geodesic_distance(matrices, eye.expand_as(matrices)).rad2deg()
        axis.hist(
            angles.numpy(),
            bins=45,
            range=(0, 180),
            density=True,
            histtype="step",
            lw=1.8,
            ls=line,
            label=name,
        )
    theta = torch.linspace(0, math.pi, 100)
    axis.plot(theta.rad2deg(), (1 - theta.cos()) / 180, color="black", lw=1.2)
    axis.set(xlabel="angle of the rotation [°]", ylabel="density [1/°]")
    axis.legend(fontsize=10, loc="upper left")
    return figure
