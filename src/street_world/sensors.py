"""The sensors of the ego car: calibration, the times at which they look, and the poses of the car.

Frames: ego and global x forward, y left, z up (global: z up); camera x right, y down, z forward;
LIDAR_TOP x right, y forward, z up. Quaternions are (w, x, y, z) and map sensor to ego or ego to
global.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from scipy.spatial.transform import Rotation


class Mount(NamedTuple):
    """How a camera is mounted, in the manner of nuScenes."""

    position: tuple[float, float, float]  # m
    yaw_deg: float
    pitch_deg: float  # downward
    focal_px: float  # at 1600x900
    delay_us: int  # of the exposure, relative to the end of the LiDAR's turn


CAMERAS = {
    "CAM_FRONT": Mount((1.70, 0.016, 1.51), 0.3, 0.4, 1266.4, -35500),
    "CAM_FRONT_LEFT": Mount((1.52, 0.495, 1.51), 55.0, 0.3, 1272.6, -43100),
    "CAM_FRONT_RIGHT": Mount((1.55, -0.493, 1.50), -56.4, 0.6, 1260.8, -27600),
    "CAM_BACK": Mount((0.03, 0.003, 1.58), 180.0, 0.5, 809.2, -10400),
    "CAM_BACK_LEFT": Mount((1.04, 0.485, 1.59), 108.2, 0.6, 1256.7, -500),
    "CAM_BACK_RIGHT": Mount((1.01, -0.481, 1.56), -110.5, 0.6, 1259.5, -20100),
}
LIDAR = "LIDAR_TOP"
LIDAR_POSITION = (0.944, 0.0, 1.840)
_CAMERA_AXES = np.array(
    [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]
)  # camera -> ego, level


@dataclass(frozen=True)
class Sensor:
    """One car's sensor: `rotation` [3,3] (sensor to ego) and `translation` [3] in m."""

    rotation: np.ndarray
    translation: np.ndarray


@dataclass(frozen=True)
class Camera(Sensor):
    """A camera, with its `intrinsic` matrix [3,3] in px."""

    intrinsic: np.ndarray


class Pose(NamedTuple):
    """Where something is: `rotation` [3,3] and `position` [3] in m, global."""

    rotation: np.ndarray
    position: np.ndarray


def quaternion(rotation: np.ndarray) -> list[float]:
    """The (w, x, y, z) quaternion of a 3x3 rotation matrix."""
    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    return [float(w), float(x), float(y), float(z)]


def rotation_from_ypr(yaw_rad: float, pitch_rad: float, roll_rad: float) -> np.ndarray:
    """Rotation [3,3] by heading, then nose-down pitch, then roll (intrinsic z, y, x)."""
    return Rotation.from_euler("ZYX", [yaw_rad, pitch_rad, roll_rad]).as_matrix()


def calibrations(
    cameras: Collection[str], image_size: tuple[int, int], generator: Generator
) -> dict[str, Sensor]:
    """The chosen cameras and the LiDAR of one car, by channel.

    Every car differs a little in mounting, aim and focal length, as every real one does.
    """
    scale = image_size[1] / 1600
    aim = np.radians(generator.normal(0, 1.3))  # the whole camera roof rack leans a little
    lift_m = generator.uniform(-0.12, 0.12)
    result: dict[str, Sensor] = {}
    for name, mount in CAMERAS.items():
        jitter = np.radians(generator.normal(0, 0.35, 3))
        position = np.array(mount.position) + generator.normal(0, 0.02, 3) + [0, 0, lift_m]
        focal = mount.focal_px * scale * generator.uniform(0.98, 1.02)
        centre = [
            (800 + generator.normal(0, 12)) * scale,
            (450 + generator.normal(38, 8)) * scale,
        ]
        if name not in cameras:
            continue
        yaw, pitch = np.radians(mount.yaw_deg), np.radians(mount.pitch_deg) + aim
        turn = rotation_from_ypr(yaw + jitter[0], pitch + jitter[1], jitter[2])
        intrinsic = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]])
        result[name] = Camera(turn @ _CAMERA_AXES, position, intrinsic)
    turn = rotation_from_ypr(*np.radians(generator.normal([-90, 0, 0], [0.3, 0.5, 0.5])))
    result[LIDAR] = Sensor(turn, np.array(LIDAR_POSITION))
    return result


def pixel_directions(camera: Camera, image_size: tuple[int, int]) -> np.ndarray:
    """Viewing directions with camera z = 1 of all pixel centres, float32 [3,H,W]."""
    height, width = image_size
    k = camera.intrinsic
    result = np.ones((3, height, width), np.float32)
    result[0] = (np.arange(width) - k[0, 2]) / k[0, 0]
    result[1] = ((np.arange(height) - k[1, 2]) / k[1, 1])[:, None]
    return result
