"""What each row changes against RGB alone: the forest plot, and every line of it as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from textwrap import wrap

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.inwords import with_words
from rigid_depth.book.markdown import plain, table
from rigid_depth.book.runs.comparison import MARGIN, verdict_words, verdicts
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.book.runs.labels import linked
from rigid_depth.book.runs.regime import ALONE
from rigid_depth.book.runs.results import HEADLINE_CAP, Run, held_out_rmse_m, printed_table
from rigid_depth.experiments.registry import in_words

THESIS_TABLES = ("table_8_2", "table_8_5")
DECIDES = ("held-out", HEADLINE_CAP)
SHOWN = (DECIDES, ("held-out", "50"), ("held-out", "100"), ("validation", HEADLINE_CAP),
         ("test", HEADLINE_CAP))  # fmt: skip
"""Split and cap of the lines of the table; the first is what verdicts are made from."""
RECORDED = {"held-out": None, "validation": "val", "test": "test"}
"""What the table calls a split, and the name that records give it; None for both together."""
LINES_CLASS = "rd-sortable rd-filter-0-1-2-3 rd-start-1-2-3"
"""Of the table of all lines: choices for its first four columns, three begin with the first line's.
"""


def printed() -> dict[str, dict]:
    """Experiment -> its row in thesis Tables 8.2 and 8.5."""
    return {name: row for table in THESIS_TABLES for name, row in printed_table(table).items()}


def main_rows() -> list[str]:
    """The rows of the thesis's two tables that are compared with RGB alone, in its order."""
    return [name for name in printed() if name in FAMILIES[ALONE]]


def family(runs: Iterable[Run], reference: str = ALONE) -> dict[str, dict]:
    """Experiment -> its line of the verdicts against a reference, corrected over the family."""
    return {row["experiment"]: row for row in verdicts(runs, FAMILIES[reference], reference)}


def forest(rows: Mapping[str, dict], experiments: Sequence[str]) -> dict:
    """Paired differences from RGB alone as a figure for plotly; `rows` is what `family` gives.

    In percent of RGB's error, below zero is better: the difference with its 95 %
    interval, the smallest visible effect on both sides of zero, and the thesis's own difference
    where it prints one. A row that is open has its name and nothing else.
    """
    shown = [rows[name] for name in experiments]
    names = [
        _broken(in_words(row["experiment"]) + (" (open)" if row["verdict"] == "open" else ""))
        for row in shown
    ]
    measured = [(k, row) for k, row in enumerate(shown) if row["verdict"] != "open"]
    at = [k for k, _ in measured]
    percent = [_in_percent(row) for _, row in measured]
    traces = [_band(at, [p["visible"] for p in percent]), _points(at, percent)]
    if printed_at := _printed(experiments):
        traces.append(_crosses(*zip(*printed_at, strict=True)))
    layout = {
        "height": 110 + 30 * len(shown),
        "margin": {"l": 10, "r": 12, "t": 30, "b": 44},
        "barmode": "overlay",
        "xaxis": {"title": {"text": "change of the RGB error [%]"}, **_range(percent, printed_at)},
        "yaxis": {"tickmode": "array", "tickvals": list(range(len(shown))), "ticktext": names,
                  "range": [len(shown) - 0.4, -0.6], "automargin": True, "showgrid": False,
                  "tickfont": {"size": 11}},
        "shapes": [{"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper",
                    "line": {"color": "black", "width": 1}}],
        "legend": {"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    words = _words(shown, dict(zip(at, percent, strict=True)), printed_at)
    return with_words({"data": traces, "layout": layout}, words)


def _words(shown: list[dict], percent: dict[int, dict], printed_at: list[tuple[int, float]]) -> str:
    """The forest in words: where the intervals lie, how wide the bands are, where the thesis is."""

    if not percent:
        return f"Forest plot with {len(shown)} names and nothing beside them: no row is run yet."

    def named(places: list[int]) -> str:
        names = [in_words(shown[k]["experiment"]) for k in places]
        return f"{len(names)} ({'; '.join(names)})" if names else "none"

    worse = [k for k, p in percent.items() if p["low"] > 0]
    better = [k for k, p in percent.items() if p["high"] < 0]
    values, visible = ([p[key] for p in percent.values()] for key in ("value", "visible"))
    parts = [
        f"Forest plot of {len(percent)} rows with the change of the RGB error, "
        f"{min(values):+.1f} to {max(values):+.1f} %.",
        f"The 95 % interval lies wholly above zero, where the error is larger, in {named(worse)}; "
        f"wholly below zero in {named(better)}.",
        f"The grey bands of what is too small to see reach ±{min(visible):.1f} to "
        f"±{max(visible):.0f} %.",
    ]
    if printed_at:
        low, high = (end(value for _, value in printed_at) for end in (min, max))
        parts.append(f"The thesis's diamonds lie between {low:+.1f} and {high:+.1f} %.")
    return " ".join(parts)


def _range(percent: list[dict[str, float]], printed_at: list[tuple[int, float]]) -> dict:
    """The range of the axis: all that was measured or printed; a band may be far wider."""
    ends = [p[end] for p in percent for end in ("low", "high")] + [x for _, x in printed_at]
    if not percent:
        return {}
    seen = min(p["visible"] for p in percent)
    low, high = min(*ends, -seen), max(*ends, seen)
    room = 0.05 * (high - low)
    return {"range": [round(low - room, 2), round(high + room, 2)]}


def _broken(words: str) -> str:
    return "<br>".join(wrap(words, 26))


def _in_percent(row: dict) -> dict[str, float]:
    scale = 100 / row["reference_m"]
    ends = {end: scale * row[f"{end}_m"] for end in ("value", "low", "high")}
    return {**ends, "visible": 100 * row["visible"]}


def _band(at: list[int], visible: list[float]) -> dict:
    return {
        "type": "bar", "orientation": "h", "y": at, "width": 0.8,
        "base": [round(-v, 3) for v in visible], "x": [round(2 * v, 3) for v in visible],
        "name": "too small to see", "hoverinfo": "skip", "marker": {"color": "#8c96a0"},
        "opacity": 0.3,
    }  # fmt: skip


def _points(at: list[int], percent: list[dict[str, float]]) -> dict:
    values = [round(p["value"], 3) for p in percent]
    above = [round(p["high"] - p["value"], 3) for p in percent]
    below = [round(p["value"] - p["low"], 3) for p in percent]
    error = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
    return {
        "type": "scatter", "mode": "markers", "x": values, "y": at, "name": "ours, 95 %",
        "marker": {"color": COLOURS[0], "size": 9},
        "error_x": {**error, "color": COLOURS[0], "thickness": 2, "width": 4},
        "hovertemplate": "%{x:+.1f} %<extra></extra>",
    }  # fmt: skip


def _crosses(at: Sequence[int], values: Sequence[float]) -> dict:
    return {
        "type": "scatter", "mode": "markers", "x": list(values), "y": list(at),
        "name": "thesis, one run", "hovertemplate": "%{x:+.1f} %<extra></extra>",
        "marker": {"color": COLOURS[1], "size": 9, "symbol": "diamond-open", "line": {"width": 2}},
    }  # fmt: skip


def _printed(experiments: Sequence[str]) -> list[tuple[int, float]]:
    """Place and difference in percent of the rows that the thesis prints."""
    rows = printed()
    alone = rows[ALONE]["rgb"]
    places = [(k, rows[name]["rgb"]) for k, name in enumerate(experiments) if name in rows]
    return [(k, round(100 * (value / alone - 1), 3)) for k, value in places]


def lines_table(runs: Iterable[Run], families: Mapping[str, Mapping[str, dict]]) -> str:
    """Every row against every baseline, by split and cap, as a table to sort and filter.

    `families` maps a baseline to what `family` gives for it. Only the held-out streets up to the
    headline cap decide, so that the other lines have differences and no verdict. Differences are
    means over the seeds that both have. The first line is one that decides.
    """
    runs = list(runs)
    lines = []
    for baseline, rows in families.items():
        for split, cap in SHOWN:
            for experiment, row in rows.items():
                pairs = _pairs(runs, experiment, baseline, RECORDED[split], cap)
                cells = _cells(pairs, row if (split, cap) == DECIDES else None)
                against = plain(in_words(baseline))
                lines.append([linked(experiment, runs), against, split, cap, *cells])
    head = ["Row", "against", "split", "cap [m]", "RMSE [m]", "difference [m]", "95 %"]
    head += [f"within ±{100 * MARGIN:.0f} %", "visible [%]", "verdict", "seeds"]
    return table(head, lines)


def _pairs(
    runs: Sequence[Run], experiment: str, baseline: str, split: str | None, cap: str
) -> list[tuple[float, float]]:
    """RMSE of a row and of its baseline in metres, for each seed that both have."""

    def of(name: str) -> dict[int, float]:
        found = {r.seed: _rmse_m(r.record, split, cap) for r in runs if r.experiment == name}
        return {seed: value for seed, value in found.items() if value is not None}

    mine, other = of(experiment), of(baseline)
    return [(mine[seed], other[seed]) for seed in sorted(mine.keys() & other.keys())]


def _rmse_m(record: dict, split: str | None, cap: str) -> float | None:
    """RMSE of the RGB branch on one of the held-out splits, or on both together."""
    if split is None:
        return held_out_rmse_m(record, "rgb", cap)
    caps = record["metrics"].get(split, {}).get("rgb", {}).get("caps", {})
    return caps.get(cap, {}).get("rmse_m")


def _cells(pairs: Sequence[tuple[float, float]], row: dict | None) -> list[str]:
    seeds = str(len(pairs))
    if not pairs:
        return ["–"] * 5 + ["open", seeds]
    mine, others = zip(*pairs, strict=True)
    cells = [f"{fmean(mine):.3f}", f"{fmean(mine) - fmean(others):+.3f}"]
    if row is None or row["verdict"] == "open":
        return [*cells, "–", "–", "–", "open" if row else "–", seeds]
    interval = f"{row['low_m']:+.2f} to {row['high_m']:+.2f}"
    same = "yes" if row["equivalent"] else "no"
    return [*cells, interval, same, f"{100 * row['visible']:.1f}", verdict_words(row), seeds]
