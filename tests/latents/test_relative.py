"""What relative representations are and are not invariant to (thesis, section 4.2)."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group

from rigid_depth.latents import relative_projection

N, D, K = 40, 12, 9


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def points():
    return randn(N, D)


@pytest.fixture
def anchors():
    return randn(K, D, seed=1)


ORTHOGONAL = torch.from_numpy(ortho_group.rvs(D, random_state=0))
LINEAR = randn(D, D, seed=2)
SHIFT = 1.0


def changed(points, anchors, map_points, map_anchors, **options):
    before = relative_projection(points, anchors, **options)
    return (relative_projection(map_points, map_anchors, **options) - before).abs().max().item()


def test_values_are_cosines(points, anchors):
    relative = relative_projection(points, anchors)
    np.testing.assert_allclose(relative, 1 - cdist(points, anchors, "cosine"), atol=1e-12)
    assert relative.shape == (N, K)


def test_the_geodesic_distance_is_the_arc_cosine_not_the_value():
    quarter = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    relative = relative_projection(quarter, quarter)
    torch.testing.assert_close(relative, torch.eye(2))
    torch.testing.assert_close(relative.acos(), math.pi / 2 * (1 - torch.eye(2)))


@pytest.mark.parametrize("centre", [False, True])
@pytest.mark.parametrize("scale", [1.0, 3.7])
def test_invariant_to_rotation_and_scale_with_parallel_anchors(points, anchors, centre, scale):
    turn = scale * ORTHOGONAL
    assert changed(points, anchors, points @ turn, anchors @ turn, centre=centre) < 1e-13


def test_invariant_to_the_length_of_every_single_point(points, anchors):
    lengths = randn(N, 1, seed=4).abs() + 0.1
    assert changed(points, anchors, points * lengths, anchors) < 1e-13


def test_not_invariant_to_general_linear_maps(points, anchors):
    assert changed(points, anchors, points @ LINEAR, anchors @ LINEAR) > 0.2


def test_not_invariant_to_translation_unless_centred(points, anchors):
    assert changed(points, anchors, points + SHIFT, anchors + SHIFT) > 0.2
    assert changed(points, anchors, points + SHIFT, anchors + SHIFT, centre=True) < 1e-13


@pytest.mark.parametrize("centre", [False, True])
def test_shared_anchors_that_stay_give_no_invariance(points, anchors, centre):
    assert changed(points, anchors, points @ ORTHOGONAL, anchors, centre=centre) > 0.2


def test_the_difference_is_invariant_to_translation_and_not_to_rotation(points, anchors):
    """The other definition in section 4.2, r = z2 - z1: a different object."""
    difference = points - anchors[0]
    torch.testing.assert_close((points + SHIFT) - (anchors[0] + SHIFT), difference)
    assert (points @ ORTHOGONAL - anchors[0] @ ORTHOGONAL - difference).abs().max() > 0.2


def test_as_many_independent_anchors_as_dimensions_lose_the_length_only(points):
    anchors = randn(D, D, seed=5)
    relative = relative_projection(points, anchors)
    basis = anchors / anchors.norm(dim=-1, keepdim=True)
    back = torch.linalg.solve(basis, relative.T).T
    torch.testing.assert_close(back, points / points.norm(dim=-1, keepdim=True))


def test_batches_and_a_zero_vector(points, anchors):
    stacked = relative_projection(points.reshape(2, 20, D), anchors.expand(2, K, D))
    torch.testing.assert_close(stacked.reshape(N, K), relative_projection(points, anchors))
    assert (relative_projection(torch.zeros(1, D), torch.randn(K, D)) == 0).all()


@pytest.mark.parametrize("centre", [False, True])
def test_a_point_does_not_depend_on_the_points_beside_it(points, anchors, centre):
    whole = relative_projection(points, anchors, centre=centre)
    torch.testing.assert_close(relative_projection(points[:3], anchors, centre=centre), whole[:3])


def test_centring_is_by_the_mean_of_the_anchors(points, anchors):
    mean = anchors.mean(0)
    expected = 1 - cdist(points - mean, anchors - mean, "cosine")
    np.testing.assert_allclose(
        relative_projection(points, anchors, centre=True), expected, atol=1e-12
    )
