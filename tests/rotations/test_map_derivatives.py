"""Derivatives of every map in float64, reverse and forward, at regular and at degenerate points."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import rigid_depth.rotations as rr

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
}


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


def test_matrix_logarithm_distance_has_the_derivative_of_differences(generator):
    first, second = rr.random_rotation(5, 2, generator, dtype=torch.float64)
    basis = torch.randn(5, 5, generator=generator, dtype=torch.float64)

    def along(t):
        return rr.geodesic_distance(first @ torch.linalg.matrix_exp(t * (basis - basis.mT)), second)

    assert gradcheck(
        along, torch.zeros((), dtype=torch.float64, requires_grad=True), check_forward_ad=True
    )
