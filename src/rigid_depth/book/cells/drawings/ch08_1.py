"""What chapters 7.3 and 8.1 draw: loss weights over a run."""

from __future__ import annotations

import plotly.graph_objects as go

from rigid_depth.book.cells.rounding import rounded


def weights_over_steps(weights: dict, constant: dict | None = None, height: int = 360) -> go.Figure:
    """Weights of losses over a run of a hundred steps; `constant`: name -> weight, dotted."""
    figure = go.Figure()
    for name, values in weights.items():
        figure.add_scatter(x=list(range(len(values))), y=rounded(values, 4), name=name)
        if constant:
            ends, level = [0, len(values) - 1], [constant[name]] * 2
            figure.add_scatter(x=ends, y=level, name=f"{name}, constant", line={"dash": "dot"})
    figure.update_xaxes(title="step [% of the run]")
    figure.update_yaxes(title="weight", rangemode="tozero")
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return figure.update_layout(height=height, legend=legend)
