"""What chapter 7.1 draws: what the guide is given, and what it learns from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.inwords import line_in_words, with_words
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure
from rigid_depth.experiments.recording.pictures import points_picture

ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
"""A legend above the plot."""


def input_pictures(image: np.ndarray, depths_m: Sequence[np.ndarray]) -> Image.Image:
    """An image `[H, W, 3]` and returns `[H, W]` on it (0 = none), two pictures a row."""
    pictures = [image, *(points_picture(image, depth_m) for depth_m in depths_m)]
    rows = [np.hstack(pictures[k : k + 2]) for k in range(0, len(pictures), 2)]
    whole = Image.fromarray(np.vstack(rows))
    size = (768, 768 * whole.height // whole.width)
    return whole.resize(size, Image.Resampling.NEAREST).quantize(96)


def noisy_depths(true_m, read_m: dict, active: int) -> go.Figure:
    """Between which depths noise of one standard deviation moves a return.

    `read_m`: standard deviation -> encoding -> (lower, upper) in metres, `[D]` like `true_m`.
    """
    colours = {"linear": "rgba(0,114,178,0.35)", "reciprocal": "rgba(213,94,0,0.35)"}

    def bands(by_encoding: dict) -> list[go.Scatter]:
        traces = []
        for kind, (lower_m, upper_m) in by_encoding.items():
            x = rounded([*true_m, *true_m.flip(0)], 1)
            y = rounded([*lower_m, *upper_m.flip(0)], 1)
            look = {"fill": "toself", "fillcolor": colours[kind]}
            look["line"] = {"width": 1, "color": colours[kind]}
            traces.append(go.Scatter(x=x, y=y, name=kind, **look))
        return traces

    states = {label: bands(by_encoding) for label, by_encoding in read_m.items()}
    figure = slider_figure(states, active=active, prefix="std = ", top_px=40)
    figure.update_xaxes(title="true depth [m]")
    figure.update_yaxes(title="read back [m]", range=[0, 102])
    return figure.update_layout(height=420, legend=ABOVE)


def lead_and_distance(points: dict) -> go.Figure:
    """Lead of the guide and distance of the latents, seeds small and their mean large.

    `points`: experiment -> `[seeds, 2]`.
    """
    figure, means = go.Figure(), []
    for colour, (name, found) in zip(COLOURS, points.items(), strict=False):
        means.append(f"{name} {found[:, 0].mean():.2f} m and {found[:, 1].mean():.2f}")
        xs, ys = [*found[:, 0], found[:, 0].mean()], [*found[:, 1], found[:, 1].mean()]
        marker = {"color": colour, "size": [6] * len(found) + [13]}
        figure.add_scatter(
            x=rounded(xs, 3), y=rounded(ys, 4), mode="markers", name=name, marker=marker
        )
    figure.update_xaxes(title="lead of the guide over RGB [m]")
    figure.update_yaxes(title="relative distance of the latents", rangemode="tozero")
    words = f"Scatter of seeds and means; mean lead and mean distance: {'; '.join(means)}."
    return with_words(figure.update_layout(height=380, legend=ABOVE), words)


def curves_of_splits(curves: dict) -> go.Figure:
    """Learning curves, a colour each, training solid and validation dotted.

    `curves`: label -> split -> (steps, RMSE in metres).
    """
    figure, said = go.Figure(), []
    for colour, (label, splits) in zip(COLOURS, curves.items(), strict=False):
        for (split, (steps, rmse_m)), dash in zip(splits.items(), ("solid", "dot"), strict=False):
            line = {"color": colour, "dash": dash}
            name = f"{label}, {split}"
            figure.add_scatter(x=steps, y=rounded(rmse_m, 3), name=name, line=line)
            said.append(line_in_words(name, steps, list(rmse_m)))
    figure.update_xaxes(title="step")
    figure.update_yaxes(title="RMSE up to 80 m [m]", rangemode="tozero")
    words = f"RMSE in metres over the training steps: {'; '.join(said)}."
    return with_words(figure.update_layout(height=380, legend=ABOVE), words)
