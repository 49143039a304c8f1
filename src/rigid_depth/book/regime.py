"""What a scale has to reach before its comparisons mean anything, and what its runs reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple

from rigid_depth.book.markdown import table
from rigid_depth.book.tables import HEADLINE_CAP, SEEDS_NEEDED, Run, difference_m
from rigid_depth.conventions import HELD_OUT

FLOOR, RGB, GUIDED = "row-mean-depth", "rgb-infinity", "mse"
"""The mean of each image row, RGB alone, and RGB beside a guide that alignment leaves alone."""

Reached = Callable[[Sequence[Run]], float | None]


def below_floor(runs: Sequence[Run]) -> float | None:
    """By which share the RMSE of RGB alone is below that of the row mean."""
    floor, rgb = _rmse_m(runs, FLOOR, "rgb"), _rmse_m(runs, RGB, "rgb")
    return 1 - rgb / floor if floor and rgb else None


def delta1_gain(runs: Sequence[Run]) -> float | None:
    """The delta1 of RGB alone minus that of the row mean."""
    floor, rgb = _delta1(runs, FLOOR), _delta1(runs, RGB)
    return rgb - floor if floor and rgb else None


def guide_share(runs: Sequence[Run]) -> float | None:
    """The RMSE of the guide over that of the RGB branch beside it."""
    guide, rgb = _rmse_m(runs, GUIDED, "depth"), _rmse_m(runs, GUIDED, "rgb")
    return guide / rgb if guide and rgb else None


def guide_over_nearest(runs: Sequence[Run]) -> float | None:
    """The guide's RMSE at withheld returns over that of the nearest given return."""
    found = [run.record["alignment"]["copying"] for run in runs if run.experiment == GUIDED]
    shares = [f["withheld_rmse_m"] / f["nearest_rmse_m"] for f in found if "nearest_rmse_m" in f]
    return fmean(shares) if shares else None


def gap_m(runs: Sequence[Run]) -> float | None:
    """The RMSE of RGB alone on held-out streets minus that on the streets it learned from."""
    held_out = _rmse_m(runs, RGB, "rgb")
    mine = [run for run in runs if run.experiment == RGB]
    trained = [run.record["metrics"]["train"]["rgb"]["caps"][HEADLINE_CAP] for run in mine]
    return held_out - fmean(t["rmse_m"] for t in trained) if held_out else None


def error_share(runs: Sequence[Run]) -> float | None:
    """Standard error of the paired difference `mse` - `rgb-infinity`, as a share of the error.

    None below three seeds, which would leave out how far seeds scatter.
    """
    found, rgb = difference_m(runs, GUIDED, RGB), _rmse_m(runs, RGB, "rgb")
    if not (found and found.error and rgb) or found.count < SEEDS_NEEDED:
        return None
    return found.error / rgb


class Bound(NamedTuple):
    """A criterion: what it is called, how it is measured and written, and where it has to lie."""

    name: str
    reached: Reached
    form: str
    bound: float
    more_is_better: bool


ASKED = (
    Bound("RMSE of RGB alone below that of the row mean", below_floor, "{:.1%}", 0.25, True),
    Bound("delta1 of RGB alone above that of the row mean", delta1_gain, "{:.3f}", 0.1, True),
    Bound("RMSE of the guide over that of RGB", guide_share, "{:.3f}", 0.65, False),
    Bound(
        "guide over nearest given return, where withheld", guide_over_nearest, "{:.3f}", 1, False
    ),
    Bound("RMSE on held-out streets above that in training, m", gap_m, "{:.2f}", 0.0, True),
    Bound("standard error of a paired difference", error_share, "{:.2%}", 0.006, False),
)


def regime_table(runs: Sequence[Run], group: str) -> str:
    """A Markdown table: what is asked of the scale `group`, what its published runs reached."""
    mine, rows = [run for run in runs if run.group == group], []
    for asked in ASKED:
        value, sign = asked.reached(mine), "at least" if asked.more_is_better else "at most"
        reached, met = "–", "not run yet"
        if value is not None:
            reached = asked.form.format(value)
            met = "yes" if (value >= asked.bound) == asked.more_is_better else "no"
        rows.append([asked.name, f"{sign} {asked.form.format(asked.bound)}", reached, met])
    return table(["asked of the scale", "bound", "reached", "met"], rows)


def guide_curve(runs: Sequence[Run]) -> dict[int, float]:
    """The guide's share of the RGB branch's error on validation streets, by step, mean of seeds."""
    curves = [run.record["curves"]["val"] for run in runs if run.experiment == GUIDED]
    steps = curves[0]["step"] if curves else []
    return {
        step: fmean(c["depth_rmse_m"][k] / c["rmse_m"][k] for c in curves)
        for k, step in enumerate(steps)
    }


def _rmse_m(runs: Sequence[Run], experiment: str, branch: str) -> float | None:
    """Mean over the seeds of the RMSE on held-out streets."""
    found = [run.rmse_m(branch) for run in runs if run.experiment == experiment]
    return fmean(v for v in found if v is not None) if any(found) else None


def _delta1(runs: Sequence[Run], experiment: str) -> float | None:
    """Mean over the seeds of delta1 on held-out streets, pooled over pixels."""
    found = []
    for run in runs:
        if run.experiment == experiment:
            caps = [run.record["metrics"][s]["rgb"]["caps"][HEADLINE_CAP] for s in HELD_OUT]
            pixels = sum(cap["pixels"] for cap in caps)
            found.append(sum(cap["delta1"] * cap["pixels"] for cap in caps) / pixels)
    return fmean(found) if found else None
