"""The study of small rotations: its rotations, its start at the identity and its rows."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.stats import ks_2samp, kstest

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations import geodesic_distance, random_rotation
from rigid_depth.studies import small_rotations
from rigid_depth.studies.shared.rotation_networks import REPRESENTATIONS
from rigid_depth.studies.small_rotations import (
    bounded_rotations,
    numbers_of_identity,
    regress_small_rotations,
    turned_clouds,
)


def angles_of(rotation):
    return Rotation.from_matrix(rotation.numpy()).magnitude()


@pytest.mark.parametrize("limit_deg", [45, 120, 180])
def test_bounded_rotations_are_the_uniform_ones_within_the_limit(limit_deg):
    limit = math.radians(limit_deg)
    found = bounded_rotations(torch.Generator().manual_seed(1), 5000, limit)
    angle = angles_of(found)
    assert angle.max() <= limit + 1e-4
    share = (angle - np.sin(angle)) / (limit - math.sin(limit))
    assert kstest(share, "uniform").pvalue > 0.01
    every = angles_of(random_rotation(3, 100_000, torch.Generator().manual_seed(2)))
    assert ks_2samp(angle, every[every <= limit]).pvalue > 0.01
    axes = Rotation.from_matrix(found.numpy()).as_rotvec() / angle[:, None]
    assert np.abs(axes.mean(0)).max() < 0.05


def test_clouds_are_turned_by_their_rotation_and_no_further_than_the_limit(generator):
    pairs, rotation = turned_clouds(generator, 50, 8, math.radians(45))
    x, y = pairs[..., :3], pairs[..., 3:]
    assert torch.allclose(y, torch.einsum("bij,bnj->bni", rotation, x), atol=1e-6)
    assert angles_of(rotation).max() <= math.radians(45) + 1e-4


@pytest.mark.parametrize("name", ["quaternion", "6d", "9d"])
def test_the_shifted_rows_begin_at_the_identity(name):
    matrix = REPRESENTATIONS[name].to_matrix(numbers_of_identity(name))
    assert torch.allclose(matrix, torch.eye(3), atol=1e-6)


def test_numbers_of_a_map_without_a_right_inverse_are_refused():
    with pytest.raises(RigidDepthError, match="'10d' has no right inverse"):
        numbers_of_identity("10d")


def test_every_limit_has_every_row_and_rows_do_not_touch_each_other(monkeypatch):
    settings = {"steps": 3, "batch": 4, "points": 8, "tests": 40}
    whole = regress_small_rotations(0, **settings)
    assert set(whole) == {"45", "180"}
    for limit, results in whole.items():
        assert set(results) == {"identity", *(name for name, _ in small_rotations.ROWS)}
        assert results["identity"]["mean_deg"] < int(limit)
    # nearly no turn at the start, so about the error of answering with the identity
    start = whole["45"]["9d from the identity"]["mse"]["curve"]["mean_deg"][0]
    assert start == pytest.approx(whole["45"]["identity"]["mean_deg"], abs=5)
    monkeypatch.setattr(small_rotations, "ROWS", (("6d", "mse"),))
    alone = regress_small_rotations(0, limits_deg=(45,), **settings)
    assert alone["45"]["6d"] == whole["45"]["6d"]


def test_the_error_of_the_identity_is_the_mean_angle(generator):
    _, rotation = turned_clouds(generator, 4000, 4, math.radians(45))
    far = geodesic_distance(torch.eye(3).expand_as(rotation), rotation)
    limit = math.radians(45)  # mean of the density 1 - cos a on [0, limit]
    area = limit - math.sin(limit)
    mean = (limit**2 / 2 - limit * math.sin(limit) - math.cos(limit) + 1) / area
    assert far.mean().item() == pytest.approx(mean, abs=0.01)
