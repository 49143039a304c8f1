"""The frames of a run: makes the prepared store where it is missing."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from filelock import FileLock
from tqdm import tqdm

from rigid_depth.data import Store, open_store, prepare
from rigid_depth.data.kitti_lists import EIGEN, read_list
from rigid_depth.data.open import DATASETS as READ
from rigid_depth.data.splits import named_scenes
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.settings import Scale, as_text
from rigid_depth.experiments.sources import data_home
from rigid_depth.experiments.worlds import make_world

KITTI_EIGEN = "kitti-eigen"
DATASETS = (*READ, KITTI_EIGEN)
"""Data sets of a run; kitti-eigen is KITTI with the split of Eigen et al.: it is tested on their
697 frames (652 with annotation) and trained on all drives these are not from."""
OF_DATASETS = {
    "scenes": ("synthetic",),
    "frames_per_scene": ("synthetic",),
    "world_seed": ("synthetic",),
    "split_scenes": ("synthetic",),
    "world_size": ("synthetic",),
    "classes": ("synthetic",),
    "version": ("nuscenes",),
    "skip_missing": ("nuscenes",),
    "only_scenes": ("nuscenes",),
    "train_drives": ("kitti",),
    "val_drives": ("kitti",),
    "train_files": ("kitti",),
    "val_files": ("kitti",),
    "test_files": ("kitti",),
    "annotation_root": ("kitti", KITTI_EIGEN),
}
"""Parameters of a scale that not every data set knows, and the data sets that do."""
NO_SKY = ("", "none")


def make_store(
    scale: Scale,
    dataset: str,
    dataroot: str | Path | None = None,
    *,
    progress: bool = True,
    check: bool = False,
) -> Store:
    """The prepared store of a run, written once to `data/prepared/<dataset>-<scale>-<size>-<hash>`.

    With a finished store nothing of the data set is listed or opened as long as its tables and
    folders look as they did; `check` compares all frames with the store's nevertheless.
    Without `dataroot` the synthetic world of the scale is taken, and made if it is missing. Several
    processes may ask at once. Raises RigidDepthError for a real data set without a dataroot, and
    for whatever the data layer refuses.
    """
    root = data_root(scale, dataset, dataroot, progress=progress)
    options = {"size": scale.image_size, **data_options(scale, dataset)}
    if dataset == KITTI_EIGEN:
        dataset = "kitti"
    if dataset == "kitti" and progress:
        _say_drives(root, options)
    known = [dataset, str(root.resolve()), _world(root), options | _contents(options)]
    text = json.dumps(known, sort_keys=True)
    size = "x".join(map(str, scale.image_size))
    name = f"{dataset}-{scale.name}-{size}-{hashlib.sha1(text.encode()).hexdigest()[:8]}"
    out = data_home() / "prepared" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    finished = (out / "manifest.json").is_file()  # which nobody writes again
    with nullcontext() if finished else FileLock(f"{out}.lock"):
        made = prepare(dataset, root, out, progress=progress, trust=not check, **options)
    return open_store(made)


def data_root(
    scale: Scale, dataset: str, dataroot: str | Path | None, *, progress: bool = True
) -> Path:
    """The folder of a data set; the synthetic world is made where none is given."""
    check_dataset(dataset)
    if dataroot is None and dataset != "synthetic":
        raise RigidDepthError(
            f"data set '{dataset}' needs --dataroot, the folder where it lies; only the synthetic "
            "world is made on the spot."
        )
    if dataset == "synthetic" and dataroot is None:
        return make_world(scale, progress=progress)
    return Path(dataroot)


def as_given(scale: Scale, dataset: str, dataroot: str | Path | None, changes: dict) -> Scale:
    """The scale with the settings of the synthetic world that is given by its folder.

    Raises RigidDepthError where `changes`, the parameters a user set, ask for another world.
    """
    path = Path(dataroot or "") / "settings.json"
    if dataset != "synthetic" or dataroot is None or not path.is_file():
        return scale
    there = json.loads(path.read_text())
    world = {
        "scenes": there["scenes"],
        "frames_per_scene": there["frames_per_scene"],
        "world_seed": there["seed"],
        "world_size": tuple(there["image_size"]),
        "split_scenes": tuple(there.get("split_scenes") or ()),
    }
    for name in world.keys() & changes:
        if changes[name] != world[name]:
            raise RigidDepthError(
                f"parameter '{name}' is {as_text(changes[name])}; the world at {dataroot} has "
                f"{as_text(world[name])}."
            )
    return replace(scale, **world)


def data_options(scale: Scale, dataset: str) -> dict:
    """What `data.prepare` and `data.open_frames` are told of the frames of a run, besides size."""
    options = {
        "cameras": scale.cameras,
        "version": scale.version or None if dataset == "nuscenes" else None,
        "split_by": scale.split_by,
        "sky": None if scale.sky in NO_SKY else scale.sky,
    }
    if dataset == "synthetic" and scale.classes:
        options["classes"] = True
    if dataset == "nuscenes" and scale.skip_missing:
        options["skip_missing"] = True
    if dataset == "nuscenes" and scale.only_scenes:
        options["only_scenes"] = named_scenes(scale.only_scenes)
    lists = {"train": scale.train_files, "val": scale.val_files, "test": scale.test_files}
    if dataset == KITTI_EIGEN:
        options["drives"] = {"train": (EIGEN,), "val": ()}
        lists = {"test": EIGEN}
    elif dataset == "kitti":
        options["drives"] = {"train": scale.train_drives, "val": scale.val_drives}
    if dataset in ("kitti", KITTI_EIGEN):
        if any(lists.values()) and scale.split_by != "scene":
            raise RigidDepthError(
                f"parameter 'split_by' is '{scale.split_by}'; with lists of frames it is 'scene'."
            )
        if any(lists.values()):
            options["files"] = {split: path for split, path in lists.items() if path}
        if scale.annotation_root:
            options["annotation_root"] = scale.annotation_root
    return options


OTHERS = (
    " --train-drives, --val-drives, --train-files, --val-files and --split eigen choose others."
)


def _say_drives(root: Path, options: dict) -> None:
    """Tells how much of a KITTI folder the run is about: by default one drive trains."""
    present = len(list(root.glob("*/*_drive_*_sync")))
    files = options.get("files", {})
    said = {
        split: f"list {files[split]}" if split in files else f"drives {', '.join(names)}"
        for split, names in options["drives"].items()
        if split in files or names
    }
    said |= {split: f"list {path}" for split, path in files.items()}
    parts = ", ".join(f"{split} {what}" for split, what in said.items())
    tqdm.write(
        f"KITTI: {present} drives are there; {parts}." + (OTHERS if "train" in said else ""),
        file=sys.stderr,
    )


def check_dataset(name: str) -> None:
    """Raises RigidDepthError for a data set that is not known."""
    if name not in DATASETS:
        raise RigidDepthError(f"unknown data set '{name}'; allowed: {', '.join(DATASETS)}.")


def check_known(names: Iterable[str], dataset: str) -> None:
    """Raises RigidDepthError for a changed parameter that the data set does not know."""
    for name in names:
        known = OF_DATASETS.get(name, DATASETS)
        if dataset not in known:
            raise RigidDepthError(
                f"parameter '{name}' belongs to {' and '.join(known)}, not to {dataset}"
                + ("; a part of nuScenes is chosen by 'only_scenes'." if name == "scenes" else ".")
            )


def _contents(options: dict) -> dict:
    """What the lists of frames hold: a list that has changed gets another store."""
    files = options.get("files")
    return {"lists": {s: read_list(path) for s, path in files.items()}} if files else {}


def _world(root: Path) -> str | None:
    """The fingerprint of a synthetic world: another world in the same place gets another store."""
    path = root / "settings.json"
    return json.loads(path.read_text()).get("fingerprint") if path.is_file() else None
