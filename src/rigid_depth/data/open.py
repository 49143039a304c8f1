"""The one door to all data sets: frames by data set, folder and split."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rigid_depth.data.frame import Frame, Frames, FrameSource, SkyReader, read_frame
from rigid_depth.data.kitti import kitti_sources
from rigid_depth.data.nuscenes import SYNTHETIC_VERSION, nuscenes_sources, resolve_version
from rigid_depth.data.resize import check_size, resize_frame
from rigid_depth.data.sky import sky_reader
from rigid_depth.data.splits import SPLITS, assign, choose_scenes, nuscenes_scenes
from rigid_depth.data.tables import table_folders
from rigid_depth.errors import RigidDepthError

DATASETS = ("synthetic", "nuscenes", "kitti")


@dataclass(frozen=True)
class Listing:
    """All frames of a data set, unread, its version and the scene names of train, val and test."""

    sources: list[FrameSource]
    scenes: dict[str, list[str]]
    version: str


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
    files: Mapping[str, str | Path] | None = None,
    skip_missing: bool = False,
    only_scenes: Sequence[str] = (),
    classes: bool = False,
) -> Frames:
    """Frames of one split of a data set, each read when it is asked for.

    `dataset` is "synthetic", "nuscenes" or "kitti"; `split` "train", "val", "test" or "all".
    `size` is (height, width) in px, multiples of 32, or None for native images. `split_by` is
    "scene" or the thesis's "frame". `sky` says where sky masks come from (`sky_reader`). `drives`,
    `annotation_root` and `files` are KITTI's (`kitti_sources`). `skip_missing` and `only_scenes`
    take a part of nuScenes: the frames whose files are there, and the scenes of `choose_scenes`.
    With `classes` frames have their class maps, which the synthetic world alone can give.
    Raises RigidDepthError for a missing folder or version, an unknown name, an empty split.
    """
    if split not in (*SPLITS, "all"):
        raise RigidDepthError(f"split '{split}' does not exist; use train, val, test or all")
    listing = list_frames(
        dataset, root, cameras, version, drives, annotation_root, files, skip_missing, only_scenes
    )
    chosen = listing.sources
    if split != "all":
        parts = assign(listing.sources, listing.scenes, split_by)
        chosen = [listing.sources[i] for i in parts[split]]
        if not chosen:
            sizes = ", ".join(f"{name} {len(part)}" for name, part in parts.items())
            raise RigidDepthError(
                f"split '{split}' of {dataset} {listing.version} in {root} has no frame; frames by "
                f"{split_by}: {sizes}"
            )
    return Frames(chosen, frame_reader(sky_reader(sky, listing.sources), size, classes))


def list_frames(
    dataset: str,
    root: str | Path,
    cameras: Sequence[str] = ("CAM_FRONT",),
    version: str | None = None,
    drives: Mapping[str, Sequence[str]] | None = None,
    annotation_root: str | Path | None = None,
    files: Mapping[str, str | Path] | None = None,
    skip_missing: bool = False,
    only_scenes: Sequence[str] = (),
) -> Listing:
    """What `open_frames` and the prepared store read, before anything is read."""
    root = Path(root)
    if dataset not in DATASETS:
        raise RigidDepthError(f"data set '{dataset}' does not exist; use {', '.join(DATASETS)}")
    if dataset == "kitti":
        if version is not None:
            raise RigidDepthError(f"KITTI has no version '{version}'; leave version out")
        if skip_missing or only_scenes:
            raise RigidDepthError(
                "skip_missing and only_scenes belong to nuscenes; KITTI has drives"
            )
        version = "raw" if annotation_root is None else "raw+annotation"
        return Listing(*kitti_sources(root, cameras, drives, annotation_root, files), version)
    if drives is not None or annotation_root is not None or files is not None:
        raise RigidDepthError(
            f"drives, annotation_root and files belong to kitti, not to {dataset}"
        )
    if dataset == "synthetic":
        version = version or SYNTHETIC_VERSION
    version = resolve_version(root, version)
    scenes = nuscenes_scenes(table_folders(root)[version].parent, version)
    sources = nuscenes_sources(root, version, cameras, skip_missing=skip_missing)
    if only_scenes:
        chosen = choose_scenes(sorted({source.scene for source in sources}), scenes, only_scenes)
        sources = [source for source in sources if source.scene in chosen]
    return Listing(sources, scenes, version)


def frame_reader(
    read_sky: SkyReader, size: tuple[int, int] | None, classes: bool = False
) -> Callable[[FrameSource], Frame]:
    """A function that reads one source to a frame of `size` (None: native)."""
    if size is not None:
        check_size(size)
    return functools.partial(_read, read_sky, size, classes)


def _read(
    read_sky: SkyReader, size: tuple[int, int] | None, classes: bool, source: FrameSource
) -> Frame:
    frame = read_frame(source, read_sky, classes)
    return frame if size is None else resize_frame(frame, size)
