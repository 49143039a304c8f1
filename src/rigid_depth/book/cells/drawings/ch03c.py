"""What chapter 3c draws: where maps onto SO(3) land, how they stretch and where they jump."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def landing(angles_deg: dict) -> Figure:
    """Densities of the angles `[N]` of the rotations that each map makes, beside uniform ones."""
    edges = torch.linspace(0, 180, 25)
    middles = (edges[1:] + edges[:-1]) / 2
    figure, axis = plt.subplots(dpi=64)
    uniform = (1 - middles.deg2rad().cos()) / math.pi * math.pi / 180
    axis.plot(middles, uniform, "k:", lw=2.5, label="uniform")
    for (name, angle), line in zip(angles_deg.items(), ("-", "--", "-", "--", "-."), strict=True):
        density = torch.histogram(angle.float(), edges, density=True).hist
        axis.plot(middles, density, line, label=name, lw=1.6)
    axis.set(xlabel="angle of the rotation [°]", ylabel="density [1/°]", xticks=range(0, 181, 45))
    axis.legend(fontsize=9)
    return figure


def turned_balls(states: dict, titles: Sequence[str], prefix: str) -> go.Figure:
    """Two surfaces side by side that change with the slider.

    `states` has for each label two surfaces `[3, R, C]`, `titles` stand above them.
    """

    def surfaces(shapes) -> list[go.Surface]:
        return [
            go.Surface(
                dict(zip("xyz", rounded(shape), strict=True)),
                scene=scene,
                showscale=False,
                opacity=0.9,
                colorscale=[[0, colour], [1, colour]],
                hoverinfo="skip",
            )
            for shape, scene, colour in zip(shapes, ("scene", "scene2"), COLOURS[:2], strict=True)
        ]

    drawn = {label: surfaces(shapes) for label, shapes in states.items()}
    figure = slider_figure(drawn, prefix=prefix)
    axis = {"range": [-1.5, 1.5], "tickvals": [-1, 0, 1]}
    cube = {f"{name}axis": axis | {"title": name} for name in "xyz"}
    cube |= {"aspectmode": "cube", "camera": {"eye": {"x": 1.5, "y": 1.3, "z": 0.8}}}
    for place, text in zip((0.25, 0.76), titles, strict=True):
        above = {"x": place, "y": 1.02, "yanchor": "bottom", "xref": "paper", "yref": "paper"}
        figure.add_annotation(text=text, showarrow=False, **above)
    figure.update_layout(
        height=400,
        margin={"l": 0, "r": 0, "t": 34, "b": 0},
        scene=cube | {"domain": {"x": [0, 0.49]}},
        scene2=cube | {"domain": {"x": [0.51, 1]}},
    )
    return figure


def slices(planes: dict) -> Figure:
    """Planes through the input space of six maps, coloured by the distance to a rotation.

    `planes` has for each name `angle_deg` `[H, W]`, `extent` of the axes, `dots` `[D, 2]` where
    the rotation is met, and `axes`, their two names.
    """
    figure, axes = plt.subplots(2, 3, figsize=(7.4, 4.9), dpi=70)
    for axis, (name, plane) in zip(axes.flat, planes.items(), strict=True):
        extent = plane["extent"]
        ends = {"extent": [-extent, extent] * 2, "origin": "lower"}
        shown = axis.imshow(plane["angle_deg"], vmin=0, vmax=180, **ends)
        inside = (plane["dots"].abs() <= extent).all(-1)
        axis.plot(*plane["dots"][inside].T, "o", mfc="#D55E00", mec="white", ms=6, ls="none")
        axis.plot(0, 0, "w+", ms=10)
        axis.set(title=name, xlabel=plane["axes"][0], ylabel=plane["axes"][1])
        axis.grid(False)
        axis.tick_params(labelsize=8)
        axis.xaxis.label.set_size(9)
        axis.yaxis.label.set_size(9)
    what = {"label": "distance to the wanted rotation [°]", "ticks": range(0, 181, 45)}
    figure.colorbar(shown, ax=axes, shrink=0.7, **what)
    return figure


def around_the_loop(turn, numbers: dict) -> Figure:
    """What ways back give along a closed loop of rotations; a line is broken where it jumps.

    `turn` `[T]` in radians, `numbers` `[T, k]` by name.
    """
    figure, axes = plt.subplots(2, 3, figsize=(7, 3.8), sharex=True, dpi=70)
    for axis, (name, values) in zip(axes.flat, numbers.items(), strict=True):
        broken = values.clone()
        broken[1:][(values.diff(dim=0).abs().amax(-1) > 0.3)] = math.nan
        axis.plot(turn.rad2deg(), broken, lw=1.2)
        axis.set_title(name, fontsize=11)
        axis.tick_params(labelsize=8)
        axis.set_xticks((0, 180, 360))
    figure.supxlabel("turn [°]", fontsize=11)
    figure.supylabel("numbers", fontsize=11)
    return figure


def condition_of_small(limits_deg, worst: dict) -> Figure:
    """Largest condition numbers `[L]` of maps, by name, over the largest angle of the rotations."""
    figure, axis = plt.subplots(figsize=(5.6, 3.4), dpi=80)
    for (name, values), mark in zip(worst.items(), ("o-", "s--", "^:"), strict=True):
        axis.plot(limits_deg, values, mark, ms=5, label=name)
    axis.axvline(45, color="0.6", lw=1)
    axis.set(xlabel="angle of the rotations [°]", ylabel="largest condition number")
    axis.set(yscale="log", ylim=(0.9, 30), yticks=(1, 2, 5, 10, 20), xticks=range(0, 181, 45))
    axis.set_yticklabels(("1", "2", "5", "10", "20"))
    axis.minorticks_off()
    axis.legend(fontsize=9)
    return figure


def horn(s1: float, s2: float, gaps, gains) -> Figure:
    """Left, the eigenvalues of -N(M) over s3; right, gains of 9D `[B]` over eigenvalue gaps."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4), dpi=80)
    s3 = torch.linspace(s2, -s2, 101)
    signs = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
    for (a, b, c), line in zip(signs, ("-", "--", "-.", ":"), strict=True):
        left.plot(s3, -(a * s1 + b * s2 + c * s3), line)
    left.plot(-s2, -s1, "ko", ms=6)  # where the two smallest meet
    left.invert_xaxis()
    left.set(xlabel="signed $s_3$", ylabel="eigenvalues of $-N(M)$")
    right.loglog(gaps, gains, ".", ms=4, alpha=0.6, label="random matrices")
    ends = torch.stack((gaps.min(), gaps.max()))
    right.loglog(ends, 4 / ends, "k-", lw=1, label="4 / gap")
    right.set(xlabel="eigenvalue gap of 10D", ylabel="largest gain of 9D")
    right.legend(fontsize=9)
    return figure
