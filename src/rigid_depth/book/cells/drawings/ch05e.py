"""What chapter 5e draws: the example maps, and metrics under a bias."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded


def maps_and_errors(columns: Sequence[tuple], crop_px: tuple[float, float, float, float]) -> Figure:
    """Pictures of depth above those of errors; a dashed frame (left, top, width, height)."""
    figure, axes = plt.subplots(2, len(columns), figsize=(8, 2.6), dpi=90)
    left, top, width, height = crop_px
    for k, pictures in enumerate(columns):
        for axis, picture in zip(axes[:, k], pictures, strict=True):
            axis.imshow(picture)
            frame = {"fill": False, "ls": "--", "ec": "#D55E00"}
            axis.add_patch(plt.Rectangle((left, top), width, height, **frame))
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
        axes[0, k].set_title(f"image {k + 1}", fontsize=11)
    axes[0, 0].set_ylabel("true", fontsize=11)
    axes[1, 0].set_ylabel("error", fontsize=11)
    return figure


def metrics_by_factor(factors: Sequence[float], curves: dict) -> go.Figure:
    """Metrics over a factor on all predictions, a menu of metrics; `curves`: metric -> project."""
    dashes = ["solid", "dash", "dot", "dashdot"]
    names = list(dict.fromkeys(name for lines in curves.values() for name in lines))
    looks = {
        name: {"dash": dashes[k % len(dashes)], "color": COLOURS[k % len(COLOURS)]}
        for k, name in enumerate(names)
    }
    figure, owner, first = go.Figure(), [], next(iter(curves))
    for label, lines in curves.items():
        for name, values in lines.items():
            line = {"x": factors, "y": rounded(values, 3), "mode": "lines", "line": looks[name]}
            figure.add_scatter(**line, name=name, visible=label == first)
            owner.append(label)
    buttons = [
        {
            "label": label,
            "method": "update",
            "args": [{"visible": [o == label for o in owner]}, {"yaxis.title.text": label}],
        }
        for label in curves
    ]
    menu = {"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.15, "yanchor": "top"}
    figure.update_layout(xaxis_title="factor on all predictions", yaxis_title=first, height=480)
    legend = {"orientation": "h", "y": -0.2, "font": {"size": 11}}
    return figure.update_layout(
        yaxis_rangemode="tozero", legend=legend, margin={"t": 60}, updatemenus=[menu]
    )
