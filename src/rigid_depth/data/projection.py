"""LiDAR returns in the image: rigid transforms, the pinhole projection, the nearest return per
pixel.
"""

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

MIN_DEPTH_M = 1.0
MAX_DEPTH_M = 100.0
BORDER_PX = 1.0  # as the nuScenes devkit: returns nearer to the image border are dropped


def transform(
    xyz_m: Float[ndarray, "N 3"], matrix: Float[ndarray, "rows 4"]
) -> Float[ndarray, "N 3"]:
    """Points moved by a rigid transform [R | t] given as a 3x4 or 4x4 matrix, in float64."""
    return xyz_m.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def project(
    xyz_camera_m: Float[ndarray, "N 3"], projection: Float[ndarray, "3 columns"]
) -> Float[ndarray, "N 3"]:
    """Project points of the camera frame (x right, y down, z forward) to (u px, v px, depth m).

    ``projection`` is the 3x3 intrinsic matrix or KITTI's full 3x4 matrix P_rect: (s u, s v, s) = P
    X. Depth is z of the given frame. Points with s = 0 or less have no meaningful pixel: mask them
    with :func:`in_view`.
    """
    homogeneous = xyz_camera_m @ projection[:, :3].T
    if projection.shape[1] == 4:
        homogeneous = homogeneous + projection[:, 3]
    scale = np.where(homogeneous[:, 2:] > 0, homogeneous[:, 2:], np.nan)
    return np.column_stack([homogeneous[:, :2] / scale, xyz_camera_m[:, 2]])


def in_view(
    uvd: Float[ndarray, "N 3"],
    size: tuple[int, int],
    max_depth_m: float = MAX_DEPTH_M,
) -> Bool[ndarray, "N"]:
    """True where a projected point lies in (1, ``max_depth_m``] m and more than 1 px inside the
    image.
    """
    height, width = size
    u, v, depth_m = uvd.T
    with np.errstate(invalid="ignore"):
        inside = (u > BORDER_PX) & (u < width - BORDER_PX)
        inside &= (v > BORDER_PX) & (v < height - BORDER_PX)
    return inside & (depth_m > MIN_DEPTH_M) & (depth_m <= max_depth_m)


def nearest_per_pixel(uvd: Float[ndarray, "N 3"], width: int) -> Float32[ndarray, "M 3"]:
    """The nearest of all points that share a pixel, as float32, in the order of their depth."""
    ordered = uvd[np.argsort(uvd[:, 2], kind="stable")].astype(np.float32)
    column, row = np.floor(ordered[:, :2].T + 0.5).astype(np.int64)
    pixel = row * width + column
    first = np.sort(np.unique(pixel, return_index=True)[1])
    return ordered[first]
