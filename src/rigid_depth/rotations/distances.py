"""Distances between rotations (thesis sections 3.6.2 and 3.6.5)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from rigid_depth.rotations._numerics import full_precision, safe_norm


@full_precision
def chordal_distance(
    first: Float[Tensor, "*batch n n"], second: Float[Tensor, "*batch n n"]
) -> Float[Tensor, "*batch"]:
    """||R1 - R2||_F, on SO(3) equal to 2 sqrt(2) sin(angle / 2) (eq 3.11).

    A kink at zero like |x|: the derivative there is zero. Its square is smooth.
    """
    return safe_norm(first - second, dim=(-2, -1))


@full_precision
def geodesic_distance(
    first: Float[Tensor, "*batch n n"], second: Float[Tensor, "*batch n n"]
) -> Float[Tensor, "*batch"]:
    """The length of the shortest path on SO(n) in radians, ||log(R1^T R2)||_F / sqrt(2) (eq 3.12).

    On SO(2) and SO(3) this is the angle of R1^T R2 in [0, pi], from its sine and cosine by atan2:
    as exact near 0 and pi as in between, where the arccos of eq 3.10 loses half the digits and
    its derivative is NaN. For n > 3 the matrix logarithm; only first derivatives exist there. At
    distance 0 and at the cut locus (a plane turned by pi) the distance has a kink and the
    derivative is taken as zero.
    """
    if first.shape[-1] > 3:
        return _LogNorm.apply(first.mT @ second)[0]
    trace = (first * second).sum((-2, -1))
    if first.shape[-1] == 2:
        relative = first.mT @ second
        return torch.atan2(relative[..., 1, 0] - relative[..., 0, 1], trace).abs()
    # The sum over the rows of R1_k x R2_k is the vector of the skew part of R1^T R2, times -2.
    sine = safe_norm(torch.linalg.cross(first, second).sum(-2))
    return torch.atan2(sine, trace - 1)


@full_precision
def quaternion_distance(
    first: Float[Tensor, "*batch 4"], second: Float[Tensor, "*batch 4"]
) -> Float[Tensor, "*batch"]:
    """The rotation angle in radians, in [0, pi], between unit quaternions (eq 3.21).

    theta = 4 atan2(min |q1 -+ q2|, max |q1 -+ q2|), the arcsine of the thesis without its loss near
    the end of its range; q and -q are at distance zero (eq 3.19 needs the modulus for that).
    """
    minus, plus = safe_norm(first - second), safe_norm(first + second)
    return 4 * torch.atan2(torch.minimum(minus, plus), torch.maximum(minus, plus))


@full_precision
def rotation_log(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """The skew matrix W of smallest norm with exp(W) = R, in radians, for any n.

    For a plane turned by exactly pi both signs are right; that plane is left out (zero). Not
    differentiable: use ``geodesic_distance`` for a loss.
    """
    return _log(matrix.detach())[1]


def _log(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Norm of the logarithm over sqrt(2), and the logarithm.

    R = C + K with C symmetric and K skew, which commute. An eigenvector v of C (eigenvalue cos t)
    has |K v| = sin t, and log(R) v = (t / sin t) K v.
    """
    cosine, v = torch.linalg.eigh((matrix + matrix.mT) / 2)
    turned = (matrix - matrix.mT) / 2 @ v
    sine = turned.norm(dim=-2)
    angle = torch.atan2(sine, cosine)
    usable = sine > 8 * torch.finfo(matrix.dtype).eps
    near_zero = (cosine > 0).to(matrix.dtype)
    ratio = torch.where(usable, angle / torch.where(usable, sine, 1.0), near_zero)
    log = (turned * ratio[..., None, :]) @ v.mT
    return (angle * angle).sum(-1).div(2).sqrt(), (log - log.mT) / 2


class _LogNorm(torch.autograd.Function):
    """d ||log Q||_F / sqrt(2) = <Q log Q, dQ> / (2 distance)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(matrix):
        distance, log = _log(matrix)
        safe = torch.where(distance == 0, 1.0, distance)[..., None, None]
        return distance, matrix @ log / (2 * safe)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output[1])
        ctx.save_for_forward(output[1])
        ctx.mark_non_differentiable(output[1])

    @staticmethod
    @once_differentiable
    def backward(ctx, grad, _):
        (slope,) = ctx.saved_tensors
        return grad[..., None, None] * slope

    @staticmethod
    def jvp(ctx, tangent):
        (slope,) = ctx.saved_tensors
        return (slope * tangent).sum((-2, -1)), None
