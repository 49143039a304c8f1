"""What chapter 3e draws: errors of regressed rotations, over steps, levels and angles."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure

STYLES = [*zip(COLOURS, ["solid"] * 7, strict=True), *zip(COLOURS[:2], ["dash"] * 2, strict=True)]
"""Colour and dash of up to nine lines."""


def bands_of_tasks(tasks: dict, title: str, **layout) -> go.Figure:
    """Lines with bands over seeds, the least to the largest, and a button for each task.

    `tasks` has for each task (x, y) by label; one of the two is `[seeds, points]`, the other
    `[points]`.
    """
    figure, owner = go.Figure(), []
    for task, lines in tasks.items():
        for (label, (x, y)), (colour, dash) in zip(lines.items(), STYLES, strict=True):
            (x0, x1, xm), (y0, y1, ym) = (low_high_mean(values) for values in (x, y))
            shared = {"visible": task == next(iter(tasks)), "legendgroup": label}
            around = {"x": [*x0, *reversed(x1)], "y": [*y0, *reversed(y1)], "mode": "none"}
            around |= {"fill": "toself", "fillcolor": colour, "opacity": 0.3}
            figure.add_scatter(**around, **shared, showlegend=False, hoverinfo="skip")
            line = {"color": colour, "dash": dash}
            figure.add_scatter(x=xm, y=ym, mode="lines", name=label, line=line, **shared)
            owner += [task, task]
    buttons = [
        {"label": task, "method": "update", "args": [{"visible": [o == task for o in owner]}]}
        for task in tasks
    ]
    menu = {"type": "buttons", "direction": "right", "buttons": buttons, "x": 0, "y": 1.13}
    figure.update_layout(
        title=title,
        height=590,
        margin_t=110,
        updatemenus=[menu | {"xanchor": "left"}],
        legend={"orientation": "h", "y": -0.24, "yanchor": "top"},
        **layout,
    )
    return figure


def low_high_mean(values) -> tuple[list[float], list[float], list[float]]:
    """Least, largest, mean over seeds `[seeds, points]`, to three digits; `[points]` as it is."""
    three = [values] * 3
    if values.ndim > 1:
        three = [values.amin(0), values.amax(0), values.mean(0)]
    return tuple([float(f"{value:.3g}") for value in part.tolist()] for part in three)


def errors_by_angle(middles_deg, errors_deg: dict) -> Figure:
    """Mean errors by the angle of the true rotation, bands over seeds.

    `errors_deg`: name -> (errors `[seeds, angles]`, colour, dash).
    """
    figure, axis = plt.subplots(figsize=(5.6, 3.9), dpi=100)
    for label, (values, colour, dash) in errors_deg.items():
        axis.fill_between(
            middles_deg, values.amin(0), values.amax(0), color=colour, alpha=0.2, lw=0
        )
        style = {"ls": "--" if dash == "dash" else "-", "marker": "o", "color": colour, "ms": 4}
        axis.plot(middles_deg, values.mean(0), label=label, **style)
    ticks = (0.3, 1, 3, 10, 30)
    axis.set(xlabel="angle of the true rotation [°]", ylabel="mean error [°]", yscale="log")
    axis.set(xticks=range(0, 181, 30), ylim=(0.3, 40), yticks=ticks, yticklabels=ticks)
    axis.legend(fontsize=9, ncols=2, handlelength=3, loc="upper left")
    return figure


def cost_of_noise(sigmas, costs: dict, theory: Sequence[float]) -> Figure:
    """Squared error over squared noise of projections; `costs`: name -> (mean, its error)."""
    figure, axis = plt.subplots(figsize=(5.2, 3.3))
    for (name, values), colour, limit in zip(costs.items(), COLOURS, theory, strict=False):
        mean, error = zip(*values, strict=True)
        axis.errorbar(sigmas, mean, [2 * e for e in error], fmt="o-", color=colour, label=name)
        axis.axhline(limit, color=colour, lw=1, ls=":")
    axis.set(xscale="log", xlabel="noise σ of every entry", ylim=(0, 8.5))
    axis.set(ylabel=r"$\|\hat R-R\|^2\,/\,\sigma^2$", xticks=sigmas, xticklabels=sigmas)
    axis.minorticks_off()
    axis.legend(fontsize=10)
    return figure


def gains_of_projection(s1: float, s2: float, s3_values: Sequence[float]) -> go.Figure:
    """How much the projection magnifies in each plane, by the smallest signed singular value."""
    planes = ["plane 1-2", "plane 1-3", "plane 2-3"]

    def bars(s3: float) -> list[go.Bar]:
        gains = rounded([2 / (s1 + s2), 2 / (s1 + s3), 2 / (s2 + s3)], 3)
        return [go.Bar(x=planes, y=gains, marker_color=list(COLOURS[:3]))]

    grey = {"color": "grey", "dash": "dot"}
    one = go.Scatter(x=planes, y=[1, 1, 1], mode="lines", line=grey)
    states = {str(s3): bars(s3) for s3 in s3_values}
    figure = slider_figure(states, still=[one], prefix="s₃ = ", top_px=30)
    figure.update_layout(
        title="Gain through the projection",
        margin_t=80,
        height=460,
        showlegend=False,
        yaxis={"type": "log", "range": [-0.3, 2.4], "title": "gain"},
    )
    return figure


def losses_by_angle(middles_deg, errors_deg: dict) -> Figure:
    """Mean errors of losses by the true angle, a panel for each map; `[seeds, angles]` by name."""
    figure, axes = plt.subplots(1, len(errors_deg), figsize=(7.4, 3.9), sharey=True, dpi=100)
    for axis, (title, losses) in zip(axes, errors_deg.items(), strict=True):
        for label, (values, colour) in losses.items():
            low, high = values.amin(0), values.amax(0)
            axis.fill_between(middles_deg, low, high, color=colour, alpha=0.2, lw=0)
            axis.plot(middles_deg, values.mean(0), "o-", color=colour, ms=4, label=label)
        axis.set(title=title, xlabel="angle of the true rotation [°]")
        axis.set(xticks=range(0, 181, 60), ylim=(0, 165))
    axes[0].set_ylabel("mean error [°]")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, fontsize=9, loc="outside lower center")
    return figure
