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


def seeds(rows: list[dict], branch: str) -> dict:
    """RMSE of every seed and their mean, a line for each row of a results table that was run."""
    run = [row for row in rows if row["ours"][branch]]
    labels = [row["label"] for row in run]
    single = {"type": "scatter", "mode": "markers", "name": "seed", "x": [], "y": []}
    for row in run:
        values = [seed["rmse_m"] for seed in row["ours"][branch]["seeds"]]
        single["x"] += [round(value, 4) for value in values]
        single["y"] += [row["label"]] * len(values)
    single["marker"] = {"color": COLOURS[0], "size": 9, "opacity": 0.7}
    means = [round(row["ours"][branch]["mean_m"], 4) for row in run]
    marker = {"color": COLOURS[1], "symbol": "line-ns-open", "size": 20, "line": {"width": 3}}
    ends = [(row["ours"][branch]["low_m"], row["ours"][branch]["high_m"]) for row in run]
    half = [0 if low is None else round((high - low) / 2, 4) for low, high in ends]
    error = {"type": "data", "array": half, "color": COLOURS[1]}
    mean = {"type": "scatter", "mode": "markers", "name": "mean, 95 %", "x": means, "y": labels}
    mean["error_x"] = error
    layout = {
        "height": 170 + 42 * len(run),
        "xaxis": {"title": {"text": "RMSE, test split, up to 80 m [m]"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    }
    return {"data": [single, {**mean, "marker": marker}], "layout": layout}
