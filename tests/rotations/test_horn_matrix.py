"""The 10D map is the 9D map in other coordinates (Horn's matrix)."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

import rigid_depth.rotations as rr
from rigid_depth.book.cells.teaching.rotation_formulas import horn_matrix

ROWS, COLUMNS = torch.triu_indices(4, 4)


@pytest.fixture
def matrices(generator):
    return torch.randn(500, 3, 3, generator=generator, dtype=torch.float64)


def signed_singular_values(matrix):
    s = torch.linalg.svdvals(matrix)
    s[..., 2] *= torch.linalg.det(matrix).sign()
    return s


def test_quadratic_form_of_horns_matrix_is_the_trace_it_is_defined_by(matrices):
    rotations = Rotation.random(500, rng=np.random.default_rng(0))
    q, r = torch.from_numpy(rotations.as_quat()), torch.from_numpy(rotations.as_matrix())
    form = torch.einsum("bi,bij,bj->b", q, horn_matrix(matrices), q)
    torch.testing.assert_close(form, (r * matrices).sum((-2, -1)))


def test_horns_matrix_is_symmetric_traceless_and_twice_as_long(matrices):
    n = horn_matrix(matrices)
    torch.testing.assert_close(n, n.mT)
    assert n.diagonal(dim1=-2, dim2=-1).sum(-1).abs().max() < 1e-12
    torch.testing.assert_close(torch.linalg.matrix_norm(n), 2 * torch.linalg.matrix_norm(matrices))


def test_nine_numbers_give_nine_independent_horn_matrices():
    basis = horn_matrix(torch.eye(9, dtype=torch.float64).reshape(9, 3, 3))
    assert torch.linalg.matrix_rank(basis.flatten(1)) == 9


def test_the_10d_map_of_a_symmetric_matrix_is_the_9d_map_of_its_matrix(matrices, generator):
    c = torch.randn(500, 1, 1, generator=generator, dtype=torch.float64)
    a = -horn_matrix(matrices) + c * torch.eye(4, dtype=torch.float64)
    by_ten = rr.symmetric10_to_matrix(a[:, ROWS, COLUMNS])
    assert (by_ten - rr.special_procrustes(matrices)).abs().max() < 1e-11


def test_eigenvalues_are_signed_sums_of_the_singular_values(matrices):
    s1, s2, s3 = signed_singular_values(matrices).unbind(-1)
    wanted = torch.stack((-s1 - s2 + s3, -s1 + s2 - s3, s1 - s2 - s3, s1 + s2 + s3), -1)
    found = torch.linalg.eigvalsh(horn_matrix(matrices))
    torch.testing.assert_close(found, wanted.sort().values)
    gap = found[:, 3] - found[:, 2]
    torch.testing.assert_close(gap, 2 * (s2 + s3))
    gain = torch.stack(
        [rr.jacobian_singular_values(rr.special_procrustes, m)[0] for m in matrices[:20]]
    )
    torch.testing.assert_close(gain, 4 / gap[:20])


@pytest.mark.parametrize("limit_deg", [10, 45, 80])
def test_condition_of_euler_angles_is_bounded_for_small_rotations(limit_deg):
    """No middle angle exceeds the angle of the rotation, and a turn about y alone attains it."""
    limit = math.radians(limit_deg)
    turns = Rotation.random(2000, rng=np.random.default_rng(1)).as_rotvec()
    turns *= (limit / np.linalg.norm(turns, axis=1))[:, None]
    middle = rr.matrix_to_euler(rr.rotvec_to_matrix(torch.from_numpy(turns)))[:, 1]
    assert middle.abs().max() <= limit + 1e-12
    at_limit = torch.tensor([0.4, limit, -1.0], dtype=torch.float64)
    values = rr.jacobian_singular_values(rr.euler_to_matrix, at_limit)
    assert (values[0] / values[2]).item() == pytest.approx(math.tan(math.pi / 4 + limit / 2))
