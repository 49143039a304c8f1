"""Rotation vectors (thesis section 3.6.4): the axis times the angle in radians."""

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import full_precision, sinc_of_square, skew


@full_precision
def rotvec_to_matrix(rotvec_rad: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation about the direction of a vector by its length in radians (eq 3.14, 3.15).

    Rodrigues' formula in the form I + sinc(t) [r]x + sinc(t/2)^2 / 2 [r]x^2, t = |r|, which is
    smooth at r = 0. Any length is allowed; the Jacobian has rank 1 at lengths 2 pi, 4 pi, ...
    """
    square = (rotvec_rad * rotvec_rad).sum(-1)[..., None, None]
    cross = skew(rotvec_rad)
    eye = torch.eye(3, dtype=rotvec_rad.dtype, device=rotvec_rad.device)
    half_sinc = sinc_of_square(square / 4)
    return eye + sinc_of_square(square) * cross + half_sinc * half_sinc / 2 * (cross @ cross)


@full_precision
def matrix_to_rotvec(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3"]:
    """The rotation vector in radians of a rotation matrix, of length at most pi (by RoMa).

    At length pi both signs are right and one is returned; the map jumps there.
    """
    return roma.rotmat_to_rotvec(matrix)
