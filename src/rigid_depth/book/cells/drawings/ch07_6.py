"""What chapter 7.6 draws: depth on coarser and finer grids."""

from __future__ import annotations

import plotly.graph_objects as go

from rigid_depth.book.cells import depthscale
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def depth_on_grids(grids: dict, active: int) -> go.Figure:
    """Mean depth on grids; `grids`: label -> (log10 of metres `[R, C]`, x `[C]`, y `[R]`).

    The places are shares of the image's width and height; a cell without a return is NaN.
    """
    look = depthscale.for_plotly()
    states = {
        label: [go.Heatmap(z=rounded(z), x=rounded(x, 4), y=rounded(y, 4), **look)]
        for label, (z, x, y) in grids.items()
    }
    figure = slider_figure(states, active=active, prefix="grid: ")
    figure.update_xaxes(title="across the image", range=[0, 1])
    figure.update_yaxes(title="down the image", range=[1, 0])
    return figure.update_layout(height=360)
