"""Frames of KITTI raw drives, with the sweep or the depth annotation of KITTI depth completion."""

import functools
import warnings
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from rigid_depth.data.files import read_depth_picture
from rigid_depth.data.frame import FrameSource
from rigid_depth.data.kitti_files import by_number, read_calibration, read_times, time_us
from rigid_depth.data.kitti_lists import EIGEN, frame_token, read_lists
from rigid_depth.data.projection import MAX_DEPTH_M, MIN_DEPTH_M, project_sweep
from rigid_depth.data.splits import kitti_drives
from rigid_depth.errors import RigidDepthError

POINT_VALUES = 4  # x, y, z, reflectance as float32
_CAMERAS = {"CAM_FRONT": "image_02", "image_02": "image_02", "image_03": "image_03"}


def kitti_sources(
    root: str | Path,
    cameras: Sequence[str] = ("CAM_FRONT",),
    drives: Mapping[str, Sequence[str]] | None = None,
    annotation_root: str | Path | None = None,
    files: Mapping[str, str | Path] | None = None,
) -> tuple[list[FrameSource], dict[str, list[str]]]:
    """All usable frames of the KITTI raw drives under `root`, and the drives of each split.

    `root` holds `<date>/<date>_drive_NNNN_sync`; images are JPEG or PNG. Image, sweep and time are
    paired by the frame's number, never by their order, and a frame with no sweep is left out. With
    `annotation_root` (KITTI depth completion, `train|val/<drive>/proj_depth`) the annotated pixels
    take the place of the sweep. `CAM_FRONT` means the left colour camera `image_02`. `files` gives
    splits a list of single frames (`read_list`) in place of drives; such a split has tokens of
    frames instead of drives, and what of a list is not there is left out with a warning. Raises
    RigidDepthError for a folder that is missing or without drives, an unknown camera and a drive
    without sweeps (or annotation) that `drives` names; unnamed ones are skipped with a warning.
    Raises it for a list of which no frame is there, and for frames in training and elsewhere.
    """
    if annotation_root is not None and not Path(annotation_root).is_dir():
        raise RigidDepthError(f"there is no folder of annotation {annotation_root}")
    folders = _drive_folders(Path(root))
    lists = read_lists(files, annotation_root is not None)
    if lists:
        return _listed_sources(Path(root), folders, cameras, drives, annotation_root, lists)
    named = kitti_drives(list(folders), drives) if any((drives or {}).values()) else None
    wanted = list(folders) if named is None else sorted({d for ds in named.values() for d in ds})
    strict = named is not None and not any(EIGEN in names for names in (drives or {}).values())
    sources = _whole_drives([folders[d] for d in wanted], cameras, annotation_root, strict)
    if not sources:
        raise RigidDepthError(f"no drive under {root} has images with LiDAR depth")
    usable = sorted({source.scene for source in sources})
    return sources, named or kitti_drives(usable)


def _whole_drives(
    folders: Sequence[Path],
    cameras: Sequence[str],
    annotation_root: str | Path | None,
    strict: bool,
) -> list[FrameSource]:
    """All frames of drives; one that has none is refused, or left out with a warning."""
    sources = []
    for folder in folders:
        found = [
            frame
            for camera in cameras
            for frame in _drive_sources(folder, _channel(camera), annotation_root)
        ]
        if not found:
            kind = "a sweep (velodyne_points/data)" if annotation_root is None else "an annotation"
            problem = f"KITTI drive {folder} has no image with {kind}"
            if strict:
                raise RigidDepthError(f"{problem}; name drives that have both")
            warnings.warn(f"{problem}; it is left out", stacklevel=2)
        sources += sorted(found, key=lambda s: (s.group, s.camera))
    return sources


def _listed_sources(
    root: Path,
    folders: dict[str, Path],
    cameras: Sequence[str],
    drives: Mapping[str, Sequence[str]] | None,
    annotation_root: str | Path | None,
    lists: dict[str, list[str]],
) -> tuple[list[FrameSource], dict[str, list[str]]]:
    """The frames of lists, and of the drives of splits that have no list."""
    others = {s: names for s, names in (drives or {}).items() if s not in lists}
    if "val" in lists or "test" in lists:  # each is the other where only one has a list
        others = {s: names for s, names in others.items() if s == "train"}
    named = kitti_drives(list(folders), others)
    whole = sorted({drive for part in named.values() for drive in part})
    eigen = any(EIGEN in names for names in others.values())
    sources = _whole_drives([folders[d] for d in whole], cameras, annotation_root, not eigen)
    by_token = {source.token: source for source in sources}
    by_folder = defaultdict(set)
    for token in {token for tokens in lists.values() for token in tokens} - by_token.keys():
        drive, number, channel = (*token.split("/"), "image_02")[:3]
        if drive in folders:
            by_folder[drive, channel].add(int(number))
    for (drive, channel), wanted in by_folder.items():
        for source in _drive_sources(folders[drive], channel, annotation_root, wanted):
            by_token[source.token] = source
    scenes = {**named, **{s: _there(root, s, lists[s], by_token) for s in lists}}
    scenes["test"] = scenes["test"] or scenes["val"]
    scenes["val"] = scenes["val"] or scenes["test"]
    for source in by_token.values():
        names = {source.scene, source.token}
        if names & {*scenes["train"]} and names & {*scenes["val"], *scenes["test"]}:
            raise RigidDepthError(f"frame {source.token} is named for training and for testing")
    return sorted(by_token.values(), key=lambda s: (s.group, s.camera)), scenes


def _there(root: Path, split: str, tokens: list[str], found: Mapping[str, FrameSource]) -> list:
    """The frames of a list that were found; raises if none was and warns if some were not."""
    there = [token for token in tokens if token in found]
    lacking = next((token for token in tokens if token not in found), None)
    if not there:
        raise RigidDepthError(
            f"none of the {len(tokens)} frames listed for {split} is under {root} with image and "
            f"LiDAR depth; the first is {lacking}"
        )
    if lacking:
        warnings.warn(
            f"{len(there)} of the {len(tokens)} frames listed for {split} are under {root} with "
            f"image and LiDAR depth; {lacking} and others are left out",
            stacklevel=2,
        )
    return there


def annotated_points(path: Path, token: str, size: tuple[int, int]) -> Float32[ndarray, "N 3"]:
    """The annotated pixels of a KITTI depth picture as (u px, v px, depth m); 0 means none.

    Depths outside (1, 100] m are left out, as those of a sweep are. Raises RigidDepthError when the
    picture is not of 16 bits or differs from its image in size.
    """
    depth_m = read_depth_picture(path, token, size)
    row, column = np.nonzero((depth_m > MIN_DEPTH_M) & (depth_m <= MAX_DEPTH_M))
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
    folder: Path,
    channel: str,
    annotation_root: str | Path | None,
    only: Collection[int] | None = None,
) -> list[FrameSource]:
    """The frames of a drive, or only those of these numbers."""
    images, odd = by_number(folder / channel / "data", r"(\d{10})\.(?:png|jpg|jpeg)")
    if annotation_root is None:
        depths, _ = by_number(folder / "velodyne_points" / "data", r"(\d{10})\.bin")
    else:
        depths, _ = by_number(
            _annotation_folder(annotation_root, folder.name, channel), r"(\d{10})\.png"
        )
    paired = sorted(n for n in images.keys() & depths.keys() if only is None or n in only)
    if not paired:
        return []
    if only is None:
        _say_left_out(folder / channel, odd, len(images) - len(paired), len(depths) - len(paired))
    velodyne_to_rect, projection, size = read_calibration(folder.parent, channel)
    times_us = read_times(folder / channel / "timestamps.txt")
    read_points, to_image = annotated_points, (velodyne_to_rect, projection)
    if annotation_root is None:
        read_points = functools.partial(project_sweep, POINT_VALUES, *to_image)
    sources = []
    for number in paired:
        sources.append(
            FrameSource(
                scene=folder.name,
                token=frame_token(folder.name, number, channel),
                group=f"{folder.name}/{number:010d}",
                camera=channel,
                timestamp_us=time_us(times_us, number, folder / channel),
                condition="day",
                image=images[number],
                depth_file=depths[number],
                intrinsics=projection[:, :3].copy(),
                read_points=read_points,
                size=size,
                calibration=to_image,
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


def _say_left_out(folder: Path, odd: list[str], no_depth: int, no_image: int) -> None:
    """Warn of frames that are not read, with their number."""
    parts = [f"{no_depth} images without LiDAR depth"] if no_depth else []
    parts += [f"{no_image} frames with LiDAR depth and no image"] if no_image else []
    if odd:
        parts.append(f"{len(odd)} files whose name is no frame number ({odd[0]}, ...)")
    if parts:
        warnings.warn(f"{folder}: {', '.join(parts)} are left out", stacklevel=2)
