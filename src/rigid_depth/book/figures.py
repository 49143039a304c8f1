"""Figures of the book as plain data for plotly."""

from __future__ import annotations

from rigid_depth.book.notebook import COLOURS


def curves(record: dict, quantity: str, axis: str) -> dict | None:
    """Learning curves of one quantity over the steps, training and validation; None if absent."""
    traces = []
    for colour, (split, name) in zip(
        COLOURS, {"train": "training", "val": "validation"}.items(), strict=False
    ):
        curve = record["curves"].get(split, {})
        if curve.get(quantity):
            trace = {"type": "scatter", "mode": "lines", "name": name, "x": curve["step"]}
            traces.append({**trace, "y": curve[quantity], "line": {"color": colour}})
    if not traces:
        return None
    layout = {
        "height": 340,
        "font": {"size": 13},
        "margin": {"l": 60, "r": 12, "t": 12, "b": 50},
        "xaxis": {"title": {"text": "step"}},
        "yaxis": {"title": {"text": axis}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    }
    return {"data": traces, "layout": layout}
