"""The ground truth of monodepth and monodepth2: how far ahead of the LiDAR a return lies."""

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from rigid_depth.data.files import read_sweep
from rigid_depth.data.frame import FrameSource
from rigid_depth.data.kitti_files import read_calibration
from rigid_depth.data.projection import project, transform
from rigid_depth.errors import RigidDepthError

POINT_VALUES = 4  # x, y, z, reflectance as float32


def forward_depth(source: FrameSource, size: tuple[int, int]) -> Float64[ndarray, "H W"]:
    """Metres ahead of the LiDAR at the pixels of a KITTI sweep's returns; 0 where there is none.

    As `generate_depth_map` of nianticlabs/monodepth2@b676244 (kitti_utils.py) with `vel_depth`:
    x in the frame of the LiDAR, about 0.28 m more than z of the camera, of the nearest return whose
    pixel coordinates, counted from 1, round to a pixel, whatever its depth. Raises RigidDepthError
    for an image that is not of the size of its calibration.
    """
    folder = source.depth_file.parents[3]
    velodyne_to_rect, projection, full_size = read_calibration(folder, source.camera)
    if full_size is not None and tuple(size) != tuple(full_size):
        raise RigidDepthError(
            f"frame {source.token}: image {source.image} was shrunk; a protocol with this truth "
            f"needs {full_size[0]}x{full_size[1]}"
        )
    xyz_m = read_sweep(source.depth_file, source.token, POINT_VALUES)[:, :3]
    xyz_m = xyz_m[xyz_m[:, 0] >= 0]
    column, row, _ = project(transform(xyz_m, velodyne_to_rect), projection).T
    column, row = np.round(column) - 1, np.round(row) - 1
    inside = (column >= 0) & (row >= 0) & (column < size[1]) & (row < size[0])  # not so for NaN
    depth_m = np.full(size, np.inf)
    pixels = row[inside].astype(int), column[inside].astype(int)
    np.minimum.at(depth_m, pixels, xyz_m[inside, 0].astype(float))
    return np.where(np.isinf(depth_m), 0, depth_m)
