"""The results tables of the thesis, its numbers beside ours with the runs that made them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from rigid_depth.book.markdown import number, table
from rigid_depth.book.runs.metrictables import mean_text
from rigid_depth.book.runs.results import BRANCHES, Run
from rigid_depth.experiments.registry import BASELINES, EXPERIMENTS
from rigid_depth.statistics import estimate, pooled_rmse


def results(thesis_rows: list[dict], runs: Iterable[Run], group: str | None) -> list[dict]:
    """One row per line of a thesis table: its numbers, and ours at `group` with their runs.

    `ours` maps a branch to the values of single seeds, their mean, spread (sample standard
    deviation) and 95 % interval over scenes and seeds, all in metres, or to None where nothing was
    run: such a cell is open.
    """
    runs = [run for run in runs if run.group == group]
    rows = [{**row, "baseline": False} for row in thesis_rows]
    rows += [
        {"id": name, "label": EXPERIMENTS[name].label, "experiment": name, "baseline": True}
        for name in BASELINES
    ]
    branches = [branch for branch in BRANCHES if any(branch in row for row in thesis_rows)]
    for row in rows:
        mine = [run for run in runs if run.experiment == row["experiment"]]
        row["thesis"] = {branch: row.pop(branch, None) for branch in branches}
        row["ours"] = {branch: _summary(mine, branch) for branch in branches}
    return rows


def _summary(runs: list[Run], branch: str) -> dict | None:
    values = [(run, value) for run in runs if (value := run.rmse_m(branch)) is not None]
    if not values:
        return None
    of_seeds = estimate([value for _, value in values])
    scenes = {run.seed: run.scenes(branch) for run, _ in values}
    interval = pooled_rmse(scenes) if len(next(iter(scenes.values()))) > 1 else None
    return {
        "mean_m": of_seeds.mean,
        "spread_m": of_seeds.std,
        "low_m": interval and interval.low,
        "high_m": interval and interval.high,
        "seeds": [{"seed": run.seed, "rmse_m": value, "label": run.label} for run, value in values],
    }


def results_markdown(rows: list[dict]) -> str:
    """The table as MyST: each seed's number links to its run, open cells say so."""
    columns = [("Row", [row["label"] for row in rows])]
    for branch in rows[0]["thesis"]:
        name = BRANCHES[branch]
        ours = [row["ours"][branch] for row in rows]
        thesis = [row["thesis"][branch] for row in rows]
        means = [_mean(a, expected=b is not None) for a, b in zip(ours, thesis, strict=True)]
        columns += [(f"thesis {name} [m]", [number(value) for value in thesis])]
        columns += [(f"ours {name} [m]", means)]
        columns += [("95 %", [_interval(a) for a in ours]), ("seeds", [_seeds(a) for a in ours])]
    columns = [(head, cells) for head, cells in columns if any(cells)]
    return table([head for head, _ in columns], zip(*(c for _, c in columns), strict=True))


def _mean(ours: dict | None, *, expected: bool) -> str:
    if ours is None:
        return "open" if expected else "–"
    return mean_text([seed["rmse_m"] for seed in ours["seeds"]])


def _interval(ours: dict | None) -> str:
    if ours is None or ours["low_m"] is None:
        return ""
    return f"{ours['low_m']:.2f} – {ours['high_m']:.2f}"


def _seeds(ours: dict | None) -> str:
    if ours is None:
        return ""
    return " ".join(f"[{seed['rmse_m']:.3f}](#{seed['label']})" for seed in ours["seeds"])


def results_csv(rows: list[dict]) -> str:
    """The table as CSV, one line per row, branch and seed; thesis numbers repeat."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row", "experiment", "branch", "thesis_rmse_m", "seed", "our_rmse_m"])
    for row in rows:
        for branch, thesis in row["thesis"].items():
            ours = row["ours"][branch]
            for seed in ours["seeds"] if ours else [{"seed": "", "rmse_m": ""}]:
                cells = [row["label"], row["experiment"], branch, thesis]
                writer.writerow([*cells, seed["seed"], seed["rmse_m"]])
    return out.getvalue()
