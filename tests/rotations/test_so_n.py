"""SO(n): dimension, Haar samples, membership, ranks of the maps (Table 3.1)."""

import math

import pytest
import torch
from scipy.stats import kstest, special_ortho_group

import rigid_depth.rotations as rr
from rigid_depth.errors import RigidDepthError


@pytest.mark.parametrize(("n", "expected"), [(2, 1), (3, 3), (4, 6), (16, 120), (192, 18336)])
def test_degrees_of_freedom_count_the_independent_directions(n, expected):
    assert rr.degrees_of_freedom(n) == expected
    if n <= 4:
        matrix = torch.eye(n, dtype=torch.float64)
        assert rr.jacobian_rank(rr.special_procrustes, matrix) == expected


@pytest.mark.parametrize("n", range(2, 8))
def test_rotations_of_odd_dimensions_have_an_axis_and_others_need_none(n, generator):
    eigenvalues = torch.linalg.eigvals(rr.random_rotation(n, 50, generator, dtype=torch.float64))
    nearest_to_1 = (eigenvalues - 1).abs().amin(-1)
    if n % 2:
        assert nearest_to_1.max() < 1e-9
    else:
        assert nearest_to_1.max() > 0.1


@pytest.mark.parametrize("n", [2, 3, 5])
def test_random_rotations_have_the_moments_of_the_haar_measure(n, generator):
    sample = rr.random_rotation(n, 40_000, generator, dtype=torch.float64)
    assert rr.is_rotation(sample, 1e-12).all()
    assert sample.mean(0).abs().max() < 0.02
    # E[R_ij R_kl] = delta_ik delta_jl / n, and E[tr^2] = 1, for n > 2 (2 for n = 2).
    flat = sample.flatten(1)
    covariance = flat.T @ flat / len(flat)
    if n > 2:
        torch.testing.assert_close(covariance, torch.eye(n * n).double() / n, atol=0.02, rtol=0)
    trace = sample.diagonal(dim1=-2, dim2=-1).sum(-1)
    assert trace.square().mean().item() == pytest.approx(2 if n == 2 else 1, abs=0.06)
    theirs = torch.as_tensor(special_ortho_group(n, seed=1).rvs(4000))
    assert kstest(sample[:4000, 0, 1].numpy(), theirs[:, 0, 1].numpy()).pvalue > 0.01


def test_random_angles_have_the_density_of_so3(generator):
    sample = rr.random_rotation(3, 20_000, generator, dtype=torch.float64)
    angle = rr.geodesic_distance(sample, torch.eye(3).double().expand_as(sample))
    law = kstest(angle.numpy(), lambda a: (a - torch.sin(torch.as_tensor(a)).numpy()) / math.pi)
    assert law.pvalue > 0.01


def test_random_rotations_follow_the_generator_and_the_asked_form():
    first, again = (
        rr.random_rotation(4, (2, 3), torch.Generator().manual_seed(7)) for _ in range(2)
    )
    assert torch.equal(first, again)
    assert first.shape == (2, 3, 4, 4)
    assert first.dtype == torch.float32
    assert rr.random_rotation().shape == (3, 3)
    with pytest.raises(RigidDepthError, match="n >= 2"):
        rr.random_rotation(1)


def test_is_rotation_rejects_reflections_and_stretches():
    eye = torch.eye(3)
    stack = torch.stack((eye, -eye, 1.001 * eye, torch.diag(torch.tensor([2.0, 0.5, 1.0]))))
    assert rr.is_rotation(stack).tolist() == [True, False, False, False]


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.mark.parametrize(
    ("function", "point", "rank"),
    [
        (rr.euler_to_matrix, vector(0.3, 1.0, -0.4), 3),
        (rr.euler_to_matrix, vector(0.3, math.pi / 2, -0.4), 2),
        (lambda a: rr.euler_to_matrix(a, "ZXZ"), vector(0.3, 0.0, -0.4), 2),
        (rr.rotvec_to_matrix, vector(0.3, 1.0, -0.4), 3),
        (rr.rotvec_to_matrix, vector(0.0, 0.0, 0.0), 3),
        (rr.rotvec_to_matrix, vector(0.0, 2 * math.pi, 0.0), 1),
        (rr.quaternion_to_matrix, vector(0.3, 1.0, -0.4, 2.0), 3),
        (rr.quaternion_to_matrix, vector(0.0, 0.0, -0.4, 0.0), 3),
        (rr.sixd_to_matrix, vector(1, 2, 0, -1, 3, 0.5).reshape(3, 2), 3),
        (rr.special_procrustes, vector(1, 2, 0, -1, 3, 0.5, 1, 1, 2).reshape(3, 3), 3),
        (rr.fived_to_matrix, vector(0.1, 2, 0.3, -1, 0.5), 3),
        (rr.symmetric10_to_matrix, vector(0.1, 2, 0.3, -1, 0.5, 3, 1, -2, 0.7, 1.5), 3),
    ],
)
def test_rank_column_of_table_3_1(function, point, rank):
    assert rr.jacobian_rank(function, point) == rank
    if point.abs().max() < math.pi / 2:  # float32 does not hold the angles of gimbal lock
        assert rr.jacobian_rank(function, point.float()) == rank


def test_singular_values_of_the_euler_jacobian_at_gimbal_lock():
    values = rr.jacobian_singular_values(rr.euler_to_matrix, vector(0.3, math.pi / 2, -0.4))
    expected = vector(2, math.sqrt(2), 0)
    torch.testing.assert_close(values, expected, atol=1e-12, rtol=0)
