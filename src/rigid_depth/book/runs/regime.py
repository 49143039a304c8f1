"""What a scale has to reach before its comparisons mean anything, and what its runs reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import NamedTuple

from rigid_depth.book.markdown import table
from rigid_depth.book.runs.measures import dense, recorded, withheld_over_given
from rigid_depth.book.runs.results import HEADLINE_CAP, SEEDS_NEEDED, Run, difference_m, mean_rmse_m
from rigid_depth.conventions import HELD_OUT

FLOOR, ALONE, GUIDED = "row-mean-depth", "rgb-infinity", "mse"
"""The mean of each image row, RGB alone, and RGB beside a guide that alignment leaves alone."""

SKY_BEYOND = recorded("metrics", "test", "rgb", "sky", "share_beyond_80m")

Reached = Callable[[Sequence[Run]], float | None]


def below_floor(runs: Sequence[Run]) -> float | None:
    """By which share the RMSE of RGB alone is below that of the row mean."""
    floor, rgb = mean_rmse_m(runs, FLOOR, "rgb"), mean_rmse_m(runs, ALONE, "rgb")
    return 1 - rgb / floor if floor and rgb else None


def delta1_gain(runs: Sequence[Run]) -> float | None:
    """The delta1 of RGB alone minus that of the row mean."""
    floor, rgb = _delta1(runs, FLOOR), _delta1(runs, ALONE)
    return rgb - floor if floor and rgb else None


def guide_share(runs: Sequence[Run]) -> float | None:
    """The RMSE of the guide over that of the RGB branch beside it."""
    guide, rgb = mean_rmse_m(runs, GUIDED, "depth"), mean_rmse_m(runs, GUIDED, "rgb")
    return guide / rgb if guide and rgb else None


def guide_over_nearest(runs: Sequence[Run]) -> float | None:
    """The guide's RMSE at withheld returns over that of the nearest given return."""
    found = [run.record["alignment"]["copying"] for run in runs if run.experiment == GUIDED]
    shares = [f["withheld_rmse_m"] / f["nearest_rmse_m"] for f in found if "nearest_rmse_m" in f]
    return fmean(shares) if shares else None


def gap_m(runs: Sequence[Run]) -> float | None:
    """The RMSE of RGB alone on held-out streets minus that on the streets it learned from."""
    held_out = mean_rmse_m(runs, ALONE, "rgb")
    mine = [run for run in runs if run.experiment == ALONE]
    trained = [run.record["metrics"]["train"]["rgb"]["caps"][HEADLINE_CAP] for run in mine]
    return held_out - fmean(t["rmse_m"] for t in trained) if held_out else None


def error_share(runs: Sequence[Run]) -> float | None:
    """Standard error of the paired difference `mse` - `rgb-infinity`, as a share of the error.

    None below three seeds, which would leave out how far seeds scatter.
    """
    found, rgb = difference_m(runs, GUIDED, ALONE), mean_rmse_m(runs, ALONE, "rgb")
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


def steps_table(runs: Sequence[Run], group: str) -> str:
    """A Markdown table: what fewer and more steps make of `mse`, nothing else changed.

    Shares of the means over the seeds of the runs with that number of steps, which are linked; then
    errors over all surfaces and the share of the sky beyond 80 m, where a record holds them.
    """
    mine = [run for run in runs if run.group == group]
    floor_m, rows = mean_rmse_m(mine, FLOOR, "rgb"), []
    for steps, found in _by_steps(mine).items():
        same = [replace(run, experiment=GUIDED) for run in found]
        below = 1 - mean_rmse_m(same, GUIDED, "rgb") / floor_m if floor_m else None
        copied = withheld_over_given(same, GUIDED)
        shares = [below, guide_share(same), guide_over_nearest(same)]
        shares.append(fmean(copied) if copied else None)
        cells = ["–" if share is None else f"{share:.3f}" for share in shares]
        measures = (dense("rgb"), dense("depth"), SKY_BEYOND)
        cells += [_mean_text(measure(run.record) for run in found) for measure in measures]
        rows.append([f"{steps:,}", *cells, " ".join(f"[{r.seed}](#{r.label})" for r in found)])
    heads = ["RGB below the row mean", "guide over RGB", "guide over nearest return"]
    heads += ["withheld over given", "RGB, dense [m]", "guide, dense [m]"]
    return table(["steps", *heads, "far sky", "seeds"], rows)


def _mean_text(values: Iterable[float | None]) -> str:
    """The mean of what records hold, a dash where one holds nothing."""
    found = list(values)
    return "–" if None in found else f"{fmean(found):.2f}"


def with_most_steps(runs: Sequence[Run], group: str) -> str:
    """What the longest training of `mse` makes of the guide, in a sentence."""
    mine = [run for run in runs if run.group == group]
    if not (by_steps := _by_steps(mine)):
        return f"No run of `{GUIDED}` is published at scale {group} yet."
    steps, found = list(by_steps.items())[-1]
    share = guide_share([replace(run, experiment=GUIDED) for run in found])
    bound = next(asked.bound for asked in ASKED if asked.reached is guide_share)
    word = "within" if share <= bound else "still above"
    runs_of = "one run" if len(found) == 1 else f"{len(found)} runs"
    return (
        f"With {steps:,} steps, in {runs_of}, the guide has {100 * share:.0f} % of RGB's error, "
        f"{word} the bound of {100 * bound:.0f} %."
    )


def _by_steps(runs: Sequence[Run]) -> dict[int, list[Run]]:
    """The runs of `mse` by their number of steps, in rising order."""
    pattern = re.compile(rf"{GUIDED}(\+steps=\d+)?")
    found: dict[int, list[Run]] = {}
    for run in runs:
        if pattern.fullmatch(run.experiment):
            found.setdefault(run.record["cost"]["steps"], []).append(run)
    return dict(sorted(found.items()))


def _delta1(runs: Sequence[Run], experiment: str) -> float | None:
    """Mean over the seeds of delta1 on held-out streets, pooled over pixels."""
    found = []
    for run in runs:
        if run.experiment == experiment:
            caps = [run.record["metrics"][s]["rgb"]["caps"][HEADLINE_CAP] for s in HELD_OUT]
            pixels = sum(cap["pixels"] for cap in caps)
            found.append(sum(cap["delta1"] * cap["pixels"] for cap in caps) / pixels)
    return fmean(found) if found else None
