"""Frames of KITTI raw drives, with the sweep or the depth annotation of KITTI depth completion."""

import functools
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from rigid_depth.data.files import read_depth_picture
from rigid_depth.data.frame import FrameSource
from rigid_depth.data.projection import MAX_DEPTH_M, project_sweep
from rigid_depth.data.splits import kitti_drives
from rigid_depth.errors import RigidDepthError

POINT_VALUES = 4  # x, y, z, reflectance as float32
FRAME_PERIOD_US = 100_000  # KITTI records at 10 Hz
_CAMERAS = {"CAM_FRONT": "image_02", "image_02": "image_02", "image_03": "image_03"}


def kitti_sources(
    root: str | Path,
    cameras: Sequence[str] = ("CAM_FRONT",),
    drives: Mapping[str, Sequence[str]] | None = None,
    annotation_root: str | Path | None = None,
) -> tuple[list[FrameSource], dict[str, list[str]]]:
    """All usable frames of the KITTI raw drives under ``root``, and the drives of each split.

    ``root`` holds ``<date>/<date>_drive_NNNN_sync``; images are JPEG or PNG. Image, sweep and time
    are paired by the frame's number, never by their order, and a frame with no sweep is left out.
    With ``annotation_root`` (KITTI depth completion, ``train|val/<drive>/proj_depth``) the
    annotated pixels take the place of the sweep. ``CAM_FRONT`` means the left colour camera
    ``image_02``. Raises RigidDepthError for a folder without drives, an unknown camera and a drive
    without sweeps (or annotation) that ``drives`` names; unnamed ones are skipped with a warning.
    """
    folders = _drive_folders(Path(root))
    named = kitti_drives(list(folders), drives) if any((drives or {}).values()) else None
    wanted = list(folders) if named is None else sorted({d for ds in named.values() for d in ds})
    sources = []
    for drive in wanted:
        found = [
            frame
            for camera in cameras
            for frame in _drive_sources(folders[drive], _channel(camera), annotation_root)
        ]
        if not found:
            kind = "a sweep (velodyne_points/data)" if annotation_root is None else "an annotation"
            problem = f"KITTI drive {folders[drive]} has no image with {kind}"
            if named is not None:
                raise RigidDepthError(f"{problem}; name drives that have both")
            warnings.warn(f"{problem}; it is left out", stacklevel=2)
        sources += sorted(found, key=lambda s: (s.group, s.camera))
    if not sources:
        raise RigidDepthError(f"no drive under {root} has images with LiDAR depth")
    usable = sorted({source.scene for source in sources})
    return sources, named or kitti_drives(usable)


def read_calibration(date_folder: Path, channel: str) -> tuple[ndarray, ndarray]:
    """Velodyne to rectified camera 0 (4x4) and the camera's full P_rect (3x4) of a recording date.

    X_rect = R_rect_00 (R X + T) and (s u, s v, s) = P_rect X_rect. Depth is z of X_rect, the frame
    of the rectified camera 0; camera 2's own z is 2.7 mm more, less than a step of the annotation.
    Raises RigidDepthError for a missing file or entry.
    """
    cameras = _read_numbers(date_folder / "calib_cam_to_cam.txt")
    velodyne = _read_numbers(date_folder / "calib_velo_to_cam.txt")
    number = channel[-2:]
    try:
        rigid, rectify = np.eye(4), np.eye(4)
        rigid[:3] = np.column_stack([velodyne["R"].reshape(3, 3), velodyne["T"]])
        rectify[:3, :3] = cameras["R_rect_00"].reshape(3, 3)
        return rectify @ rigid, cameras[f"P_rect_{number}"].reshape(3, 4)
    except (KeyError, ValueError) as error:
        raise RigidDepthError(
            f"calibration in {date_folder} lacks {error} or has the wrong number of values; needed "
            f"are R and T, R_rect_00 and P_rect_{number}"
        ) from error


def annotated_points(path: Path, token: str, size: tuple[int, int]) -> Float32[ndarray, "N 3"]:
    """The annotated pixels of a KITTI depth picture as (u px, v px, depth m); 0 means none.

    Depths beyond 100 m are left out. Raises RigidDepthError when picture and image differ in size.
    """
    depth_m = read_depth_picture(path, token)
    if depth_m.shape != size:
        raise RigidDepthError(
            f"frame {token}: depth picture {path} is {depth_m.shape[0]}x{depth_m.shape[1]}, its "
            f"image {size[0]}x{size[1]}; they must be equal"
        )
    row, column = np.nonzero((depth_m > 0) & (depth_m <= MAX_DEPTH_M))
    return np.column_stack([column, row, depth_m[row, column]]).astype(np.float32)


def _drive_folders(root: Path) -> dict[str, Path]:
    if not root.is_dir():
        raise RigidDepthError(f"dataroot {root} does not exist; give the folder that holds <date>/")
    folders = {p.name: p for p in sorted(root.glob("*/*_drive_*_sync")) if p.is_dir()}
    if not folders:
        raise RigidDepthError(
            f"dataroot {root} holds no KITTI raw drive; expected <date>/<date>_drive_NNNN_sync"
        )
    return folders


def _drive_sources(
    folder: Path, channel: str, annotation_root: str | Path | None
) -> list[FrameSource]:
    images = _by_number(folder / channel / "data", r"(\d{10})\.(?:png|jpg|jpeg)$")
    if annotation_root is None:
        depths = _by_number(folder / "velodyne_points" / "data", r"(\d{10})\.bin$")
    else:
        depths = _by_number(
            _annotation_folder(annotation_root, folder.name, channel), r"(\d{10})\.png$"
        )
    numbers = sorted(images.keys() & depths.keys())
    if not numbers:
        return []
    velodyne_to_rect, projection = read_calibration(folder.parent, channel)
    times_us = _read_times(folder / channel / "timestamps.txt")
    read_points = annotated_points
    if annotation_root is None:
        read_points = functools.partial(project_sweep, POINT_VALUES, velodyne_to_rect, projection)
    sources = []
    for number in numbers:
        token = f"{folder.name}/{number:010d}" + ("" if channel == "image_02" else f"/{channel}")
        sources.append(
            FrameSource(
                scene=folder.name,
                token=token,
                group=f"{folder.name}/{number:010d}",
                camera=channel,
                timestamp_us=_time_us(times_us, number, folder / channel),
                condition="day",
                image=images[number],
                depth_file=depths[number],
                intrinsics=projection[:, :3].copy(),
                read_points=read_points,
            )
        )
    return sources


def _channel(camera: str) -> str:
    if camera not in _CAMERAS:
        raise RigidDepthError(f"camera '{camera}' is not in KITTI; use {', '.join(_CAMERAS)}")
    return _CAMERAS[camera]


def _annotation_folder(root: str | Path, drive: str, channel: str) -> Path:
    hits = [
        Path(root) / part / drive
        for part in ("train", "val")
        if (Path(root) / part / drive).is_dir()
    ]
    base = hits[0] if hits else Path(root) / "train" / drive
    return base / "proj_depth" / "groundtruth" / channel


def _by_number(folder: Path, pattern: str) -> dict[int, Path]:
    """Files of a folder by the frame number in their name; an absent folder has none."""
    matches = ((re.fullmatch(pattern, p.name), p) for p in sorted(folder.glob("*")))
    return {int(match[1]): path for match, path in matches if match}


def _read_times(path: Path) -> list[int] | None:
    """Microseconds of every line of a timestamps file; line n belongs to frame n. None: no file."""
    if not path.is_file():
        return None
    try:
        # nanoseconds are more than datetime can read; the zone is unknown and taken as UTC
        return [
            round(datetime.fromisoformat(line[:26]).replace(tzinfo=UTC).timestamp() * 1e6)
            for line in path.read_text().splitlines()
            if line.strip()
        ]
    except ValueError as error:
        raise RigidDepthError(f"{path} must hold one time a line: {error}") from error


def _time_us(times_us: list[int] | None, number: int, folder: Path) -> int:
    if times_us is None:
        return number * FRAME_PERIOD_US
    if number >= len(times_us):
        raise RigidDepthError(
            f"{folder / 'timestamps.txt'} has {len(times_us)} lines, but frame {number} needs line "
            f"{number + 1}: line n (from 0) is the time of frame n"
        )
    return times_us[number]


def _read_numbers(path: Path) -> dict[str, ndarray]:
    """The numeric lines ``name: v v v`` of a KITTI calibration file."""
    if not path.is_file():
        raise RigidDepthError(f"calibration file {path} is missing")
    values = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        try:
            values[name] = np.array([float(word) for word in rest.split()])
        except ValueError:  # calib_time holds a date
            continue
    return values
