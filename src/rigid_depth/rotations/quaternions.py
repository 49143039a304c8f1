"""Quaternions, w first (thesis sections 3.3.1 and 3.6.5)."""

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import (
    full_precision,
    is_ordinary,
    normalised,
    safe_norm,
    sinc_of_square,
)


@full_precision
def quaternion_to_matrix(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation of a quaternion (w, x, y, z) of any length but zero (thesis eq. 3.16, then 3.5).

    q and -q give the same rotation. The zero quaternion gives the identity, with zero derivative.
    """
    square = (quaternion * quaternion).sum(-1)
    if not is_ordinary(square):
        quaternion = _unit(quaternion)
        square = (quaternion * quaternion).sum(-1)
    # Thesis eq. 3.5 has products of two entries only: dividing by |q|^2 once needs no root.
    w, x, y, z = quaternion.unbind(-1)
    share = 2 / square
    x2, y2, z2 = share * x, share * y, share * z
    wx, wy, wz = w * x2, w * y2, w * z2
    xx, xy, xz = x * x2, x * y2, x * z2
    yy, yz, zz = y * y2, y * z2, z * z2
    entries = (
        1 - (yy + zz), xy - wz, xz + wy,
        xy + wz, 1 - (xx + zz), yz - wx,
        xz - wy, yz + wx, 1 - (xx + yy),
    )  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


@full_precision
def matrix_to_quaternion(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """The unit quaternion (w, x, y, z), w >= 0, of a rotation matrix (Markley 2008).

    Of the two quaternions of a half turn (w = 0) one is returned; the map jumps there. What is no
    rotation is not refused: a matrix of determinant -1 gives the quaternion of some rotation that
    has nothing to do with it (see `check_rotation`).
    """
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in matrix.unbind(-2))
    wx, wy, wz, xy, xz, yz = h - f, c - g, d - b, b + d, c + g, f + h
    more, less, plus, minus = 1 + a, 1 - a, e + i, e - i
    # Four times the outer product of q with itself. Any row is q times a number; the one with the
    # largest diagonal entry is that of the largest |entry| of q, which never vanishes.
    outer = torch.stack(
        (
            more + plus, wx, wy, wz,
            wx, more - plus, xy, xz,
            wy, xy, less + minus, yz,
            wz, xz, yz, less - minus,
        ),
        dim=-1,
    ).unflatten(-1, (4, 4))  # fmt: skip
    row = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)[..., None, None].expand(*a.shape, 1, 4)
    quaternion = outer.gather(-2, row)[..., 0, :]
    length = torch.linalg.vector_norm(quaternion, dim=-1, keepdim=True)
    return quaternion / torch.copysign(length, quaternion[..., :1].detach())


@full_precision
def quaternion_multiply(
    left: Float[Tensor, "*#batch 4"], right: Float[Tensor, "*#batch 4"]
) -> Float[Tensor, "*#batch 4"]:
    """Hamilton's product of quaternions (w, x, y, z): first the right rotation, then the left."""
    # RoMa writes the real part last, the thesis first.
    xyzw = [roma.quat_wxyz_to_xyzw(q) for q in (left, right)]
    return roma.quat_xyzw_to_wxyz(roma.quat_product(*xyzw))


@full_precision
def quaternion_rotate(
    quaternion: Float[Tensor, "*#batch 4"], point: Float[Tensor, "*#batch 3"]
) -> Float[Tensor, "*#batch 3"]:
    """A point rotated by a non-zero quaternion (w, x, y, z): q p q^-1 (thesis eq. 3.6)."""
    batch = torch.broadcast_shapes(quaternion.shape[:-1], point.shape[:-1])
    quaternion, point = quaternion.expand(*batch, 4), point.expand(*batch, 3)
    return roma.quat_action(roma.quat_wxyz_to_xyzw(_unit(quaternion)), point, is_normalized=True)


@full_precision
def slerp(
    start: Float[Tensor, "*#batch 4"],
    end: Float[Tensor, "*#batch 4"],
    fraction: Float[Tensor, "*#batch"] | float,
    shortest: bool = True,
) -> Float[Tensor, "*#batch 4"]:
    """The quaternion at a fraction of the great arc from one unit quaternion to another.

    0 gives `start`, 1 gives `end`, values outside extrapolate at constant speed. `shortest`
    goes to -end where that is nearer, the same rotation by the shorter way (the double cover). For
    end = -start without `shortest` the arc is not defined: fraction t gives cos(pi t) start.
    """
    fraction = torch.as_tensor(fraction, dtype=start.dtype, device=start.device)[..., None]
    cosine = (start * end).sum(-1, keepdim=True)
    if shortest:
        # q and -q are one rotation: of the two arcs the one below a right angle is the shorter.
        flip = torch.where(cosine < 0, -1.0, 1.0).to(start.dtype)
        end, cosine = end * flip, cosine * flip
    # start and the direction `away` span the plane of the arc; no division by a vanishing sine.
    away = end - cosine * start  # sin(angle) times the unit direction of the arc
    sine = safe_norm(away, keepdim=True)
    angle = torch.atan2(sine, cosine)
    sinc, sinc_part = (sinc_of_square((f * angle) ** 2) for f in (1.0, fraction))
    # sin(f t) / sin(t) = f sinc(f t) / sinc(t), which is f where t = 0 and undefined where t = pi.
    usable = sinc > torch.finfo(start.dtype).eps
    weight = torch.where(usable, fraction * sinc_part / torch.where(usable, sinc, 1.0), 0.0)
    return torch.cos(fraction * angle) * start + weight * away


def _unit(quaternion: Tensor) -> Tensor:
    identity = torch.zeros(4, dtype=quaternion.dtype, device=quaternion.device)
    identity[0] = 1
    return normalised(quaternion, identity)
