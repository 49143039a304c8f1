"""Figures of the book as plain data for plotly."""

from __future__ import annotations

from statistics import fmean

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.inwords import line_in_words, with_words
from rigid_depth.book.runs.results import Run

LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
"""Above the chart, in one line."""


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
        "legend": LEGEND,
    }
    return with_words({"data": traces, "layout": layout}, _lines_in_words(traces, axis))


def _lines_in_words(lines: list[dict], axis: str, of: str = "") -> str:
    """Every line in words; `of` names whose they are."""
    said = [line_in_words(line["name"], line["x"], line["y"]) for line in lines]
    steps = [step for line in lines for step in line["x"]]
    if not steps:
        return f"An empty chart: {axis}{of} has no curve yet."
    return f"{axis}{of} from step {min(steps):,} to step {max(steps):,}: {'; '.join(said)}."


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
        "xaxis": {"title": {"text": "RMSE, held-out streets, up to 80 m [m]"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "legend": LEGEND,
    }
    figure = {"data": [single, {**mean, "marker": marker}], "layout": layout}
    return with_words(figure, _seeds_in_words(run, branch))


def _seeds_in_words(run: list[dict], branch: str) -> str:
    """Which mean is least and which largest, and how far seeds of one row lie apart."""
    if not run:
        return "An empty chart: no row is run yet."
    by_mean = sorted(run, key=lambda row: row["ours"][branch]["mean_m"])
    ends = [f"{row['label']} ({row['ours'][branch]['mean_m']:.2f} m)" for row in by_mean]
    groups = [[seed["rmse_m"] for seed in row["ours"][branch]["seeds"]] for row in run]
    apart = max(max(values) - min(values) for values in groups)
    return (
        f"Every seed's RMSE and the mean of its row, for {len(run)} rows. From the least mean to "
        f"the largest: {', '.join(ends)}. Seeds of one row lie at most {apart:.2f} m apart."
    )


def bands(runs: list[Run], curves: dict[str, tuple[str, str]], axis: str) -> dict:
    """Learning curves of an experiment: the mean over its seeds, and from the least to the largest.

    `curves` maps the name of a line to (split, quantity) of the records; a line that no record has
    is left out. All records have their points at the same steps.
    """
    traces = []
    for number, (name, (split, quantity)) in enumerate(curves.items()):
        found = [run.record["curves"].get(split, {}) for run in runs]
        found = [curve for curve in found if curve.get(quantity)]
        if not found:
            continue
        colour = COLOURS[number % len(COLOURS)]
        steps = found[0]["step"]
        columns = list(zip(*(curve[quantity] for curve in found), strict=True))
        low, high = ([round(end(values), 4) for values in columns] for end in (min, max))
        around = {"x": [*steps, *reversed(steps)], "y": [*high, *reversed(low)], "name": name}
        around |= {"mode": "lines", "line": {"width": 0}, "fill": "toself", "fillcolor": colour}
        around |= {"opacity": 0.25, "hoverinfo": "skip", "showlegend": False, "legendgroup": name}
        line = {"x": steps, "y": [round(fmean(values), 4) for values in columns], "name": name}
        line |= {"mode": "lines", "line": {"color": colour}, "legendgroup": name}
        traces += [{"type": "scatter", **around}, {"type": "scatter", **line}]
    layout = {
        "height": 380,
        "xaxis": {"title": {"text": "step"}},
        "yaxis": {"title": {"text": axis}, "rangemode": "tozero"},
        "legend": LEGEND,
    }
    lines = [trace for trace in traces if "fill" not in trace]
    of = f" of {runs[0].experiment} ({runs[0].group})" if runs else ""
    return with_words({"data": traces, "layout": layout}, _lines_in_words(lines, axis, of))
