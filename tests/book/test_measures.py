"""Numbers read from records and their tables, on records made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from handmade import run

from rigid_depth.book.runs import measures, metrictables
from rigid_depth.book.runs.results import Run, beside, branch_difference_m, difference_m
from rigid_depth.book.runs.scatter import of_equal_start
from rigid_depth.conventions import BALANCING_EPSILON
from rigid_depth.latents.metrics import alignment_metrics
from rigid_depth.losses import balanced


def test_branches_of_one_run_are_compared_on_their_own_pixels():
    def both(seed, shift):
        found, other = run("mse", seed), run("mse", seed, shift)
        branches = found.record["metrics"]["test"]
        branches["depth"] = other.record["metrics"]["test"]["rgb"]
        return found

    runs = [both(seed, -1.5 - 0.01 * seed) for seed in range(3)]
    found = branch_difference_m(runs, "mse", "depth", "rgb")
    assert found.mean == pytest.approx(-1.51, abs=0.03)
    assert found.high < -1.4
    assert branch_difference_m(runs, "mse", "zero_shot", "rgb") is None
    line = measures.gap_table(runs, ["mse"]).splitlines()[2]
    assert [cell.strip() for cell in line.split("|")][2] == f"{found.mean:+.2f}"
    assert line.split("|")[4].strip() == "–"
    assert measures.gap_table([], ["mse"]).splitlines()[2].count("open") == 3


def test_a_control_that_learned_from_latents_says_nothing_of_codes():
    """Its number stays in the record; no table of a chapter and no difference has it."""
    runs = []
    for name in ("relative-rotation", "mse"):
        for seed in range(3):
            one = run(name, seed)
            one.record["experiment"] = name
            branches = one.record["metrics"]["test"]
            branches["zero_shot_control"] = run(name, seed, 20.0).record["metrics"]["test"]["rgb"]
            runs.append(one)
    codes, latents = measures.branch_table(runs, ["relative-rotation", "mse"]).splitlines()[2:]
    assert "29." in latents
    assert "29." not in codes
    pair = ("zero_shot_control", "rgb")
    assert branch_difference_m(runs, "relative-rotation", *pair) is None
    assert branch_difference_m(runs, "mse", *pair).mean == pytest.approx(20, abs=0.1)
    pages = ["".join(metrictables.measured_tables([r for r in runs if r.experiment == name]))
             for name in ("relative-rotation", "mse")]  # fmt: skip
    assert ["the numbers test nothing" in page for page in pages] == [True, False]


def test_how_much_the_latents_vary_is_told_by_two_distances():
    rgb, rgbd = torch.randn(2, 500, 6, generator=torch.Generator().manual_seed(0))
    rgbd = 0.3 * rgbd + 0.5 * rgb
    record = {"alignment": {"decoded": alignment_metrics(rgb, rgbd)}}
    expected = (rgb.var(0, correction=0) + rgbd.var(0, correction=0)).mean().item()
    assert measures.latent_variance(record) == pytest.approx(expected, rel=0.01)
    assert measures.latent_variance({"alignment": {}}) is None


def test_rows_of_another_group_are_lent_under_their_full_names():
    shown = [replace(run("mse", seed, 0.4), group="core") for seed in range(3)]
    again = [replace(run("mse", seed), group="core-repeated") for seed in range(3)]
    both = beside(shown, [*shown, *again], ["core-repeated/mse", "mse"])
    assert [one.experiment for one in both] == ["mse"] * 3 + ["core-repeated/mse"] * 3
    assert both[-1].label == "run-core-repeated-mse-seed-2"
    found = difference_m(both, "mse", "core-repeated/mse")
    assert found.mean == pytest.approx(0.4, abs=0.05)
    assert "(core-repeated)" in measures.branch_table(both, ["core-repeated/mse"])
    assert not of_equal_start("core-repeated/mse")


def test_a_table_links_every_seed_and_leaves_rows_open():
    runs = [run("mse", seed, -0.5) for seed in range(3)]
    assert measures.rows_run(runs, ["rotation-global-3", "mse"]) == ["mse"]
    text = measures.branch_table(runs, ["mse", "rotation-global-3"])
    head, _, first, second = text.strip().splitlines()
    assert "zero-shot, control [m]" in head
    assert all(f"[{seed}](#run-core-mse-seed-{seed})" in first for seed in range(3))
    mean = np.mean([r.rmse_m("rgb") for r in runs])
    assert f"{mean:.3f} ±" in first
    assert second.count("open") == 4


def test_a_mean_over_some_seeds_says_so():
    found = [run("mse", k, alignment={"decoded": {"cka": v}}) for k, v in enumerate((0.5, None))]
    table = measures.measure_table(found, ["mse"], {"CKA": measures.ALIGNMENT["CKA"]})
    assert "| 0.500 (1 of 2) |" in table


def test_a_mean_below_a_thousandth_is_no_zero():
    found = [run("mse", k, alignment={"decoded": {"cka": v}}) for k, v in enumerate((2e-6, 4e-6))]
    table = measures.measure_table(found, ["mse"], {"CKA": measures.ALIGNMENT["CKA"]})
    assert "| 3.0e-06 ± 1.4e-06 |" in table


def test_a_row_with_a_changed_parameter_says_so():
    found = [run("rgb+steps=1200", 0)]
    table = measures.branch_table(found, ["rgb+steps=1200"])
    assert table.splitlines()[-1].startswith("| Plain RGB, steps=1200 |")
    assert "(#run-core-rgb-steps-1200-seed-0)" in table


def test_how_much_of_a_balanced_weight_arrives():
    """At eps half of it, far above all; a loss that is not balanced has no such number."""
    mean, end = measures.ARRIVING.values()
    curves = {"train": {"alignment": [1.0, BALANCING_EPSILON, 3 * BALANCING_EPSILON]}}
    settings = {"balancing": True, "alignment_weight": [0.05, 0.14, 0.18]}
    record = {"curves": curves, "parameters": settings}
    loss = torch.tensor(3 * BALANCING_EPSILON, dtype=torch.float64)
    acts = balanced(torch.tensor(1.0, dtype=torch.float64), loss, 1.0).item()
    assert end(record) == pytest.approx(100 * acts, rel=1e-6) == pytest.approx(75)
    assert mean(record) == pytest.approx((100 + 50 + 75) / 3, abs=0.01)
    for other in ({"balancing": False}, {"alignment_weight": [0, 0, 0]}):
        assert end(record | {"parameters": settings | other}) is None
    assert end(record | {"curves": {"train": {}}}) is None


def test_a_measure_reads_its_path_or_nothing():
    record = {"alignment": {"decoded": {"cka": 0.25}}}
    assert measures.ALIGNMENT["CKA"](record) == 0.25
    assert measures.ALIGNMENT["probe accuracy (chance 0.5)"](record) is None
    assert measures.ROTATIONS["spread of R_rgbd [rad]"](record) is None


def test_the_first_step_below_eps():
    def curves(*losses):
        return {"curves": {"train": {"step": [10, 20, 30, 40], "alignment": losses}}}

    below, above = BALANCING_EPSILON / 2, 2 * BALANCING_EPSILON
    runs = [
        Run("cpu", "mse", 0, curves(above, below, above, below)),
        Run("cpu", "mse", 1, curves(above, above, above, below)),
        Run("cpu", "coral", 0, curves(above, below, below, below)),
        Run("cpu", "coral", 1, curves(above, above, above, above)),
    ]
    assert measures.first_lost_steps(runs, "mse") == (20, 40, 40)
    assert measures.first_lost_steps(runs, "coral") is None
    assert measures.first_lost_steps(runs, "relative") is None


def test_copying_is_the_ratio_of_two_errors():
    copying = {"alignment": {"copying": {"withheld_rmse_m": 6.0, "given_rmse_m": 4.0}}}
    runs = [Run("cpu", "mse", 0, copying), Run("cpu", "coral", 0, copying)]
    assert measures.withheld_over_given(runs, "mse") == [1.5]
    assert measures.withheld_over_given(runs, "relative") == []
