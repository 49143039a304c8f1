"""Distances between rotations (thesis sections 3.6.2 and 3.6.5)."""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import (
    full_precision,
    inspectable,
    safe_norm,
    safe_root,
)
from rigid_depth.rotations.procrustes import special_procrustes

MANY = 1024  # rows from which the angle on SO(3) is computed in planes


@full_precision
def chordal_distance(
    first: Float[Tensor, "*#batch n n"], second: Float[Tensor, "*#batch n n"]
) -> Float[Tensor, "*#batch"]:
    """||R1 - R2||_F, on SO(3) equal to 2 sqrt(2) sin(angle / 2) (thesis eq. 3.11).

    A kink at zero like |x|: the derivative there is zero. Its square is smooth.
    """
    return safe_norm(first - second, dim=(-2, -1))


@full_precision
def geodesic_distance(
    first: Float[Tensor, "*#batch n n"], second: Float[Tensor, "*#batch n n"]
) -> Float[Tensor, "*#batch"]:
    """The length of the shortest path on SO(n) in radians, ||log(R1^T R2)||_F / sqrt(2).

    Thesis eq. 3.12. On SO(2) and SO(3) this is the angle of R1^T R2 in [0, pi], from its sine and
    cosine by atan2: as exact near 0 and pi as in between, where the arccos of thesis eq. 3.10 loses
    half the digits and its derivative is NaN. For n > 3 the matrix logarithm. Derivatives of every
    order. At distance 0 and at the cut locus (a plane turned by pi) the distance has a kink and the
    derivative is taken as zero.
    """
    if first.shape[-1] > 3:
        return _LogNorm.apply(first.mT @ second)[0]
    if first.shape[-1] == 2:
        # [[cos, -sin], [sin, cos]]: sums of two entries each, so that rounding evens out.
        relative = first.mT @ second
        trace = relative[..., 0, 0] + relative[..., 1, 1]
        return torch.atan2(relative[..., 1, 0] - relative[..., 0, 1], trace).abs()
    return _angle(first, second)


def _angle(first: Tensor, second: Tensor) -> Tensor:
    """The angle of R1^T R2 on SO(3).

    The trace is 1 + 2 cos(angle). The sum over the rows of R1_k x R2_k is the vector of the skew
    part of R1^T R2, times -2: its length is 2 sin(angle).
    """
    if first.shape != second.shape:
        first, second = torch.broadcast_tensors(first, second)
    if first.numel() < 9 * MANY or not inspectable():
        trace = (first * second).sum((-2, -1))
        axial = torch.linalg.cross(first, second).sum(-2)
        return torch.atan2(safe_norm(axial), trace - 1)
    # In planes, one row of memory for each entry, the same takes half of the time. With the first
    # two columns repeated behind the third, each cross product is one of three shifted slices.
    planes = (rows.reshape(-1, 3, 3).permute(1, 2, 0) for rows in (first, second))
    a, b = (torch.cat((columns, columns[:, :2]), dim=1) for columns in planes)
    trace = (a[:, :3] * b[:, :3]).sum((0, 1))
    axial = torch.addcmul(a[:, 1:4] * b[:, 2:5], a[:, 2:5], b[:, 1:4], value=-1).sum(0)
    sine = safe_root((axial * axial).sum(0))
    return torch.atan2(sine, trace - 1).reshape(first.shape[:-2])


@full_precision
def quaternion_distance(
    first: Float[Tensor, "*#batch 4"], second: Float[Tensor, "*#batch 4"]
) -> Float[Tensor, "*#batch"]:
    """The rotation angle in radians, in [0, pi], between unit quaternions (thesis eq. 3.21).

    theta = 4 atan2(min |q1 -+ q2|, max |q1 -+ q2|), the arcsine of the thesis without its loss near
    the end of its range; q and -q are at distance zero (thesis eq. 3.19 needs the modulus for
    that).
    """
    # |q1 - q2| = 2 sin(theta / 4) and |q1 + q2| = 2 cos(theta / 4), the other way round for -q2.
    minus, plus = safe_norm(first - second), safe_norm(first + second)
    return 4 * torch.atan2(torch.minimum(minus, plus), torch.maximum(minus, plus))


@full_precision
def rotation_log(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """The skew matrix W of smallest norm with exp(W) = R, in radians, for any n.

    For a plane turned by exactly pi both signs are right; that plane is left out (zero).
    Derivatives of every order along the group, zero in directions that leave it.
    """
    return _Log.apply(matrix)


def _log(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Norm of the logarithm over sqrt(2), and the logarithm.

    R = C + K with C symmetric and K skew, which commute. An eigenvector v of C (eigenvalue cos t)
    has |K v| = sin t, and log(R) v = (t / sin t) K v.
    """
    is_finite = matrix.isfinite().all(-1).all(-1)[..., None, None]
    finite = torch.where(is_finite, matrix, 0.0)  # LAPACK stops at a NaN in any row of the batch
    cosine, v = torch.linalg.eigh((finite + finite.mT) / 2)
    turned = (finite - finite.mT) / 2 @ v
    sine = turned.norm(dim=-2)
    angle = torch.atan2(sine, cosine)
    # t / sin t is 1 at t = 0. At t = pi it has no limit: the plane is left out.
    usable = sine > 8 * torch.finfo(matrix.dtype).eps
    near_zero = (cosine > 0).to(matrix.dtype)
    ratio = torch.where(usable, angle / torch.where(usable, sine, 1.0), near_zero)
    log = torch.where(is_finite, (turned * ratio[..., None, :]) @ v.mT, torch.nan)
    # Every plane turned by t appears twice among the angles, so half their squares is t^2.
    distance = (angle * angle).sum(-1).div(2).sqrt()
    return torch.where(is_finite[..., 0, 0], distance, torch.nan), (log - log.mT) / 2


def _log_by_roots(matrix: Tensor) -> Tensor:
    """The same logarithm by steps that autograd differentiates to any order.

    The eigenvectors of `_log` belong to pairs of equal eigenvalues, where their derivatives are
    not defined. Here R^(1/2) is the rotation nearest to I + R: both turn the same planes, and
    1 + e^(it) = 2 cos(t/2) e^(it/2). After three roots every angle is below pi/8, and
    log(R) = 2 artanh(Z) of Cayley's Z = (R - I)(R + I)^-1 converges to 16 digits in 12 terms.
    """
    eye = torch.eye(matrix.shape[-1], dtype=torch.float64, device=matrix.device)
    root = special_procrustes(matrix.double())  # on the group, so leaving it changes nothing
    for _ in range(3):
        root = special_procrustes(eye + root)
    z = torch.linalg.solve(root + eye, root - eye)
    square, series = z @ z, eye / 23
    for odd in range(21, 0, -2):
        series = eye / odd + square @ series
    return (16 * z @ series).to(matrix.dtype)


class _Log(torch.autograd.Function):
    """The value of `_log`, the derivatives of `_log_by_roots`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix):
        return _log(matrix)[1]

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, *grad_outputs):
        (matrix,) = ctx.saved_tensors
        return torch.func.vjp(_log_by_roots, matrix)[1](*grad_outputs)[0]

    @staticmethod
    def jvp(ctx, *grad_inputs):
        (tangent,) = grad_inputs
        # The transpose of the transpose: forward mode does not nest in itself.
        (matrix,) = ctx.saved_tensors
        pull = torch.func.vjp(_log_by_roots, matrix)[1]
        return torch.func.vjp(lambda grad: pull(grad)[0], torch.zeros_like(tangent))[1](tangent)[0]


class _LogNorm(torch.autograd.Function):
    """d ||log Q||_F / sqrt(2) = <Q log Q, dQ> / (2 distance)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix):
        distance, log = _log(matrix)
        return distance, _slope(matrix, log, distance)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, output[1])
        ctx.save_for_forward(*inputs)
        ctx.mark_non_differentiable(output[1])

    @staticmethod
    def backward(ctx, *grad_outputs):
        matrix, slope = ctx.saved_tensors
        if torch.is_grad_enabled():  # someone may differentiate once more: the saved slope is fixed
            slope = _free_slope(matrix)
        return grad_outputs[0][..., None, None] * slope

    @staticmethod
    def jvp(ctx, *grad_inputs):
        (matrix,) = ctx.saved_tensors
        return (_free_slope(matrix) * grad_inputs[0]).sum((-2, -1)), None


def _free_slope(matrix: Tensor) -> Tensor:
    # The saved slope is a number; this one knows how it depends on the matrix.
    log = _Log.apply(matrix)
    return _slope(matrix, log, safe_norm(log, dim=(-2, -1)) / 2**0.5)


def _slope(matrix: Tensor, log: Tensor, distance: Tensor) -> Tensor:
    # The distance grows along log Q carried from the identity to Q; at 0 it has no direction.
    safe = torch.where(distance == 0, 1.0, distance)[..., None, None]
    return matrix @ log / (2 * safe)
