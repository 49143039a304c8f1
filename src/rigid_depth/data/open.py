"""The one door to all data sets: frames by data set, folder and split."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from rigid_depth.data.frame import Frame, Frames, FrameSource, read_frame
from rigid_depth.data.kitti import kitti_sources
from rigid_depth.data.nuscenes import SYNTHETIC_VERSION, nuscenes_sources, resolve_version
from rigid_depth.data.resize import check_size, resize_frame
from rigid_depth.data.sky import sky_reader
from rigid_depth.data.splits import SPLITS, assign, nuscenes_scenes
from rigid_depth.errors import RigidDepthError

DATASETS = ("synthetic", "nuscenes", "kitti")


def open_frames(
    dataset: str,
    root: str | Path,
    split: str,
    size: tuple[int, int] | None = (384, 768),
    cameras: Sequence[str] = ("CAM_FRONT",),
    version: str | None = None,
    split_by: str = "scene",
    sky: str | None = "auto",
    drives: Mapping[str, Sequence[str]] | None = None,
    annotation_root: str | Path | None = None,
) -> Frames:
    """Frames of one split of a data set, each read when it is asked for.

    ``dataset`` is "synthetic", "nuscenes" or "kitti"; ``split`` "train", "val", "test" or "all".
    ``size`` is (height, width) in px, multiples of 32, or None for native images. ``sky`` says
    where sky masks come from (:func:`rigid_depth.data.sky.sky_reader`). ``drives`` and
    ``annotation_root`` are KITTI's. Raises RigidDepthError for a missing folder or version, an
    unknown name, and a split without frames.
    """
    if split not in (*SPLITS, "all"):
        raise RigidDepthError(f"split '{split}' does not exist; use train, val, test or all")
    sources, scenes = list_sources(dataset, root, cameras, version, drives, annotation_root)
    indices = range(len(sources))
    if split != "all":
        indices = assign(sources, scenes, split_by)[split]
    if len(indices) == 0:
        raise RigidDepthError(
            f"split '{split}' by {split_by} of {dataset} in {root} has no frame: none of its "
            f"{len(scenes[split])} scenes is there"
        )
    return Frames([sources[i] for i in indices], frame_reader(root, sources, size, sky))


def list_sources(
    dataset: str,
    root: str | Path,
    cameras: Sequence[str] = ("CAM_FRONT",),
    version: str | None = None,
    drives: Mapping[str, Sequence[str]] | None = None,
    annotation_root: str | Path | None = None,
) -> tuple[list[FrameSource], dict[str, list[str]]]:
    """All frames of a data set, unread, and the scene names of train, val and test."""
    root = Path(root)
    if dataset not in DATASETS:
        raise RigidDepthError(f"data set '{dataset}' does not exist; use {', '.join(DATASETS)}")
    if dataset == "kitti":
        if version is not None:
            raise RigidDepthError(f"KITTI has no version '{version}'; leave version out")
        return kitti_sources(root, tuple(cameras), drives, annotation_root)
    if drives is not None or annotation_root is not None:
        raise RigidDepthError("drives and annotation_root belong to dataset 'kitti'")
    if dataset == "synthetic":
        version = version or SYNTHETIC_VERSION
    version = resolve_version(root, version)
    return nuscenes_sources(root, version, tuple(cameras)), nuscenes_scenes(root, version)


def frame_reader(root: str | Path, sources: Sequence[FrameSource], size, sky: str | None):
    """A function that reads one FrameSource to a Frame of the given size (None: native)."""
    if size is not None:
        check_size(size)
    return functools.partial(_read, sky_reader(sky, sources), size)


def _read(read_sky, size: tuple[int, int] | None, source: FrameSource) -> Frame:
    frame = read_frame(source, read_sky)
    return frame if size is None else resize_frame(frame, size)
