"""Quaternions, w first (thesis sections 3.3.1 and 3.6.5)."""

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import full_precision, normalised, safe_norm, sinc_of_square


@full_precision
def quaternion_to_matrix(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation of a quaternion (w, x, y, z) of any length but zero (eq 3.16, then 3.5).

    q and -q give the same rotation. The zero quaternion gives the identity, with zero derivative.
    """
    w, x, y, z = _unit(quaternion).unbind(-1)
    entries = (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


@full_precision
def matrix_to_quaternion(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """The unit quaternion (w, x, y, z), w >= 0, of a rotation matrix (Markley's method, by RoMa).

    Of the two quaternions of a half turn (w = 0) one is returned; the map jumps there.
    """
    quaternion = roma.quat_xyzw_to_wxyz(roma.rotmat_to_unitquat(matrix))
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


@full_precision
def quaternion_multiply(
    left: Float[Tensor, "*batch 4"], right: Float[Tensor, "*batch 4"]
) -> Float[Tensor, "*batch 4"]:
    """Hamilton's product of quaternions (w, x, y, z): first the right rotation, then the left."""
    xyzw = [roma.quat_wxyz_to_xyzw(q) for q in (left, right)]
    return roma.quat_xyzw_to_wxyz(roma.quat_product(*xyzw))


@full_precision
def quaternion_rotate(
    quaternion: Float[Tensor, "*batch 4"], point: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """A point rotated by a non-zero quaternion (w, x, y, z): q p q^-1 (eq 3.6)."""
    return roma.quat_action(roma.quat_wxyz_to_xyzw(_unit(quaternion)), point, is_normalized=True)


@full_precision
def slerp(
    start: Float[Tensor, "*batch 4"],
    end: Float[Tensor, "*batch 4"],
    fraction: Float[Tensor, "*batch"] | Float[Tensor, ""] | float,
    shortest: bool = True,
) -> Float[Tensor, "*batch 4"]:
    """The quaternion at a fraction of the great arc from one unit quaternion to another.

    0 gives ``start``, 1 gives ``end``, values outside extrapolate at constant speed. ``shortest``
    goes to -end where that is nearer, the same rotation by the shorter way (the double cover). For
    end = -start without ``shortest`` the arc is not defined: fraction t gives cos(pi t) start.
    """
    fraction = torch.as_tensor(fraction, dtype=start.dtype, device=start.device)[..., None]
    cosine = (start * end).sum(-1, keepdim=True)
    if shortest:
        flip = torch.where(cosine < 0, -1.0, 1.0).to(start.dtype)
        end, cosine = end * flip, cosine * flip
    away = end - cosine * start  # sin(angle) times the unit direction of the arc
    sine = safe_norm(away, keepdim=True)
    angle = torch.atan2(sine, cosine)
    sinc, sinc_part = (sinc_of_square((f * angle) ** 2) for f in (1.0, fraction))
    usable = sinc > torch.finfo(start.dtype).eps
    weight = torch.where(usable, fraction * sinc_part / torch.where(usable, sinc, 1.0), 0.0)
    return torch.cos(fraction * angle) * start + weight * away


def _unit(quaternion: Tensor) -> Tensor:
    identity = torch.zeros(4, dtype=quaternion.dtype, device=quaternion.device)
    identity[0] = 1
    return normalised(quaternion, identity)
