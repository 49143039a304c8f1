"""Distances and losses on rotations against scipy, RoMa, the matrix logarithm and closed forms."""

import math

import numpy as np
import pytest
import roma
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import logm
from scipy.spatial.transform import Rotation

import rigid_depth.rotations as rr
from rigid_depth.book.cells.teaching import rotation_formulas as board


def pair(n=3, count=300, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return rr.random_rotation(n, (2, count), generator, dtype=torch.float64)


def turned(angle_rad, dtype=torch.float64):
    axis = torch.tensor([1.0, -2.0, 2.0], dtype=torch.float64) / 3
    return rr.rotvec_to_matrix(angle_rad * axis).to(dtype)


def same(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected), atol=atol, rtol=0)


def test_geodesic_distance_is_scipys_romas_and_both_board_formulas():
    first, second = pair()
    ours = rr.geodesic_distance(first, second)
    a, b = (Rotation.from_matrix(m.numpy()) for m in (first, second))
    same(ours, (a.inv() * b).magnitude())
    same(ours, roma.rotmat_geodesic_distance(first, second), 1e-6)
    same(ours, board.geodesic_by_arccos(first, second), 1e-6)
    same(ours, board.geodesic_by_arcsin(first, second), 1e-6)
    same(ours, rr.quaternion_distance(*(rr.matrix_to_quaternion(m) for m in (first, second))))


@pytest.mark.parametrize(
    "angle", [0, 1e-12, 1e-8, 1e-4, 1, math.pi - 1e-4, math.pi - 1e-8, math.pi]
)
def test_geodesic_distance_is_exact_near_zero_and_pi(angle):
    same(
        rr.geodesic_distance(torch.eye(3).double(), turned(angle)),
        torch.tensor(angle, dtype=torch.float64),
        2e-15,
    )
    low = rr.geodesic_distance(torch.eye(3), turned(angle, torch.float32))
    assert low.item() == pytest.approx(angle, abs=4e-7)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
def test_geodesic_distance_is_the_norm_of_the_matrix_logarithm(n):
    first, second = pair(n, 20)
    ours = rr.geodesic_distance(first, second)
    logs = [logm((a.T @ b).numpy()) for a, b in zip(first, second, strict=True)]
    same(ours, [np.linalg.norm(log.real) / math.sqrt(2) for log in logs], 1e-9)
    same(rr.rotation_log(first.mT @ second), np.stack([log.real for log in logs]), 1e-9)


@pytest.mark.parametrize(
    "angles", [(0, 0), (1e-9, 2), (math.pi, 0), (math.pi, math.pi), (1, 1), (3.14, 1e-7)]
)
def test_logarithm_in_four_dimensions_with_repeated_and_extreme_angles(angles):
    frame = rr.random_rotation(4, (), torch.Generator().manual_seed(1), dtype=torch.float64)
    blocks = [rr.rotation_matrix_2d(torch.tensor(angle, dtype=torch.float64)) for angle in angles]
    matrix = frame @ torch.block_diag(*blocks) @ frame.T
    ours = rr.geodesic_distance(torch.eye(4).double(), matrix)
    same(ours, torch.tensor(math.hypot(*angles), dtype=torch.float64), 1e-10)
    if math.pi not in angles:
        same(torch.linalg.matrix_exp(rr.rotation_log(matrix)), matrix)


def test_gradient_of_the_geodesic_distance_has_unit_speed_up_to_pi():
    for angle in (1e-7, 1e-3, 1.0, math.pi - 1e-3, math.pi - 1e-6):
        free = torch.tensor(angle, dtype=torch.float64, requires_grad=True)
        rr.geodesic_distance(torch.eye(3).double(), turned(free)).backward()
        assert free.grad.item() == pytest.approx(1, abs=1e-6)


def test_board_formulas_fail_where_they_are_said_to():
    exact = torch.eye(3, requires_grad=True)
    (gradient,) = torch.autograd.grad(board.geodesic_by_arccos(exact, torch.eye(3)), exact)
    assert gradient.isnan().any()
    half = torch.diag(torch.tensor([-1.0, -1.0, 1.0])).requires_grad_()
    for limit, finite in ((1.0, False), (1 - 1e-6, True)):
        angle = board.geodesic_by_arcsin(half, torch.eye(3), limit)
        (gradient,) = torch.autograd.grad(angle, half)
        assert gradient.isfinite().all() == finite
    tiny = turned(1e-4, torch.float32)
    assert abs(board.geodesic_by_arccos(tiny, torch.eye(3)) - 1e-4) > 1e-5


@given(st.integers(2, 5), st.integers(0, 10_000))
def test_geodesic_distance_is_a_bi_invariant_metric(n, seed):
    generator = torch.Generator().manual_seed(seed)
    a, b, c, left, right = rr.random_rotation(n, 5, generator, dtype=torch.float64)
    distance = rr.geodesic_distance(a, b)
    same(distance, rr.geodesic_distance(b, a), 1e-9)
    same(distance, rr.geodesic_distance(left @ a @ right, left @ b @ right), 1e-9)
    assert distance <= rr.geodesic_distance(a, c) + rr.geodesic_distance(c, b) + 1e-12


def test_chordal_distance_follows_the_angle_and_is_invariant():
    first, second = pair()
    angle = rr.geodesic_distance(first, second)
    same(rr.chordal_distance(first, second), 2 * math.sqrt(2) * torch.sin(angle / 2))
    relative = first.mT @ second
    same(
        rr.chordal_distance(first, second),
        rr.chordal_distance(relative, torch.eye(3).double().expand_as(relative)),
    )


def test_quaternion_distance_is_romas_and_ignores_the_sign():
    first, second = (rr.matrix_to_quaternion(m) for m in pair())
    ours = rr.quaternion_distance(first, second)
    xyzw = [roma.quat_wxyz_to_xyzw(q) for q in (first, second)]
    same(ours, roma.unitquat_geodesic_distance(*xyzw), 1e-12)
    same(ours, rr.quaternion_distance(-first, second), 0)
    same(rr.quaternion_distance(first, -first), torch.zeros(300).double(), 0)
    assert (ours <= math.pi + 1e-12).all()


def test_rotation_losses_are_functions_of_the_angle():
    first, second = pair()
    half = torch.sin(rr.geodesic_distance(first, second) / 2) ** 2
    same(rr.rotation_mse(first, second), 8 / 9 * half)
    same(rr.orthogonality_loss(first, second), 8 / 9 * half)
    same(rr.cosine_loss(first, second), 4 / 3 * half)


def test_losses_on_representations():
    q = torch.tensor([0.6, 0.0, 0.8, 0.0])
    same(rr.quaternion_mse(q, -q), torch.tensor(0.0), 0)
    same(rr.quaternion_mse(q, torch.tensor([0.6, 0.0, 0.0, 0.8])), torch.tensor(0.32), 1e-7)
    first = torch.tensor([math.pi - 0.01, 0.0, 3.0])
    second = torch.tensor([-math.pi + 0.01, 0.0, 3.0])
    same(rr.euler_mse(first, second), torch.tensor(0.02**2 / 3), 1e-8)
    basis = torch.eye(4)[:2]
    same(rr.orthonormality_penalty(basis), torch.tensor(0.0), 0)
    same(rr.orthonormality_penalty(2 * basis), torch.tensor(18 / 4), 0)
    stretched = torch.diag(torch.tensor([2.0, 1.0, 1.0]))
    same(rr.orthogonality_loss(stretched, stretched.inverse()), torch.tensor(0.0), 0)
