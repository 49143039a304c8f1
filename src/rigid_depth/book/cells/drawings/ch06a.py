"""What chapter 6a draws: frames of the world, a sweep, and how depths are spread."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
from IPython.display import Image as Shown
from matplotlib.figure import Figure
from PIL import Image


def picture_grid(
    rows: Sequence[Sequence[np.ndarray]], width: int = 840, quality: int = 80
) -> Shown:
    """Pictures `[H, W, 3]` of equal size in a grid, as one JPEG that ends a cell."""
    grid = Image.fromarray(np.vstack([np.hstack(row) for row in rows]))
    small = grid.resize((width, round(grid.height * width / grid.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "jpeg", quality=quality)
    return Shown(buffer.getvalue(), format="jpeg")


def sweep(points_m: np.ndarray) -> go.Figure:
    """A LiDAR sweep `[N, 3]` in its own frame, coloured by height."""
    marker = {"size": 1.6, "color": points_m[:, 2].tolist(), "colorscale": "Viridis"}
    marker |= {"cmin": -2, "cmax": 8, "colorbar": {"title": {"text": "height [m]"}, "len": 0.6}}
    places = dict(zip("xyz", points_m.T.tolist(), strict=True))
    axes = {f"{a}axis": {"title": {"text": f"{a} [m]"}} for a in "xyz"}
    scene = {**axes, "aspectmode": "data", "camera": {"eye": {"x": 0.0, "y": -0.9, "z": 0.5}}}
    layout = {"height": 420, "scene": scene, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}}
    return go.Figure(go.Scatter3d(places, mode="markers", marker=marker), layout)


def encodings(depths_m, encoded: dict, metres: dict) -> Figure:
    """Encoded values by depth, and how many metres a hundredth of them is; both by encoding."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.8))
    for name, values in encoded.items():
        left.plot(depths_m, values, label=name)
        right.semilogy(depths_m, metres[name], label=name)
    left.set(xlabel="depth [m]", ylabel="encoded value y")
    right.set(xlabel="depth [m]", ylabel="metres per 0.01")
    left.legend()
    return figure


def depth_histogram(depths_m: dict, percentiles_m: Sequence[float]) -> Figure:
    """How depths are spread, by name; dashed lines at percentiles of other data."""
    bins = np.geomspace(2, 100, 45)
    figure, axis = plt.subplots(figsize=(6.4, 3.0))
    for name, values in depths_m.items():
        percent = np.full(len(values), 100 / len(values))
        axis.hist(values, bins, weights=percent, histtype="step", lw=2, label=name)
    for percentile in percentiles_m:
        axis.axvline(percentile, ls="--", lw=1, color="0.35")
    axis.set(xscale="log", xlabel="depth [m]", ylabel="share [%]")
    axis.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
    axis.legend()
    return figure
