"""What the ledger says of published runs is what their records say."""

from __future__ import annotations

from pathlib import Path

import pytest

from rigid_depth.book import ledger, tables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shown() -> list[tables.Run]:
    """The runs of the scale that the results chapter shows."""
    runs = tables.read_runs(ROOT / "book" / "results")
    best = tables.best_complete_scale(runs)
    return [run for run in runs if run.group == best]


def test_the_infinity_loss_makes_the_metric_worse_only_if_the_ledger_says_so(shown):
    rows = {row.id: row for row in ledger.load(ROOT / "book" / "ledger.yaml")}
    difference = tables.difference_m(shown, "rgb-infinity", "rgb")
    worse = difference.p_value < 0.05 and difference.value_m > 0
    assert rows["claim-8-inf-worse"].verdict == ("reproduced" if worse else "not reproduced")


def test_the_baseline_sees_more_than_the_row_of_a_pixel(shown):
    floor = next(run.rmse_m("rgb") for run in shown if run.experiment == "row-mean-depth")
    rgb = [run.rmse_m("rgb") for run in shown if run.experiment == "rgb"]
    assert len(rgb) >= tables.SEEDS_NEEDED
    assert max(rgb) < floor


def test_one_street_of_kitti_does_not_carry_over_to_another():
    runs = [r for r in tables.read_runs(ROOT / "book" / "results") if r.group == "cpu-kitti"]
    floor = next(r.rmse_m("rgb") for r in runs if r.experiment == "row-mean-depth")
    scratch = {r.seed: r.rmse_m("rgb") for r in runs if r.experiment == "rgb+steps=1000"}
    started = {r.seed: r.rmse_m("rgb") for r in runs if "+init=cpu.rgb" in r.experiment}
    assert len(scratch) == len(started) == tables.SEEDS_NEEDED
    assert min(*scratch.values(), *started.values()) > floor
    gain = [scratch[seed] - started[seed] for seed in scratch]
    assert min(gain) > 0
    assert sum(gain) / len(gain) == pytest.approx(0.33, abs=0.005)
