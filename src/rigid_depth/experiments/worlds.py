"""The synthetic world of a scale, made without loading torch."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from rigid_depth.data.synthetic import write_synthetic
from rigid_depth.experiments.settings import Scale
from rigid_depth.experiments.sources import data_home


def make_world(scale: Scale, root: Path | None = None, *, progress: bool = True) -> Path:
    """The synthetic world of a scale, written once to `root` or to `data/synthetic/<scale>`."""
    root = root or data_home() / "synthetic" / scale.name
    root.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{root}.lock"):
        return write_synthetic(
            root,
            scenes=scale.scenes,
            frames_per_scene=scale.frames_per_scene,
            cameras=scale.cameras,
            seed=scale.world_seed,
            progress=progress,
        )
