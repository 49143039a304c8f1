"""LiDAR returns in the image: rigid transforms, pinhole projection, nearest return per pixel."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray

from rigid_depth.data.files import read_sweep

MIN_DEPTH_M = 1.0
MAX_DEPTH_M = 100.0
BORDER_PX = 1.0  # as in the nuScenes devkit: returns nearer to the image border are dropped


def project_sweep(
    values: int,
    lidar_to_camera: Float[ndarray, "4 4"],
    projection: Float[ndarray, "3 columns"],
    path: Path,
    token: str,
    size: tuple[int, int],
) -> Float32[ndarray, "N 3"]:
    """The returns of a sweep in an image of (height, width) px as (u px, v px, depth m).

    The nearest return of a pixel is kept; integer coordinates are pixel centres. `values` is the
    number of float32 a row of the file. Raises RigidDepthError for a broken file.
    """
    xyz_m = transform(read_sweep(path, token, values)[:, :3], lidar_to_camera)
    uvd = project(xyz_m, projection)
    return nearest_per_pixel(uvd[in_view(uvd, size)], size[1])


def transform(xyz_m: Float[ndarray, "N 3"], matrix: Float[ndarray, "4 4"]) -> Float[ndarray, "N 3"]:
    """Points moved by the rigid transform [R t; 0 1], in float64."""
    return xyz_m.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def project(
    xyz_m: Float[ndarray, "N 3"], projection: Float[ndarray, "3 columns"]
) -> Float[ndarray, "N 3"]:
    """Project points of the camera frame (x right, y down, z forward) to (u px, v px, depth m).

    `projection` is the 3x3 intrinsic matrix or KITTI's full 3x4 P_rect: (s u, s v, s) = P X.
    Depth is z. The pixel of a point with s <= 0 (behind the camera) is NaN.
    """
    homogeneous = xyz_m @ projection[:, :3].T
    if projection.shape[1] == 4:
        homogeneous = homogeneous + projection[:, 3]
    scale = np.where(homogeneous[:, 2:] > 0, homogeneous[:, 2:], np.nan)
    return np.column_stack([homogeneous[:, :2] / scale, xyz_m[:, 2]])


def in_view(
    uvd: Float[ndarray, "N 3"], size: tuple[int, int], max_depth_m: float = MAX_DEPTH_M
) -> Bool[ndarray, "N"]:
    """True for depths in (1, `max_depth_m`] m that lie more than 1 px inside the image."""
    height, width = size
    u, v, depth_m = uvd.T  # comparisons with NaN are false
    inside = (u > BORDER_PX) & (u < width - BORDER_PX)
    inside &= (v > BORDER_PX) & (v < height - BORDER_PX)
    return inside & (depth_m > MIN_DEPTH_M) & (depth_m <= max_depth_m)


def nearest_per_pixel(uvd: Float[ndarray, "N 3"], width: int) -> Float32[ndarray, "M 3"]:
    """The nearest of all points that share a pixel, as float32, in the order of their depth."""
    ordered = uvd[np.argsort(uvd[:, 2], kind="stable")].astype(np.float32)
    column, row = np.floor(ordered[:, :2].T + 0.5).astype(np.int64)
    first = np.sort(np.unique(row * width + column, return_index=True)[1])
    return ordered[first]


def move_points(
    uvd: Float[ndarray, "N 3"], pixel_map: Float[ndarray, "3 3"], size: tuple[int, int]
) -> Float32[ndarray, "M 3"]:
    """Returns moved with their image by an affine map of pixel coordinates; the nearest stay.

    `size` is the (height, width) of the new image in px; what falls outside is left out.
    """
    moved = uvd.astype(np.float64)
    moved[:, :2] = moved[:, :2] @ pixel_map[:2, :2].T + pixel_map[:2, 2]
    u, v = moved[:, :2].T.astype(np.float32)
    inside = (u >= -0.5) & (u < size[1] - 0.5) & (v >= -0.5) & (v < size[0] - 0.5)
    return nearest_per_pixel(moved[inside], size[1])
