"""What chapter 7.8 draws: clouds turned onto each other, and what a wider channel lets in."""

from __future__ import annotations

import plotly.graph_objects as go

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.inwords import with_words
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def clouds_turned(target, steps: dict) -> go.Figure:
    """A cloud `[N, 3]` that the slider turns onto another; `steps`: label -> (cloud, title)."""

    def points(rows, name: str, colour: int, symbol: str) -> go.Scatter3d:
        places = dict(zip("xyz", rounded(rows.double().mT), strict=True))
        marker = {"size": 4, "color": COLOURS[colour], "symbol": symbol}
        return go.Scatter3d(places, mode="markers", name=name, marker=marker)

    still = points(target, "RGB-D", 1, "diamond")
    states = {
        label: [points(rows, "RGB, turned", 0, "circle")] for label, (rows, _) in steps.items()
    }
    titles = {label: title for label, (_, title) in steps.items()}
    figure = slider_figure(states, still=[still], titles=titles, prefix="turned: ", top_px=10)
    names = zip("xyz", ("channel 3j", "3j+1", "3j+2"), strict=True)
    scene = {f"{axis}axis": {"range": [-3.2, 3.2], "title": name} for axis, name in names}
    legend = {"orientation": "h", "y": 1, "yanchor": "top"}
    scene |= {"aspectmode": "cube", "camera": {"eye": {"x": 1.5, "y": 1.5, "z": 1.1}}}
    return figure.update_layout(height=460, legend=legend, scene=scene)


def worth_of_channel(worth: dict, free_numbers: dict) -> go.Figure:
    """Depth minus RGB with 95 % intervals, a row for each experiment and its free numbers."""
    found = list(worth.values())
    error = {"type": "data", "array": rounded([d.high - d.mean for d in found], 4)}
    error["arrayminus"] = rounded([d.mean - d.low for d in found], 4)
    counts = [free_numbers[name] for name in worth]
    rows = [f"{n}: {k} number{'s' * (k != 1)}" for n, k in zip(worth, counts, strict=True)]
    x = rounded([d.mean for d in found], 4)
    figure = go.Figure(go.Scatter(x=x, y=rows, mode="markers", marker_size=10, error_x=error))
    figure.add_vline(x=0, line={"dash": "dot", "width": 1})
    figure.update_xaxes(title="depth minus RGB, RMSE [m]")
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(height=160 + 40 * len(rows))
    said = [
        f"{row}, {d.mean:+.2f} m ({d.low:+.2f} to {d.high:+.2f})"
        for row, d in zip(rows, found, strict=True)
    ]
    words = "Points with 95 % intervals beside zero, below which the guided branch errs less: "
    return with_words(figure, f"{words}{'; '.join(said)}.")
