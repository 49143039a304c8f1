"""Frames of a nuScenes v1.0 folder, real or synthetic, through the official devkit."""

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from rigid_depth.data.frame import FrameSource
from rigid_depth.data.projection import project_sweep
from rigid_depth.errors import RigidDepthError

SWEEP_VALUES = 5  # x, y, z, intensity, ring as float32
SYNTHETIC_VERSION = "v1.0-synthetic"
_KEYS = {  # the tables this module or the devkit's index reads, and the keys they need
    "sensor": ("token", "channel", "modality"),
    "calibrated_sensor": ("token", "sensor_token", "translation", "rotation", "camera_intrinsic"),
    "ego_pose": ("token", "translation", "rotation"),
    "log": ("token",),
    "scene": ("token", "name", "description"),
    "sample": ("token", "scene_token", "timestamp"),
    "sample_data": (
        *("token", "sample_token", "ego_pose_token", "calibrated_sensor_token"),
        *("timestamp", "is_key_frame", "filename"),
    ),
    "category": ("token", "name"),
    "attribute": ("token",),
    "visibility": ("token",),
    "instance": ("token", "category_token"),
    "sample_annotation": ("token", "instance_token", "sample_token"),
    "map": ("token", "filename", "log_tokens"),
}


def nuscenes_sources(
    root: Path, version: str, cameras: Sequence[str] = ("CAM_FRONT",)
) -> list[FrameSource]:
    """All keyframe images of a nuScenes-format folder, by scene, time and camera; no image is read.

    Each is paired with the LIDAR_TOP sweep of its sample; the points go LiDAR -> ego at the sweep's
    time -> global -> ego at the image's time -> camera. ``truth/`` beside the tables (synthetic
    world) is picked up. Raises RigidDepthError for a missing folder, version, table, key or camera.
    """
    devkit = load_devkit(root, version)
    try:
        sources = [
            _source(devkit, root, sample, camera) for sample in devkit.sample for camera in cameras
        ]
    except KeyError as error:
        raise _explain(root, version, error) from error
    return sorted(sources, key=lambda s: (s.scene, s.group, s.camera))


def resolve_version(root: Path, version: str | None) -> str:
    """The version folder to read: the one named, else v1.0-trainval, else the only one there is."""
    if not root.is_dir():
        raise RigidDepthError(f"dataroot {root} does not exist; give the folder that holds v1.0-*")
    present = sorted(p.name for p in root.glob("v1.0-*") if p.is_dir())
    if not present:
        raise RigidDepthError(
            f"dataroot {root} holds no nuScenes tables; expected v1.0-*/scene.json"
        )
    if version is None and len(present) > 1 and "v1.0-trainval" in present:
        return "v1.0-trainval"
    if version is None and len(present) > 1:
        raise RigidDepthError(f"dataroot {root} holds {', '.join(present)}; name one version")
    if version is not None and version not in present:
        raise RigidDepthError(
            f"version '{version}' is not in {root}; present are {', '.join(present)}"
        )
    return version or present[0]


def load_devkit(root: Path, version: str):
    """The devkit's ``NuScenes``; broken tables raise RigidDepthError naming table and key."""
    stamp = tuple(path.stat().st_mtime_ns for path in sorted((root / version).glob("*.json")))
    return _load_devkit(str(root), version, stamp)


@functools.lru_cache(maxsize=2)
def _load_devkit(root: str, version: str, stamp: tuple[int, ...]):
    from nuscenes.nuscenes import NuScenes

    try:
        return NuScenes(version, root, verbose=False)
    except Exception as error:  # the devkit raises bare ones too
        raise _explain(Path(root), version, error) from error


def lidar_to_camera(devkit, lidar: dict, camera: dict) -> Float[ndarray, "4 4"]:
    """LiDAR -> ego at the sweep's time -> global -> ego at the image's time -> camera."""
    from nuscenes.utils.geometry_utils import transform_matrix
    from pyquaternion import Quaternion

    def matrix(table: str, token: str) -> ndarray:
        record = devkit.get(table, token)
        return transform_matrix(record["translation"], Quaternion(record["rotation"]))

    lidar_to_ego = matrix("calibrated_sensor", lidar["calibrated_sensor_token"])
    ego_to_global = matrix("ego_pose", lidar["ego_pose_token"])
    camera_ego_to_global = matrix("ego_pose", camera["ego_pose_token"])
    camera_to_ego = matrix("calibrated_sensor", camera["calibrated_sensor_token"])
    to_global = ego_to_global @ lidar_to_ego
    return np.linalg.inv(camera_ego_to_global @ camera_to_ego) @ to_global


def condition_of(description: str) -> str:
    """night, rain, dusk or day by the words of a scene's description, unknown without words."""
    words = description.lower()
    for condition, pattern in (("night", r"\bnight"), ("rain", r"\brain"), ("dusk", r"\bdusk")):
        if re.search(pattern, words):
            return condition
    return "day" if words.strip() else "unknown"


def _source(devkit, root: Path, sample: dict, channel: str) -> FrameSource:
    scene = devkit.get("scene", sample["scene_token"])
    if channel not in sample["data"] or "LIDAR_TOP" not in sample["data"]:
        raise RigidDepthError(
            f"sample {sample['token']} has no {channel} image with a LIDAR_TOP sweep; present are "
            f"{', '.join(sorted(sample['data'])) or 'none'}"
        )
    camera = devkit.get("sample_data", sample["data"][channel])
    lidar = devkit.get("sample_data", sample["data"]["LIDAR_TOP"])
    calibration = devkit.get("calibrated_sensor", camera["calibrated_sensor_token"])
    intrinsics = np.array(calibration["camera_intrinsic"], dtype=np.float64)
    image = root / camera["filename"]
    truth = root / "truth" / channel / image.stem
    return FrameSource(
        scene=scene["name"],
        token=camera["token"],
        group=f"{scene['name']}/{sample['timestamp']:020d}",
        camera=channel,
        timestamp_us=camera["timestamp"],
        condition=scene.get("condition") or condition_of(scene["description"]),
        image=image,
        depth_file=root / lidar["filename"],
        intrinsics=intrinsics,
        read_points=functools.partial(
            project_sweep, SWEEP_VALUES, lidar_to_camera(devkit, lidar, camera), intrinsics
        ),
        truth=truth if truth.parent.is_dir() else None,
    )


def _explain(root: Path, version: str, error: Exception) -> RigidDepthError:
    """The sentence for tables the devkit stumbles over: which file, which record, which key."""
    for table, keys in _KEYS.items():
        path = root / version / f"{table}.json"
        if not path.is_file():
            return RigidDepthError(f"table {path} is missing; nuScenes v1.0 has 13 tables")
        try:
            records = json.loads(path.read_text())
        except (json.JSONDecodeError, UnicodeDecodeError) as bad:
            return RigidDepthError(f"table {path} is not readable JSON: {bad}")
        for number, record in enumerate(records):
            missing = [key for key in keys if key not in record]
            if missing:
                return RigidDepthError(f"table {path}: record {number} has no key '{missing[0]}'")
    return RigidDepthError(f"tables in {root / version} do not fit together: {error}")
