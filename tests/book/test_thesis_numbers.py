"""Sentences of chapters 6 to 8 held against the numbers that the thesis itself prints."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import numpy as np
import pytest
import torch

import rigid_depth.rotations as rr
from rigid_depth.data.frame import FrameSource
from rigid_depth.data.splits import assign
from rigid_depth.experiments.methods.branches import latent_channels, latent_size
from rigid_depth.experiments.methods.weight_maps import WeightMaps
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.training.loop import count_steps

ROOT = Path(__file__).resolve().parents[2]
THESIS = json.loads((ROOT / "book" / "thesis_tables.json").read_text())
METHODS = {row["experiment"]: row for row in THESIS["table_8_2"]}
ROTATIONS = {row["experiment"].removeprefix("rotation-"): row for row in THESIS["table_8_5"]}
PLAIN, REFERENCE = METHODS["rgb"]["rgb"], METHODS["rgb-infinity"]["rgb"]
PAPER = SCALES["paper"]
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


def split(frames: int) -> list[int]:
    """How many of so many frames are for training, validation and testing, split frame by frame."""
    other = dict.fromkeys(("token", "camera", "condition"), "")
    other |= {"image": Path(), "depth_file": Path(), "intrinsics": np.eye(3)}
    sources = [
        FrameSource(
            scene="", group=f"{k}", timestamp_us=k, read_points=lambda *_: np.zeros((0, 3)), **other
        )
        for k in range(frames)
    ]
    return [len(part) for part in assign(sources, {}, "frame").values()]


def test_split_adds_up_and_17092_is_a_slip():
    assert split(22_376) == [17_902, 2_237, 2_237]
    assert split(17_092 + 2_237 + 2_237)[0] != 17_092


def test_forty_epochs_are_about_90000_steps():
    assert (PAPER.epochs, PAPER.batch_size) == (40, 8)
    assert count_steps(PAPER, split(22_376)[0]) == pytest.approx(90_000, rel=0.01)


def test_weight_maps_have_192_times_fewer_numbers():
    latent = torch.zeros(1, latent_channels(PAPER), *latent_size(PAPER))
    numbers = WeightMaps().rgb.weights(latent).numel()
    assert (latent.numel(), numbers) == (55_296, 288)
    assert latent.numel() == 192 * numbers


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
    """Counted as the independent directions in which exp(A - A^T) leaves the identity."""

    def turned(a: torch.Tensor) -> torch.Tensor:
        return torch.matrix_exp(a - a.T)

    sizes = (2, 3, 16, 32)
    freedom = {d: int(rr.jacobian_rank(turned, torch.zeros(d, d).double())) for d in sizes}
    assert freedom == {2: 1, 3: 3, 16: 120, 32: 496}
    assert freedom == {d: rr.degrees_of_freedom(d) for d in sizes}
    assert freedom[32] / freedom[16] == pytest.approx(4, rel=0.05)
    height, width = latent_size(PAPER)
    assert height * width * freedom[3] == 864


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
