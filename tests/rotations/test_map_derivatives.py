"""Derivatives of every map in float64, reverse and forward, at regular and degenerate points."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import rigid_depth.rotations as rr
from rigid_depth.rotations import distances

R = rr.random_rotation(3, 2, torch.Generator().manual_seed(3), dtype=torch.float64)
Q = rr.matrix_to_quaternion(R)
EYE = torch.eye(3, dtype=torch.float64)


def vector(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def on_so3(function):
    """A function of a rotation as one of a free vector near it: gradcheck perturbs every entry."""
    return lambda w, matrix: function(matrix @ rr.rotvec_to_matrix(w))


REGULAR = {
    "plane": (rr.rotation_matrix_2d, vector(0.3, -2.0)),
    "euler": (rr.euler_to_matrix, vector(0.3, -1.0, 2.0)),
    "rotvec": (rr.rotvec_to_matrix, torch.stack([vector(0.3, -1.0, 2.0), vector(4.0, 3.0, 5.0)])),
    "quaternion": (rr.quaternion_to_matrix, 3 * Q),
    "sixd": (rr.sixd_to_matrix, vector(1, 2, 0, -1, 3, 0.5).reshape(3, 2)),
    "fived": (rr.fived_to_matrix, vector(0.1, 2, 0.3, -1, 0.5)),
    "symmetric10": (rr.symmetric10_to_matrix, vector(0.1, 2, 0.3, -1, 0.5, 3, 1, -2, 0.7, 1.5)),
    "to euler": (rr.matrix_to_euler, R),
    "to intrinsic euler": (lambda m: rr.matrix_to_euler(m, "ZXZ"), R),
    "to rotvec": (rr.matrix_to_rotvec, R),
    "to quaternion": (rr.matrix_to_quaternion, R),
    "to fived": (rr.matrix_to_fived, R),
    "slerp": (lambda q: rr.slerp(q[0], q[1], 0.3), Q),
    "multiply": (lambda q: rr.quaternion_multiply(q[0], q[1]), Q),
    "rotate": (lambda q: rr.quaternion_rotate(q, vector(1.0, 2.0, 3.0).expand(2, 3)), 2 * Q),
    "gram-schmidt": (rr.gram_schmidt, vector(1, 2, 0, -1, 3, 0.5, 2, 2, -1).reshape(3, 3)),
    "gram-schmidt qr": (
        lambda m: rr.gram_schmidt(m, "qr", rotation=True),
        vector(1, 2, 0, -1, 3, 0.5, 2, 2, -1).reshape(3, 3),
    ),
    "geodesic": (lambda m: rr.geodesic_distance(m[0], m[1]), R),
    "geodesic 2": (
        lambda a: rr.geodesic_distance(rr.rotation_matrix_2d(a), EYE[:2, :2]),
        vector(2)[0],
    ),
    "chordal": (lambda m: rr.chordal_distance(m[0], m[1]), R),
    "quaternion distance": (lambda q: rr.quaternion_distance(q[0], q[1]), Q),
    "axis": (lambda a: rr.axis_rotation(a, "y"), vector(0.3, -2.0)),
    "to sixd": (rr.matrix_to_sixd, R),
    "extend": (lambda m: rr.extend_orthonormal(m[:, :2], m[:, 2] + m[:, 0]), R[0]),
    "procrustes": (rr.special_procrustes, 2 * R + R.flip(0)),
    "orthogonal": (rr.nearest_orthogonal, R.flip(0) - 2 * R),
    "alignment": (
        lambda m: tuple(rr.procrustes_alignment(m, m.flip(0) + m[:1].square())),
        torch.cat((R[0], 0.3 * R[1])),
    ),
    "weights": (
        lambda w: tuple(rr.procrustes_alignment(R.flatten(0, 1), 2 * R.flip(0).flatten(0, 1), w)),
        vector(1, 2, 0.5, 1, 0.3, 2),
    ),
    "rotation mse": (lambda m: rr.rotation_mse(m[0], m[1]), R),
    "cosine loss": (lambda m: rr.cosine_loss(m[0], m[1]), R),
    "orthogonality": (lambda m: rr.orthogonality_loss(m[0], m[1]), R),
    "penalty": (rr.orthonormality_penalty, R),
    "quaternion mse": (lambda q: rr.quaternion_mse(q[0], q[1]), Q),
    "euler mse": (lambda a: rr.euler_mse(a[0], a[1]), vector(0.3, -1, 2, 3, 5, -4).reshape(2, 3)),
}


BASES = {
    n: torch.randn(2, n, n, generator=torch.Generator().manual_seed(7)).double()
    for n in range(2, 7)
}


def turned(matrix, weights):
    """The rotation times exp of two fixed skew matrices weighed by two free numbers."""
    basis = BASES[len(matrix)]
    step = (weights[:, None, None] * (basis - basis.mT)).sum(0)
    return matrix @ torch.linalg.matrix_exp(step)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("function", [rr.geodesic_distance, lambda a, b: rr.rotation_log(a.mT @ b)])
def test_derivatives_of_all_orders_along_so_n(n, function):
    first, second = rr.random_rotation(n, 2, torch.Generator().manual_seed(n), dtype=torch.float64)

    def along(weights):
        return function(turned(first, weights), second)

    free = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(along, free, check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(along, free, check_fwd_over_rev=True)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_hessian_of_the_geodesic_distance_is_that_of_differences(n):
    first, second = rr.random_rotation(n, 2, torch.Generator().manual_seed(n), dtype=torch.float64)

    def along(weights):
        return rr.geodesic_distance(turned(first, weights), second)

    slope, step = torch.func.grad(along), 1e-5 * torch.eye(2, dtype=torch.float64)
    zero = torch.zeros(2, dtype=torch.float64)
    expected = torch.stack([(slope(h) - slope(-h)) / 2e-5 for h in step])
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(torch.func.hessian(along)(zero), expected, atol=1e-6, rtol=1e-6)
    by_autograd = torch.autograd.functional.hessian(along, zero)
    torch.testing.assert_close(by_autograd, expected, atol=1e-6, rtol=1e-6)


def test_logarithm_by_roots_is_the_logarithm(generator):
    for n in (2, 3, 4, 7, 16):
        matrix = rr.random_rotation(n, 20, generator, dtype=torch.float64)
        by_roots = distances._log_by_roots(matrix)
        torch.testing.assert_close(by_roots, rr.rotation_log(matrix), atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", REGULAR)
def test_derivatives_of_all_orders_at_regular_points(name):
    function, point = REGULAR[name]
    point = point.clone().requires_grad_()
    assert gradcheck(function, point, check_forward_ad=True)
    assert gradgradcheck(function, point)


DEGENERATE = {
    "rotvec 0": (rr.rotvec_to_matrix, vector(0, 0, 0)),
    "rotvec tiny": (rr.rotvec_to_matrix, vector(1e-8, 0, -1e-9)),
    "rotvec pi": (rr.rotvec_to_matrix, vector(0, math.pi, 0)),
    "rotvec 2 pi": (rr.rotvec_to_matrix, vector(0, 2 * math.pi, 0)),
    "rotvec at the switch": (rr.rotvec_to_matrix, vector(0.1**0.5, 0, 0)),
    "euler at gimbal lock": (rr.euler_to_matrix, vector(0.3, math.pi / 2, -0.2)),
    "quaternion with w = 0": (rr.quaternion_to_matrix, vector(0, 1, 0, 0)),
    "slerp of equal": (lambda q: rr.slerp(q, Q[0].clone(), 0.3), Q[0]),
    "sixd nearly parallel": (rr.sixd_to_matrix, vector(1, 1, 0, 1e-3, 0, 0).reshape(3, 2)),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_derivatives_at_degenerate_points(name):
    function, point = DEGENERATE[name]
    assert gradcheck(function, point.clone().requires_grad_(), check_forward_ad=True)


ON_SO3 = {
    "log at 0": (rr.matrix_to_rotvec, EYE),
    "log near 0": (rr.matrix_to_rotvec, rr.rotvec_to_matrix(vector(1e-7, 0, 0))),
    "log near pi": (rr.matrix_to_rotvec, rr.rotvec_to_matrix(vector(0, math.pi - 1e-4, 0))),
    "quaternion near w = 0": (
        rr.matrix_to_quaternion,
        rr.rotvec_to_matrix(vector(0, math.pi - 1e-4, 0)),
    ),
    "chordal squared at 0": (lambda m: rr.chordal_distance(m, EYE) ** 2, EYE),
    "geodesic near 0": (
        lambda m: rr.geodesic_distance(m, EYE),
        rr.rotvec_to_matrix(vector(1e-4, 0, 0)),
    ),
    "geodesic near pi": (
        lambda m: rr.geodesic_distance(m, EYE),
        rr.rotvec_to_matrix(vector(0, math.pi - 1e-4, 0)),
    ),
}


@pytest.mark.parametrize("name", ON_SO3)
def test_derivatives_along_the_group(name):
    function, matrix = ON_SO3[name]
    point = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda w: on_so3(function)(w, matrix), point, check_forward_ad=True)


FINITE = {
    "geodesic at 0": (lambda m: rr.geodesic_distance(m, EYE.to(m)), EYE),
    "geodesic at pi": (lambda m: rr.geodesic_distance(m, EYE.to(m)), torch.diag(vector(-1, -1, 1))),
    "geodesic 2 at 0": (lambda m: rr.geodesic_distance(m, torch.eye(2).to(m)), torch.eye(2)),
    "geodesic 2 at pi": (lambda m: rr.geodesic_distance(m, torch.eye(2).to(m)), -torch.eye(2)),
    "geodesic 4 at 0": (lambda m: rr.geodesic_distance(m, torch.eye(4).to(m)), torch.eye(4)),
    "geodesic 4 at pi": (lambda m: rr.geodesic_distance(m, torch.eye(4).to(m)), -torch.eye(4)),
    "chordal at 0": (lambda m: rr.chordal_distance(m, EYE.to(m)), EYE),
    "quaternion distance at 0": (lambda q: rr.quaternion_distance(q, Q.to(q)), Q),
    "quaternion distance at pi": (
        lambda q: rr.quaternion_distance(q, vector(0, 1, 0, 0).to(q)),
        vector(1, 0, 0, 0),
    ),
    "log at pi": (rr.matrix_to_rotvec, torch.diag(vector(-1, -1, 1))),
    "to quaternion at w = 0": (rr.matrix_to_quaternion, torch.diag(vector(-1, -1, 1))),
    "to euler at gimbal lock": (
        rr.matrix_to_euler,
        vector(0, 0, 1, 0, 1, 0, -1, 0, 0).reshape(3, 3),
    ),
    "to ZXZ at gimbal lock": (lambda m: rr.matrix_to_euler(m, "ZXZ"), EYE),
    "quaternion 0": (rr.quaternion_to_matrix, vector(0, 0, 0, 0)),
    "sixd 0": (rr.sixd_to_matrix, torch.zeros(3, 2)),
    "sixd parallel": (rr.sixd_to_matrix, vector(1, 2, 2, 4, 3, 6).reshape(3, 2)),
    "fived with a zero vector": (rr.fived_to_matrix, vector(0, 0, 1, 0, 0)),
    "fived 0": (rr.fived_to_matrix, torch.zeros(5)),
    "slerp of opposite": (lambda q: rr.slerp(q, -Q.to(q), 0.3), Q),
    "slerp of opposite, long way": (lambda q: rr.slerp(q, -Q.to(q), 0.3, shortest=False), Q),
    "symmetric10 0": (rr.symmetric10_to_matrix, torch.zeros(10)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", FINITE)
def test_values_and_gradients_are_finite_where_derivatives_do_not_exist(name, dtype):
    function, point = FINITE[name]
    point = point.clone().to(dtype).requires_grad_()
    value = function(point)
    (gradient,) = torch.autograd.grad(value.sum(), point)
    assert value.isfinite().all()
    assert gradient.isfinite().all()
