"""What a calibration has to be before anything is projected with it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from rigid_depth.errors import RigidDepthError

ORTHOGONAL_WITHIN = 1e-3
"""Files store rotations with five digits and more."""


def numbers(value: object, shape: tuple[int, ...], name: str) -> Float[ndarray, "..."]:
    """A value of a table as finite float64 of this shape; `name` begins the sentence of an error.

    Raises RigidDepthError for anything else.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.shape != shape or not np.isfinite(array).all():
        needed = "x".join(map(str, shape))
        raise RigidDepthError(f"{name} is {_short(value)}; {needed} finite numbers are needed")
    return array


def rigid_transform(
    quaternion: Float[ndarray, "4"], translation_m: Float[ndarray, "3"], name: str
) -> Float[ndarray, "4 4"]:
    """[R t; 0 1] of a quaternion (w, x, y, z); raises RigidDepthError unless it has length 1."""
    from nuscenes.utils.geometry_utils import transform_matrix
    from pyquaternion import Quaternion

    length = float(np.linalg.norm(quaternion))
    if abs(length - 1) > ORTHOGONAL_WITHIN:
        raise RigidDepthError(f"{name}: the quaternion has length {length:.4g}; it must be 1")
    return transform_matrix(translation_m, Quaternion(quaternion))


def check_rotation(matrix: Float[ndarray, "3 3"], name: str) -> None:
    """Raise RigidDepthError unless the matrix is a rotation."""
    off = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
    if off > ORTHOGONAL_WITHIN or np.linalg.det(matrix) < 0:
        raise RigidDepthError(
            f"{name} is no rotation: R R^T differs from I by {off:.3g} and det R is "
            f"{np.linalg.det(matrix):.4g}"
        )


def check_intrinsics(matrix: Float[ndarray, "3 3"], size: Sequence[int] | None, name: str) -> None:
    """Raise RigidDepthError unless [f 0 c; 0 f c; 0 0 1] with a centre within the image.

    `size` is the image's (height, width) in px; without it the centre may be anywhere.
    """
    focal_px, centre_px = (matrix[0, 0], matrix[1, 1]), (matrix[0, 2], matrix[1, 2])
    fits = np.abs(matrix[2] - [0, 0, 1]).max() < ORTHOGONAL_WITHIN and min(focal_px) > 0
    if size is not None:
        height, width = size
        fits &= 0 < centre_px[0] < width and 0 < centre_px[1] < height
        fits &= max(focal_px) < 100 * width
    if not fits:
        image = "" if size is None else f" for an image of {size[0]}x{size[1]}"
        raise RigidDepthError(
            f"{name} is {_short(matrix.round(4).tolist())}, which no pinhole camera{image} has"
        )


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) < 80 else text[:77] + "..."
