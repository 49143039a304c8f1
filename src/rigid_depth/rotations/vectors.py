"""Rotation vectors (thesis section 3.6.4): the axis times the angle in radians."""

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import full_precision, sinc_of_square


@full_precision
def rotvec_to_matrix(rotvec_rad: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation about the direction of a vector by its length in radians.

    Rodrigues' formula (thesis eqs. 3.14 and 3.15) in the form
    I + sinc(t) [r]x + sinc(t/2)^2 / 2 [r]x^2, t = |r|, which is smooth at r = 0. Any length is
    allowed; the Jacobian has rank 1 at lengths 2 pi, 4 pi, ...
    """
    square = (rotvec_rad * rotvec_rad).sum(-1, keepdim=True)
    # 1 - cos(t) = 2 sin(t/2)^2: near 0 the difference would have no digits left.
    full, half = sinc_of_square(torch.stack((square, square / 4)))
    x, y, z = rotvec_rad.unbind(-1)
    sx, sy, sz = (full * rotvec_rad).unbind(-1)
    hx, hy, hz = (half * half / 2 * rotvec_rad).unbind(-1)
    # [r]x^2 = r r^T - t^2 I, multiplied out.
    xx, yy, zz, xy, xz, yz = x * hx, y * hy, z * hz, x * hy, x * hz, y * hz
    entries = (
        1 - (yy + zz), xy - sz, xz + sy,
        xy + sz, 1 - (xx + zz), yz - sx,
        xz - sy, yz + sx, 1 - (xx + yy),
    )  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


@full_precision
def matrix_to_rotvec(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3"]:
    """The rotation vector in radians of a rotation matrix, of length at most pi (by RoMa).

    At length pi both signs are right and one is returned; the map jumps there. A matrix of
    determinant -1 gives the vector of some other rotation (see `check_rotation`).
    """
    # By the quaternion: the trace alone loses half the digits near 0 and pi.
    return roma.rotmat_to_rotvec(matrix)
