"""Sentences of chapters 6 to 8 held against the numbers that the thesis itself prints."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path

import pytest

from rigid_depth.experiments.registry import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[2]
THESIS = json.loads((ROOT / "book" / "thesis_tables.json").read_text())
METHODS = {row["experiment"]: row for row in THESIS["table_8_2"]}
ROTATIONS = {row["experiment"].removeprefix("rotation-"): row for row in THESIS["table_8_5"]}
PLAIN, REFERENCE = METHODS["rgb"]["rgb"], METHODS["rgb-infinity"]["rgb"]
SPREAD = statistics.stdev(row["rgb"] for row in METHODS.values())


def gap(name: str) -> float:
    """How much worse the zero-shot prediction is than the RGB one, in metres."""
    return round(ROTATIONS[name]["zero_shot"] - ROTATIONS[name]["rgb"], 4)


def test_experiments_bear_the_names_of_the_thesis_tables():
    for name, row in METHODS.items():
        assert EXPERIMENTS[name].label == row["label"]
    for name, row in ROTATIONS.items():
        words = row["label"]
        assert EXPERIMENTS[f"rotation-{name}"].label == f"Rotation, {words[0].lower()}{words[1:]}"


def test_split_adds_up_and_17092_is_a_slip():
    assert 17_902 + 2_237 + 2_237 == 22_376
    assert 17_092 + 2_237 + 2_237 != 22_376


def test_forty_epochs_are_about_90000_steps():
    assert 40 * math.ceil(17_902 / 8) == 89_520


def test_weight_maps_have_192_times_fewer_numbers():
    assert 192 * 12 * 24 == 55_296
    assert 12 * 24 == 288


def test_all_runs_but_one_end_near_4_2_m():
    rgb = [row["rgb"] for row in [*METHODS.values(), *ROTATIONS.values()]]
    near = [value for value in rgb if abs(value - 4.2) < 0.1]
    assert len(near) == len(rgb) - 1
    assert ROTATIONS["global-2"]["rgb"] == 4.419


def test_relative_representations_with_mse_are_best_without_rotations():
    assert min(METHODS, key=lambda name: METHODS[name]["rgb"]) == "relative-mse"
    assert METHODS["coral"]["rgb"] - METHODS["relative-mse"]["rgb"] == pytest.approx(0.002)
    assert METHODS["relative"]["rgb"] > PLAIN


def test_gains_depend_on_which_baseline_is_taken():
    for name, over_reference, over_plain in (
        ("mse", 0.030, -0.020),
        ("weight-maps", 0.053, 0.003),
        ("relative-mse", 0.075, 0.025),
    ):
        assert pytest.approx(over_reference) == REFERENCE - METHODS[name]["rgb"]
        assert pytest.approx(over_plain) == PLAIN - METHODS[name]["rgb"]


def test_mse_alignment_is_within_the_spread_of_the_rows():
    assert abs(METHODS["mse"]["rgb"] - PLAIN) < SPREAD


def test_the_smallest_rotation_has_the_largest_gap_of_the_global_rows():
    gaps = {name: gap(name) for name in ROTATIONS if name.startswith("global")}
    assert max(gaps, key=gaps.get) == "global-2"
    assert gaps == {
        "global-2": 0.672,
        "global-3": 0.001,
        "global-16": 0.0,
        "global-16-latent": 0.2716,
    }


def test_degrees_of_freedom_grow_quadratically():
    freedom = {d: d * (d - 1) // 2 for d in (2, 3, 16, 32)}
    assert freedom == {2: 1, 3: 3, 16: 120, 32: 496}
    assert freedom[32] / freedom[16] == pytest.approx(4, rel=0.05)


def test_local_clouds_beat_two_global_rows_in_rgb():
    local = ROTATIONS["local-3"]["rgb"]
    beaten = [n for n, row in ROTATIONS.items() if row["rgb"] > local and n != "local-3"]
    assert beaten == ["global-2", "global-16"]
    assert gap("local-3") > gap("global-2") > 0.5


def test_the_loss_on_rotations_aligns_better_than_the_loss_on_clouds():
    assert gap("global-16") == 0
    assert gap("global-16-latent") > 0.25
    assert ROTATIONS["global-16-latent"]["rgb"] < ROTATIONS["global-16"]["rgb"]


def test_the_best_rotation_run_is_not_aligned_and_the_aligned_one_is_not_best():
    best = min(ROTATIONS, key=lambda name: ROTATIONS[name]["rgb"])
    assert best == "global-16-latent"
    assert gap(best) > 0.25
    assert ROTATIONS["global-3"]["rgb"] > METHODS["relative-mse"]["rgb"]
    assert ROTATIONS["global-3"]["rgb"] > METHODS["coral"]["rgb"]
