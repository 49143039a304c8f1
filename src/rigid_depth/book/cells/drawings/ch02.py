"""What chapter 2 draws: the error of stereo, and a curve with its own doubt."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import plotly.graph_objects as go
import torch
from matplotlib.figure import Figure

from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def stereo_error(focal_px: float, baselines_m: Sequence[float], active: int) -> go.Figure:
    """Depth error of stereo that is half a pixel off, by baseline, beside a LiDAR's 2 cm."""
    depths_m = torch.linspace(2, 100, 50, dtype=torch.float64)

    def stereo(baseline_m: float) -> list[go.Scatter]:
        error_m = depths_m**2 / (focal_px * baseline_m) * 0.5
        line = {"x": depths_m.tolist(), "y": rounded(error_m, 4), "name": "stereo, half a pixel"}
        return [go.Scatter(line)]

    lidar = go.Scatter(x=[2, 100], y=[0.02, 0.02], name="LiDAR", line={"dash": "dot"})
    states = {str(b): stereo(b) for b in baselines_m}
    figure = slider_figure(states, still=[lidar], active=active, prefix="baseline [m]: ", top_px=60)
    figure.update_layout(
        height=420,
        xaxis_title="depth [m]",
        yaxis={"title": "error [m]", "type": "log", "range": [-2.5, 2]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def uncertain_curve(fresh, mean, said, truth) -> Figure:
    """Noisy points, the curve a model fits to them, and the two standard deviations it states."""
    line = fresh.argsort()
    figure, ax = plt.subplots()
    ax.plot(fresh[::5], truth[::5], ".", markersize=2, color="0.5")
    ax.plot(fresh[line], mean[line])
    ax.fill_between(fresh[line], (mean - 2 * said)[line], (mean + 2 * said)[line], alpha=0.25)
    ax.set(xlabel="x", ylabel="y")
    return figure
