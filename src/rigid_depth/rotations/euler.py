"""Rotations in the plane, about an axis, and by Euler angles (thesis sections 3.3 and 3.6.3)."""

import itertools
import math

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import full_precision, is_ordinary, safe_norm

ORDERS = {
    "".join(axes)
    for letters in ("xyz", "XYZ")
    for axes in itertools.product(letters, repeat=3)
    if axes[0] != axes[1] != axes[2]
}


@full_precision
def rotation_matrix_2d(angle_rad: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 2 2"]:
    """The rotation of the plane by an angle in radians, counter-clockwise (thesis eq. 3.1)."""
    c, s = torch.cos(angle_rad), torch.sin(angle_rad)
    return torch.stack((c, -s, s, c), dim=-1).unflatten(-1, (2, 2))


@full_precision
def axis_rotation(angle_rad: Float[Tensor, "*batch"], axis: str) -> Float[Tensor, "*batch 3 3"]:
    """The elementary rotation by an angle in radians about the axis "x", "y" or "z" (section 3.3).

    Raises RigidDepthError for another axis.
    """
    if axis not in ("x", "y", "z"):
        raise RigidDepthError(f"axis must be x, y or z, got {axis!r}.")
    # The axis stays and the two others turn, in the cyclic order x, y, z: from y to z about x, but
    # from z to x about y, which is why the signs of y look reversed.
    c, s = torch.cos(angle_rad), torch.sin(angle_rad)
    one, zero = torch.ones_like(c), torch.zeros_like(c)
    entries = {
        "x": (one, zero, zero, zero, c, -s, zero, s, c),
        "y": (c, zero, s, zero, one, zero, -s, zero, c),
        "z": (c, -s, zero, s, c, zero, zero, zero, one),
    }
    return torch.stack(entries[axis], dim=-1).unflatten(-1, (3, 3))


@full_precision
def euler_to_matrix(
    angles_rad: Float[Tensor, "*batch 3"], order: str = "xyz"
) -> Float[Tensor, "*batch 3 3"]:
    """The rotation of three Euler angles in radians (thesis section 3.6.3 and thesis eq. 3.3).

    The convention is scipy's. Lower case is extrinsic (about the fixed axes): "xyz" of angles
    (a, b, c) is Rz(c) Ry(b) Rx(a), the product of section 3.6.3. Upper case is intrinsic (about
    the moving axes): "XYZ" is Rx(a) Ry(b) Rz(c), the product of thesis eq. 3.3. Neighbouring axes
    differ; all twelve sequences are allowed. The Jacobian has rank 2 where the middle angle is
    +-pi/2 (three different axes) or 0, pi (first axis = last axis).

    Raises RigidDepthError for an order that is none of these.
    """
    _check_order(order)
    # Turns about fixed axes multiply from the left, turns about the moving axes from the right.
    first, second, third = (
        axis_rotation(angle, axis)
        for angle, axis in zip(angles_rad.unbind(-1), order.lower(), strict=True)
    )
    return first @ second @ third if order.isupper() else third @ second @ first


@full_precision
def matrix_to_euler(
    matrix: Float[Tensor, "*batch 3 3"], order: str = "xyz"
) -> Float[Tensor, "*batch 3"]:
    """Euler angles in radians of a rotation matrix, the inverse of `euler_to_matrix`.

    The outer angles lie in [-pi, pi], the middle one in [-pi/2, pi/2] (Tait-Bryan) or [0, pi].
    At gimbal lock only the sum or difference of the outer angles is defined: the third is set to
    zero, as scipy does, and its derivative is zero there. Near it the angles are noisy, yet
    together they give back the matrix to full precision. A matrix of determinant -1 gives the
    angles of some other rotation (see `check_rotation`).

    Raises RigidDepthError for an order that is none of the twelve sequences.
    """
    _check_order(order)
    if order.islower():
        # Extrinsic ijk is intrinsic kji, and its third angle is the outermost.
        return torch.stack(_intrinsic_angles(matrix, order[::-1])[::-1], dim=-1)
    # The transpose has the angles in reverse order with the opposite sign.
    angles = _intrinsic_angles(matrix.mT, order.lower()[::-1], branch=-1.0)
    return -torch.stack(angles[::-1], dim=-1)


def _check_order(order: str) -> None:
    if order not in ORDERS:
        raise RigidDepthError(
            f"order must be three axes such as 'xyz' (extrinsic) or 'XYZ' (intrinsic), no axis "
            f"twice in a row, got {order!r}."
        )


def _intrinsic_angles(
    matrix: Tensor, axes: str, branch: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Angles (a, b, c) of R = R_i(a) R_j(b) R_k(c), a = 0 at gimbal lock.

    `branch` is the sign of the middle angle of the sequences with i = k.
    """
    i, j, k = ("xyz".index(axis) for axis in axes)
    is_proper = i == k
    if is_proper:
        k = 3 - i - j
    # +1 if i, j and the third axis are in the cyclic order of x, y, z, else the sines change sign.
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    entries = matrix.flatten(-2).unbind(-1)
    r = entries[:3], entries[3:6], entries[6:]
    # The last column of R_i(a) R_j(b) R_k(c) holds a and b alone: sin(a) and cos(a), both times
    # sin(b) (i = k) or cos(b), which vanishes at the lock.
    if is_proper:
        sine_a, cosine_a = _signed(r[j][i], branch), _signed(r[k][i], -branch * sign)
    else:
        sine_a, cosine_a = _signed(r[j][k], -sign), r[k][k]
    away = torch.hypot(sine_a, cosine_a)  # |sin b| or |cos b|
    limit = 8 * torch.finfo(away.dtype).eps
    # One number says whether any entry is NaN or infinite, also one that no formula below reads.
    if not (is_ordinary(away, low=limit) and math.isfinite(matrix.detach().sum().item())):
        away = safe_norm(torch.stack((sine_a, cosine_a), dim=-1))
        locked = away <= limit
        unread = 0 * matrix.detach().sum((-2, -1))
        sine_a = torch.where(locked, 0.0, sine_a) + unread
        cosine_a = torch.where(locked, 1.0, cosine_a)
        away = away + unread
    a = torch.atan2(sine_a, cosine_a)
    if is_proper:
        b = torch.atan2(_signed(away, branch), r[i][i])
    else:
        b = torch.atan2(_signed(r[i][k], sign), away)
    # Row j of R_i(a)^T R is row j of R_k(c): solving for c with the same sine and cosine of a keeps
    # the two consistent however near the lock is.
    beside = k if is_proper else i
    along = torch.addcmul(cosine_a * r[j][j], sine_a, r[k][j], value=sign)
    across = torch.addcmul(sine_a * r[k][beside], cosine_a, r[j][beside], value=sign)
    c = torch.atan2(-across if is_proper else across, along)
    return a, b, c


def _signed(value: Tensor, sign: float) -> Tensor:
    return value if sign > 0 else -value
