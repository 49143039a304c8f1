"""A cloud whose order is not seen does not say which rotation aligns it."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from rigid_depth.rotations import geodesic_distance, random_rotation
from rigid_depth.studies.rotation_from_cloud import (
    Ordered,
    SmallPointNet,
    latent_clouds,
    regress_from_clouds,
    target_rotation,
)


def clouds(count=6, points=12, seed=0):
    return torch.randn(count, points, 3, generator=torch.Generator().manual_seed(seed))


PLACES = torch.randperm(12, generator=torch.Generator().manual_seed(3))


def test_pointnet_does_not_see_the_order_and_the_others_do():
    x = clouds()
    for model, blind in (
        (SmallPointNet(12, numbered=False), True),
        (SmallPointNet(12, numbered=True), False),
        (Ordered(12), False),
    ):
        assert torch.allclose(model(x), model(x[:, PLACES]), atol=1e-6) == blind


def test_the_true_rotation_changes_with_the_order():
    x = clouds()
    angles = geodesic_distance(target_rotation(x), target_rotation(x[:, PLACES]))
    assert angles.amin() > math.radians(20)


def test_the_truth_is_the_rotation_of_scipy():
    x, truth = latent_clouds(4, 12, torch.Generator().manual_seed(0))
    target = torch.randn(12, 3, generator=torch.Generator().manual_seed(7))
    for cloud, rotation in zip(x, truth, strict=True):
        theirs = Rotation.align_vectors(target.numpy(), cloud.numpy())[0].as_matrix()
        np.testing.assert_allclose(rotation, theirs, atol=1e-5)


def test_a_linear_layer_can_hold_the_answer_exactly():
    """The cross covariance with a fixed target is linear in the cloud."""
    from rigid_depth.rotations import special_procrustes

    x, truth = latent_clouds(50, 12, torch.Generator().manual_seed(1))
    target = torch.randn(12, 3, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(special_procrustes(target.T @ x), truth, atol=1e-4, rtol=0)


def test_the_study_finds_what_must_be():
    found = regress_from_clouds(0, steps=800, batch_size=32)
    errors, turned = found["error_deg"], found["shuffled_deg"]
    mean_of_random = math.degrees(math.pi / 2 + 2 / math.pi)  # 126.5, Miles (1965)
    assert errors["random"] == pytest.approx(mean_of_random, abs=4)
    seeing = max(errors["numbered"], errors["ordered"])
    assert seeing < 90 < 110 < errors["pointnet"]  # a short training
    assert turned["pointnet"] < 1e-3 < 20 < turned["truth"]


def test_a_unique_shape_can_be_read_without_order():
    """The limit of the claim: turned copies of one cloud are told apart by their points alone."""
    turns = random_rotation(3, 2, torch.Generator().manual_seed(0))
    one = clouds(1)
    net = SmallPointNet(12, numbered=False)
    first, second = net((one @ turns.float().mT)[:, PLACES])
    assert (first - second).abs().amax() > 1e-4
