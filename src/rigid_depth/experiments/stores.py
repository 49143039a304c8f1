"""The frames of a run: makes the prepared store where it is missing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from filelock import FileLock

from rigid_depth.data import Store, open_store, prepare
from rigid_depth.data.open import DATASETS
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.settings import Scale
from rigid_depth.experiments.sources import data_home
from rigid_depth.experiments.worlds import make_world


def make_store(
    scale: Scale, dataset: str, dataroot: str | Path | None = None, *, progress: bool = True
) -> Store:
    """The prepared store of a run, written once to `data/prepared/<dataset>-<scale>-<size>-<hash>`.

    Without `dataroot` the synthetic world of the scale is taken, and made if it is missing. Several
    processes may ask at once. Raises RigidDepthError for a real data set without a dataroot, and
    for whatever the data layer refuses.
    """
    if dataset not in DATASETS:
        raise RigidDepthError(f"unknown data set '{dataset}'; allowed: {', '.join(DATASETS)}.")
    if dataroot is None and dataset != "synthetic":
        raise RigidDepthError(
            f"data set '{dataset}' needs --dataroot, the folder where it lies; only the synthetic "
            "world is made on the spot."
        )
    if dataset == "synthetic" and dataroot is None:
        root = make_world(scale, progress=progress)
    else:
        root = Path(dataroot)
    options = {
        "size": scale.image_size,
        "cameras": scale.cameras,
        "version": scale.version or None if dataset == "nuscenes" else None,
        "split_by": scale.split_by,
        "sky": scale.sky or None,
    }
    if dataset == "kitti":
        options["drives"] = {"train": scale.train_drives, "val": scale.val_drives}
    text = json.dumps([dataset, str(root.resolve()), _world(root), options], sort_keys=True)
    size = "x".join(map(str, scale.image_size))
    name = f"{dataset}-{scale.name}-{size}-{hashlib.sha1(text.encode()).hexdigest()[:8]}"
    out = data_home() / "prepared" / name
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{out}.lock"):
        return open_store(prepare(dataset, root, out, progress=progress, **options))


def _world(root: Path) -> str | None:
    """The fingerprint of a synthetic world: another world in the same place gets another store."""
    path = root / "settings.json"
    return json.loads(path.read_text()).get("fingerprint") if path.is_file() else None
