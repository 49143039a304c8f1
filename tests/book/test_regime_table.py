"""The bounds of a scale: each criterion by hand, and nothing claimed that no run shows."""

import math
from pathlib import Path

import pytest
from handmade import branch

from rigid_depth.book.runs import regime
from rigid_depth.book.runs.results import Run, published

CHAPTER = Path(__file__).resolve().parents[2] / "notebooks" / "06b_method.md"
STREETS = {"val": ("a", "b"), "test": ("c", "d")}


def metrics(rmse_m, delta1):
    """A branch on the held-out streets, with streets a little apart, and in training."""
    found = {
        split: branch({s: rmse_m + 0.1 * k for k, s in enumerate(streets)}, delta1)
        for split, streets in STREETS.items()
    }
    return found | {"train": branch(dict.fromkeys("efgh", rmse_m - 0.5), delta1)}


def run(experiment, seed, copying=None, **branches):
    by_split = {
        split: {b: metrics(*numbers)[split] for b, numbers in branches.items()}
        for split in ("train", "val", "test")
    }
    record = {"metrics": by_split, "alignment": {"copying": copying}}
    return Run("core", experiment, seed, record)


def runs(seeds):
    copying = {"withheld_rmse_m": 6.0, "nearest_rmse_m": 5.0}
    floor = [run("row-mean-depth", 0, rgb=(10.0, 0.6))]
    alone = [run("rgb-infinity", k, rgb=(7.0 + 0.1 * k, 0.75)) for k in range(seeds)]
    guided = [
        run("mse", k, copying, rgb=(6.9 + 0.12 * k, 0.75), depth=(5.0, 0.8)) for k in range(seeds)
    ]
    return [*floor, *alone, *guided]


def test_each_bound_is_measured_as_it_is_called():
    found = runs(3)
    assert regime.below_floor(found) == pytest.approx(1 - 7.15 / 10.05, rel=1e-3)
    assert regime.delta1_gain(found) == pytest.approx(0.15)
    assert regime.guide_share(found) == pytest.approx(5.05 / 7.07, rel=1e-3)
    assert regime.guide_over_nearest(found) == pytest.approx(1.2)
    assert regime.gap_m(found) == pytest.approx(7.15 - 6.6, abs=1e-3)
    assert 0 < regime.error_share(found) < 0.02


def test_a_table_tells_met_from_missed():
    lines = regime.regime_table(runs(3), "core").splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]
    met = {name: said for name, *_, said in cells}
    assert met["RMSE of RGB alone below that of the row mean"] == "yes"
    assert met["RMSE of the guide over that of RGB"] == "no"


def test_the_summary_of_chapter_6b_names_the_bounds_that_its_scale_misses():
    words = {
        "RMSE of the guide over that of RGB": "its guide has too small a lead over RGB",
        "guide over nearest given return, where withheld": "does not beat the nearest given return",
        "standard error of a paired difference": "differences of methods have too large a standard",
    }
    lines = regime.regime_table(published().runs, "core").splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]
    assert {name for name, *_, said in cells if said == "no"} == set(words)
    summary = CHAPTER.read_text().partition("## Summary")[2]
    assert all(word in summary for word in words.values())
    assert f"misses {len(words)} of its {len(regime.ASKED)} bounds" in summary


def test_seeds_that_are_too_few_say_nothing_of_their_scatter():
    assert regime.error_share(runs(1)) is None
    assert "not run yet" in regime.regime_table(runs(1), "core").splitlines()[-1]
    assert regime.regime_table(runs(3), "other").count("not run yet") == len(regime.ASKED)


def test_runs_of_other_lengths_are_told_apart_by_their_steps():
    """Half as many steps: two thirds of the gain over the row mean, a guide that helps less."""

    def long(experiment, seed, steps, **branches):
        copying = {"withheld_rmse_m": 6.0, "nearest_rmse_m": 5.0, "given_rmse_m": 4.0}
        found = run(experiment, seed, copying, **branches)
        found.record["cost"] = {"steps": steps}
        return found

    short = long("mse+steps=1200", 0, 1200, rgb=(8.0, 0.7), depth=(6.0, 0.7))
    full = [long("mse", k, 2400, rgb=(7.0, 0.7), depth=(4.9, 0.7)) for k in range(2)]
    for found, shift in zip(full, (-0.5, 0.5), strict=True):
        for name, dense_m in (("rgb", 9.5), ("depth", 12.0)):
            found.record["metrics"]["test"][name]["dense"] = {"rmse_m": dense_m + shift}
        found.record["metrics"]["test"]["rgb"]["sky"] = {"share_beyond_80m": 0.3 + shift / 5}
    other = long("mse+steps=1200+dropout=0", 0, 1200, rgb=(1.0, 0.7), depth=(1.0, 0.7))
    floor = run("row-mean-depth", 0, rgb=(10.0, 0.6))
    lines = regime.steps_table([*full, other, floor, short], "core").splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]

    def pooled_m(first):
        return math.hypot(first, first + 0.1) / math.sqrt(2)  # of the two streets of a split

    for row, steps, rgb, guide in zip(cells, ("1,200", "2,400"), (8, 7), (6, 4.9), strict=True):
        below = 1 - pooled_m(rgb) / pooled_m(10)
        share = pooled_m(guide) / pooled_m(rgb)
        assert row[:5] == [steps, f"{below:.3f}", f"{share:.3f}", "1.200", "1.500"]
    assert "run-core-mse-steps-1200-seed-0" in cells[0][8]
    assert cells[1][8].count("](#run-core-mse-seed-") == 2
    assert cells[1][5:8] == ["9.50", "12.00", "0.30"]
    assert cells[0][5:8] == ["–"] * 3  # the record of a scale without dense depth
    text = regime.with_most_steps([*full, other, floor, short], "core")
    share = pooled_m(4.9) / pooled_m(7)
    assert text.startswith("With 2,400 steps, in 2 runs, the guide has ")
    assert f"{100 * share:.0f} % of RGB's error, still above the bound of 65 %" in text
    assert regime.with_most_steps([floor], "core").startswith("No run of `mse` is published")
    better = long("mse+steps=9600", 0, 9600, rgb=(6.0, 0.7), depth=(3.0, 0.7))
    text = regime.with_most_steps([*full, better], "core")
    assert text.startswith("With 9,600 steps, in one run, ")
    assert ", within the bound" in text
