"""The sensors of the ego car: calibration, the times at which they look, and the poses of the car.

Frames: ego and global x forward, y left, z up (global: z up); camera x right, y down, z forward;
LIDAR_TOP
x right, y forward, z up. Quaternions are (w, x, y, z) and map sensor to ego or ego to global.
"""

import numpy as np
from scipy.spatial.transform import Rotation

# Mounting in the manner of nuScenes: position in m, heading and downward pitch in degrees, focal
# length in px at 1600x900, and the moment of the exposure relative to the end of the LiDAR's turn.
CAMERAS = {
    "CAM_FRONT": {
        "position": (1.70, 0.016, 1.51),
        "yaw": 0.3,
        "pitch": 0.4,
        "focal": 1266.4,
        "delay_us": -35500,
    },
    "CAM_FRONT_LEFT": {
        "position": (1.52, 0.495, 1.51),
        "yaw": 55.0,
        "pitch": 0.3,
        "focal": 1272.6,
        "delay_us": -43100,
    },
    "CAM_FRONT_RIGHT": {
        "position": (1.55, -0.493, 1.50),
        "yaw": -56.4,
        "pitch": 0.6,
        "focal": 1260.8,
        "delay_us": -27600,
    },
    "CAM_BACK": {
        "position": (0.03, 0.003, 1.58),
        "yaw": 180.0,
        "pitch": 0.5,
        "focal": 809.2,
        "delay_us": -10400,
    },
    "CAM_BACK_LEFT": {
        "position": (1.04, 0.485, 1.59),
        "yaw": 108.2,
        "pitch": 0.6,
        "focal": 1256.7,
        "delay_us": -500,
    },
    "CAM_BACK_RIGHT": {
        "position": (1.01, -0.481, 1.56),
        "yaw": -110.5,
        "pitch": 0.6,
        "focal": 1259.5,
        "delay_us": -20100,
    },
}
LIDAR = "LIDAR_TOP"
LIDAR_POSITION = (0.944, 0.0, 1.840)
_CAMERA_AXES = np.array(
    [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]
)  # camera -> ego, level


def quaternion(rotation: np.ndarray) -> list[float]:
    """The (w, x, y, z) quaternion of a 3x3 rotation matrix."""
    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    return [float(w), float(x), float(y), float(z)]


def rotation_from_ypr(yaw_rad: float, pitch_rad: float, roll_rad: float) -> np.ndarray:
    """Rotation by heading, then nose-down pitch, then roll (intrinsic z, y, x)."""
    return Rotation.from_euler("ZYX", [yaw_rad, pitch_rad, roll_rad]).as_matrix()


def calibrations(cameras, image_size, generator: np.random.Generator) -> dict[str, dict]:
    """One car's sensors: rotation (sensor to ego), translation in m, and the cameras' intrinsics.

    Every car differs a little in mounting, aim and focal length, as every real one does.
    """
    scale = image_size[1] / 1600
    aim = np.radians(generator.normal(0, 1.3))  # the whole camera roof rack leans a little
    lift_m = generator.uniform(-0.12, 0.12)
    result = {}
    for name, mount in CAMERAS.items():
        jitter = np.radians(generator.normal(0, 0.35, 3))
        position = np.array(mount["position"]) + generator.normal(0, 0.02, 3) + [0, 0, lift_m]
        focal = mount["focal"] * scale * generator.uniform(0.98, 1.02)
        centre = [
            (800 + generator.normal(0, 12)) * scale,
            (450 + generator.normal(38, 8)) * scale,
        ]
        if name not in cameras:
            continue
        yaw, pitch = np.radians(mount["yaw"]), np.radians(mount["pitch"]) + aim
        turn = rotation_from_ypr(yaw + jitter[0], pitch + jitter[1], jitter[2])
        result[name] = {
            "rotation": turn @ _CAMERA_AXES,
            "translation": position,
            "intrinsic": np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]]),
        }
    turn = rotation_from_ypr(*np.radians(generator.normal([-90, 0, 0], [0.3, 0.5, 0.5])))
    result[LIDAR] = {"rotation": turn, "translation": np.array(LIDAR_POSITION), "intrinsic": None}
    return result


def pixel_directions(intrinsic: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Viewing directions with camera z = 1 of all pixel centres, float32 [3,H,W]."""
    height, width = image_size
    result = np.ones((3, height, width), np.float32)
    result[0] = (np.arange(width) - intrinsic[0, 2]) / intrinsic[0, 0]
    result[1] = ((np.arange(height) - intrinsic[1, 2]) / intrinsic[1, 1])[:, None]
    return result
