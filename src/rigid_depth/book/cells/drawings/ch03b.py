"""What chapter 3b draws: clouds that are turned, fitted and scanned again."""

from __future__ import annotations

import matplotlib.pyplot as plt
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure
from plotly.subplots import make_subplots

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import add_slider


def turned_shapes(turned, target, turns_deg, cost, best_deg: float, active: int) -> go.Figure:
    """A shape at every angle beside its target, and the cost over the angle.

    `turned` `[T, N, 2]`, `target` `[N, 2]`, `turns_deg` and `cost` `[T]`; the dashed line is the
    closed form's angle.
    """
    costs = rounded(cost, 3)

    def at(n: int) -> list[dict]:
        pairs = torch.stack((turned[n], target, target * torch.nan), 1).flatten(0, 1)
        x, y = rounded(pairs.T)
        marker = {"x": [int(turns_deg[n])], "y": [costs[n]]}
        return [{"x": x, "y": y}, closed(turned[n]), marker]

    figure = make_subplots(1, 2, horizontal_spacing=0.16)
    left, right = {"row": 1, "col": 1}, {"row": 1, "col": 2}
    grey, orange = {"color": "#999", "width": 1}, {"color": COLOURS[1]}
    curve = {"x": turns_deg.tolist(), "y": costs, "mode": "lines", "line": {"color": "#777"}}
    figure.add_scatter(**closed(target), line={"color": COLOURS[0]}, **left)
    figure.add_scatter(**curve, **right)
    partners, outline, place = at(active)
    figure.add_scatter(**partners, mode="lines", line=grey, **left)
    figure.add_scatter(**outline, line=orange, **left)
    figure.add_scatter(**place, mode="markers", marker={**orange, "size": 11}, **right)
    figure.add_vline(x=best_deg, line={"dash": "dash", "color": "#222", "width": 1}, **right)
    states = {str(int(a)): at(n) for n, a in enumerate(turns_deg)}
    words = {"prefix": "turned by ", "suffix": "°", "top_px": 56, "redraw": False}
    add_slider(figure, states, traces=[2, 3, 4], active=active, **words)
    figure.update_layout(height=430, showlegend=False)
    figure.update_xaxes(range=[-2, 2], title_text="x", col=1)
    figure.update_yaxes(range=[-2, 2], scaleanchor="x", title_text="y", title_standoff=0, col=1)
    figure.update_xaxes(title_text="angle [°]", tickvals=[-180, -90, 0, 90, 180], col=2)
    figure.update_yaxes(title_text="cost", title_standoff=0, rangemode="tozero", col=2)
    return figure


def closed(points) -> dict:
    """The outline of points `[N, 2]`, back to the first."""
    x, y = rounded(torch.cat((points, points[:1])).T)
    return {"x": x, "y": y}


def choice_of_clouds(goal, states: dict, height_m) -> go.Figure:
    """A grey cloud `[N, 3]` and, by button, one of several beside it, coloured by height."""
    marker = {"color": height_m.float().numpy(), "colorscale": "Viridis", "size": 2}
    grey = {"size": 3, "color": "#AAA"}
    figure = go.Figure(go.Scatter3d(**axes_of(goal), mode="markers", marker=grey))
    for number, points in enumerate(states.values()):
        shown = {"mode": "markers", "marker": marker, "visible": number == 0}
        figure.add_scatter3d(**axes_of(points), **shown)
    buttons = [
        {
            "label": name,
            "method": "restyle",
            "args": ["visible", [True, *(n == name for n in states)]],
        }
        for name in states
    ]
    ranges = zip("xyz", ([-60, 75], [-60, 75], [-25, 45]), strict=True)
    axes = {f"{a}axis": {"title": {"text": f"{a} [m]"}, "range": r} for a, r in ranges}
    menu = {"type": "buttons", "direction": "right", "buttons": buttons, "x": 0, "y": 1}
    figure.update_layout(
        height=480,
        margin={"l": 0, "r": 0, "t": 44, "b": 0},
        showlegend=False,
        scene={**axes, "aspectmode": "data"},
        updatemenus=[menu | {"xanchor": "left", "yanchor": "bottom"}],
    )
    return figure


def axes_of(points) -> dict:
    """Points `[N, d]` as plotly takes them, x, y and, if there is one, z."""
    return {axis: column.float().numpy() for axis, column in zip("xyz", points.T, strict=False)}


def errors_by_gap(errors, gaps) -> go.Figure:
    """The largest error of each solver by the gap of the singular values."""
    figure = go.Figure()
    for (name, values), dash in zip(errors.items(), ("solid", "dash", "dot"), strict=True):
        rounded = [float(f"{value:.1e}") for value in values]
        figure.add_scatter(x=gaps.round(7), y=rounded, name=name, line_dash=dash)
    figure.update_layout(height=360, legend_orientation="h", legend_y=1.15)
    figure.update_xaxes(
        type="log",
        autorange="reversed",
        title="gap: sum of the two smallest signed singular values",
    )
    figure.update_yaxes(type="log", exponentformat="power", title="largest error")
    return figure


def sweeps_from_above(first, later: dict, prefix: str) -> go.Figure:
    """A sweep `[N, 3]` from above and another that moves with the slider, by label."""
    style = {"mode": "markers", "marker": {"size": 4, "color": COLOURS[0]}, "name": "first"}
    moving = {"mode": "markers", "marker": {"size": 3, "color": COLOURS[1]}, "name": "later"}
    states = {label: [axes_of(points[:, :2])] for label, points in later.items()}
    figure = go.Figure([go.Scatter(**axes_of(first[:, :2]), **style)])
    figure.add_scatter(**next(iter(states.values()))[0], **moving)
    add_slider(figure, states, traces=[1], prefix=prefix, transition_ms=300, redraw=False)
    figure.update_layout(
        height=520,
        xaxis={"title": {"text": "x [m]"}, "range": [-30, 30]},
        yaxis={
            "title": {"text": "y, driving direction [m]"},
            "range": [-30, 30],
            "scaleanchor": "x",
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def noise_and_wrong_pairs(measured: dict, predicted: dict, shares, plain, robust) -> Figure:
    """Error of a fitted rotation: by noise, for clouds of several sizes, and by wrong pairs.

    `measured` and `predicted` have degrees by (points, noise in metres).
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.0, 3.0))
    noises = sorted({noise for _, noise in measured})
    for colour, n in zip(COLOURS, sorted({n for n, _ in measured}), strict=False):
        left.loglog(noises, [predicted[n, s] for s in noises], color=colour, lw=1.2)
        found = [measured[n, s] for s in noises]
        left.loglog(noises, found, "o", ms=4, color=colour, label=f"{n} points")
    left.set(xlabel="noise [m]", ylabel="error of the rotation [°]")
    left.legend(fontsize=9)
    right.semilogy(100 * shares, plain, "-o", ms=4, label="equal weights")
    right.semilogy(100 * shares, robust, "--s", ms=4, label="weights from residuals")
    right.set(xlabel="wrong pairs [%]")
    right.legend(fontsize=9)
    return figure
