"""Printed sentences of chapters 2, 5.3 and 6 that fail, each shown to fail, beside what holds."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rigid_depth.data import decode_depth
from rigid_depth.losses import infinity_loss, one_cycle_weight

T = 0.01


def printed_infinity_loss(pred: torch.Tensor, sky: torch.Tensor) -> torch.Tensor:
    """Equation 5.13 as printed, y = 0 in the sky and 1 elsewhere, mean over all pixels."""
    y = (~sky).to(pred)
    return ((1 - y) * pred + y * (T - pred)).mean()


def descend(loss, start: float) -> float:
    """Follows a loss on the logit of one pixel that is no sky; returns where its value ends."""
    logit = torch.logit(torch.tensor([start], dtype=torch.float64)).requires_grad_()
    optimizer = torch.optim.Adam([logit], lr=0.1)
    for _ in range(400):
        optimizer.zero_grad()
        loss(torch.sigmoid(logit), torch.tensor([False])).backward()
        optimizer.step()
    return torch.sigmoid(logit).item()


def test_the_printed_infinity_loss_drives_all_depth_to_the_camera():
    assert printed_infinity_loss(torch.tensor([0.9]), torch.tensor([False])).item() < 0
    assert descend(printed_infinity_loss, 0.3) > 0.99
    assert decode_depth(torch.tensor([0.99]), "linear").item() == pytest.approx(1.0)
    assert descend(infinity_loss, 0.3) == pytest.approx(0.3)
    assert descend(infinity_loss, 0.001) > T * 0.99


def test_the_threshold_is_100_m_in_one_encoding_only():
    t = torch.tensor([T], dtype=torch.float64)
    assert decode_depth(t, "reciprocal").item() == pytest.approx(100)
    assert decode_depth(t, "linear").item() == pytest.approx(99)


def test_a_small_mae_has_a_smaller_mse_and_a_larger_gradient():
    error = torch.full((1000,), 1e-4, dtype=torch.float64, requires_grad=True)
    mae, mse = error.abs().mean(), error.square().mean()
    assert mse.item() == pytest.approx(mae.item() ** 2)
    from_mae, from_mse = (torch.autograd.grad(loss, error)[0].norm() for loss in (mae, mse))
    assert (from_mse / from_mae).item() == pytest.approx(2e-4)
    drawn = np.random.default_rng(0).normal(scale=1e-4, size=1_000_000)
    ratio = np.mean(drawn**2) / np.mean(np.abs(drawn)) ** 2
    assert ratio == pytest.approx(math.pi / 2, rel=0.01)


def test_384_and_786_do_not_halve_eight_times():
    def halvings(size: int) -> int:
        return (size & -size).bit_length() - 1

    assert (halvings(384), halvings(768), halvings(786)) == (7, 8, 1)


def test_one_cycle_moves_the_momentum_unless_told_not_to():
    def first_moments(**options) -> set[float]:
        optimizer = torch.optim.RAdam([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=1.0, total_steps=10, **options
        )
        seen = set()
        for _ in range(9):
            seen.add(round(optimizer.param_groups[0]["betas"][0], 6))
            optimizer.step()
            schedule.step()
        return seen

    assert first_moments(cycle_momentum=False) == {0.9}
    assert {0.85, 0.95} <= first_moments()


def test_the_secondary_weight_grows_fastest_during_the_warm_up():
    weights = [one_cycle_weight(step, 4001, 5e-2, 1.4e-1, 1.8e-1) for step in range(4001)]
    during, after = weights[600] - weights[0], weights[-1] - weights[600]
    assert during / 6 > 10 * after / 34
    assert during > 2 * after


def test_coupled_weight_decay_kills_the_weights_where_losses_are_small():
    """A linear fit whose loss is of the order 1e-3, as here, with weight decay 0.2."""

    def kept(decoupled: bool) -> float:
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(64, 8, generator=generator) * 0.05
        truth = torch.randn(8, generator=generator)
        weights = torch.nn.Parameter(truth.clone())
        optimizer = torch.optim.RAdam(
            [weights], lr=1e-2, weight_decay=0.2, decoupled_weight_decay=decoupled
        )
        for _ in range(1000):
            optimizer.zero_grad()
            (inputs @ (weights - truth)).square().mean().backward()
            optimizer.step()
        return (weights.norm() / truth.norm()).item()

    assert kept(decoupled=True) > 0.5
    assert kept(decoupled=False) < 0.1


def test_nuscenes_has_32_beams_and_900_rows(real):
    sweep = next((real / "nuscenes").rglob("LIDAR_TOP/*.pcd.bin"))
    points = np.fromfile(sweep, dtype=np.float32).reshape(-1, 5)
    assert sorted(set(points[:, 4])) == list(range(32))
    picture = next((real / "nuscenes").rglob("CAM_FRONT/*.jpg"))
    assert Image.open(picture).size == (1600, 900)


def test_the_rings_of_nuscenes_are_those_of_an_hdl_32e(real):
    """Evenly spaced by 4/3 of a degree; the printed VLP-32C has 32 rings, too, at other angles."""
    sweep = next((real / "nuscenes").rglob("LIDAR_TOP/*.pcd.bin"))
    points = np.fromfile(sweep, dtype=np.float32).reshape(-1, 5)
    length_m = np.linalg.norm(points[:, :3], axis=1)
    points, length_m = points[length_m > 3], length_m[length_m > 3]
    elevation_deg = np.degrees(np.arcsin(points[:, 2] / length_m))
    rings_deg = [np.median(elevation_deg[points[:, 4] == ring]) for ring in range(32)]
    assert np.abs(rings_deg - np.linspace(-30.67, 10.67, 32)).max() < 0.5


def test_kitti_images_are_not_1280_wide(real):
    sizes = {Image.open(path).size for path in (real / "kitti_raw").rglob("image_02/data/*")}
    assert sizes
    assert all(1200 < width < 1280 and 360 < height < 384 for width, height in sizes)


def test_every_box_of_an_erratum_says_what_is_printed_and_how_to_read_it():
    boxes = []
    for path in sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.md")):
        found = re.findall(
            r"^(`{3,})\{admonition\} (Erratum: .*?)\n(.*?)^\1$",
            path.read_text(),
            flags=re.DOTALL | re.MULTILINE,
        )
        boxes += [(f"{path.stem}: {title}", text) for _, title, text in found]
    assert len(boxes) > 80
    assert [title for title, text in boxes if "*As printed:*" not in text] == []
    assert [title for title, text in boxes if not re.search(r"\*Read( [^:*]+)?:\*", text)] == []
