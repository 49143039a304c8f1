"""What chapter 7.7 draws: codes of a latent that is turned."""

from __future__ import annotations

import plotly.graph_objects as go

from rigid_depth.book.cells.rounding import rounded
from rigid_depth.book.cells.sliders import slider_figure


def codes_of_a_turn(codes: dict) -> go.Figure:
    """Cosines to anchors while the latent is turned; `codes`: degrees -> pool -> `[anchors]`."""

    def bars(by_pool: dict) -> list[go.Bar]:
        return [
            go.Bar(name=name, x=[f"a{k + 1}" for k in range(len(code))], y=rounded(code, 3))
            for name, code in by_pool.items()
        ]

    states = {label: bars(by_pool) for label, by_pool in codes.items()}
    figure = slider_figure(states, prefix="latent turned by ", suffix="°")
    figure.update_xaxes(title="anchor")
    figure.update_yaxes(title="cosine", range=[-1.05, 1.05])
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return figure.update_layout(height=360, barmode="group", legend=legend)
