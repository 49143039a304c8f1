"""Frames of a nuScenes v1.0 folder, real or synthetic."""

import functools
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from rigid_depth.data.calibration import check_intrinsics, numbers, rigid_transform
from rigid_depth.data.frame import FrameSource
from rigid_depth.data.projection import project_sweep
from rigid_depth.data.tables import (
    Tables,
    explain,
    file_finder,
    read_tables,
    sample_folders,
    table_folders,
)
from rigid_depth.errors import RigidDepthError

SWEEP_VALUES = 5  # x, y, z, intensity, ring as float32
SYNTHETIC_VERSION = "v1.0-synthetic"


def nuscenes_sources(
    root: Path, version: str, cameras: Sequence[str] = ("CAM_FRONT",), *, skip_missing: bool = False
) -> list[FrameSource]:
    """All keyframe images of a nuScenes-format folder, by scene, time and camera; no image is read.

    Each is paired with the LIDAR_TOP sweep of its sample; the points go LiDAR -> ego at the sweep's
    time -> global -> ego at the image's time -> camera. `truth/` beside the tables (synthetic
    world) is picked up. `skip_missing` leaves out frames without their files and says how many
    are left. Raises RigidDepthError for a missing folder, version, table, key or camera.
    """
    folder = table_folders(root)[version]
    tables = read_tables(folder, ["LIDAR_TOP", *cameras])
    find = file_finder(sample_folders(root, folder))
    try:
        sources = [
            _source(tables, find, folder.parent, sample, camera)
            for sample in tables.records["sample"].values()
            for camera in cameras
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise explain(folder, error) from error
    sources.sort(key=lambda s: (s.scene, s.group, s.camera))
    return _present(sources, root) if skip_missing else sources


def _present(sources: list[FrameSource], root: Path) -> list[FrameSource]:
    """The frames whose files are there; says how many they are."""
    there = [s for s in sources if s.image.is_file() and s.depth_file.is_file()]
    groups, every = ({s.group for s in part} for part in (there, sources))
    scenes, all_scenes = ({s.scene for s in part} for part in (there, sources))
    if not there:
        raise RigidDepthError(
            f"dataroot {root} has the files of none of its {len(every)} keyframes; unpack blobs "
            "so that samples/ lies in it or in folders of it"
        )
    warnings.warn(
        f"{root}: {len(groups)} of {len(every)} keyframes are there, of {len(scenes)} of "
        f"{len(all_scenes)} scenes",
        stacklevel=2,
    )
    return there


def resolve_version(root: Path, version: str | None) -> str:
    """The version folder to read: the one named, else v1.0-trainval, else the only one there is."""
    present = sorted(table_folders(root))
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
    """The devkit's `NuScenes`, with all tables; nothing here but the book's cells needs it.

    Broken tables and missing maps raise RigidDepthError.
    """
    folder = table_folders(root)[version]
    stamp = tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*.json")))
    return _load_devkit(folder, stamp)


@functools.lru_cache(maxsize=1)
def _load_devkit(folder: Path, stamp: tuple[int, ...]):
    from nuscenes.nuscenes import NuScenes

    try:
        return NuScenes(folder.name, str(folder.parent), verbose=False)
    except Exception as error:  # the devkit raises bare ones too
        raise explain(folder, error) from error


def lidar_to_camera(tables, lidar: dict, camera: dict) -> Float[ndarray, "4 4"]:
    """LiDAR -> ego at the sweep's time -> global -> ego at the image's time -> camera.

    `tables` is the devkit or anything with its `get(table, token)`.
    """

    def matrix(table: str, token: str) -> ndarray:
        record = tables.get(table, token)
        name = f"table {table}.json, record {token}"
        return rigid_transform(
            numbers(record["rotation"], (4,), f"{name}: rotation"),
            numbers(record["translation"], (3,), f"{name}: translation"),
            name,
        )

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


def _source(
    tables: Tables, find: Callable[[str], Path], root: Path, sample: dict, channel: str
) -> FrameSource:
    scene = tables.get("scene", sample["scene_token"])
    if channel not in sample["data"] or "LIDAR_TOP" not in sample["data"]:
        raise RigidDepthError(
            f"sample {sample['token']} has no {channel} image with a LIDAR_TOP sweep; present are "
            f"{', '.join(sorted(sample['data'])) or 'none'}"
        )
    camera = tables.get("sample_data", sample["data"][channel])
    lidar = tables.get("sample_data", sample["data"]["LIDAR_TOP"])
    calibration = tables.get("calibrated_sensor", camera["calibrated_sensor_token"])
    name = f"table calibrated_sensor.json, record {calibration['token']}: camera_intrinsic"
    intrinsics = numbers(calibration["camera_intrinsic"], (3, 3), name)
    size = _size(camera)
    check_intrinsics(intrinsics, size, name)
    to_image = lidar_to_camera(tables, lidar, camera), intrinsics
    image = find(camera["filename"])
    truth = root / "truth" / channel / image.stem
    return FrameSource(
        scene=scene["name"],
        token=camera["token"],
        group=f"{scene['name']}/{sample['timestamp']:020d}",
        camera=channel,
        timestamp_us=_time_us(camera),
        condition=scene.get("condition") or condition_of(scene["description"]),
        image=image,
        depth_file=find(lidar["filename"]),
        intrinsics=intrinsics,
        read_points=functools.partial(project_sweep, SWEEP_VALUES, *to_image),
        truth=truth if truth.parent.is_dir() else None,
        size=size,
        calibration=to_image,
    )


def _size(camera: dict) -> tuple[int, int] | None:
    """(height, width) in px that the table gives an image, None where it gives none."""
    size = camera.get("height"), camera.get("width")
    if not all(size):
        return None
    if not all(isinstance(side, int) and side > 0 for side in size):
        raise RigidDepthError(
            f"table sample_data.json, record {camera['token']}: height and width are {size[0]!r} "
            f"and {size[1]!r}; whole numbers of pixels are needed"
        )
    return size


def _time_us(camera: dict) -> int:
    """The image's time; a nuScenes time is in microseconds since 1970."""
    time_us = camera["timestamp"]
    if not isinstance(time_us, int) or isinstance(time_us, bool) or time_us <= 0:
        raise RigidDepthError(
            f"table sample_data.json, record {camera['token']}: timestamp is {time_us!r}; a whole "
            "number of microseconds above 0 is needed"
        )
    return time_us
