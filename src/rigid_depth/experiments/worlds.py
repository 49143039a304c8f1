"""The synthetic world of a scale, made without loading torch."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from filelock import FileLock

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.settings import Scale
from rigid_depth.experiments.sources import data_home
from street_world import StreetWorldError, is_complete, write_world

ELSEWHERE = (
    " Another world is written by `rigid-depth synth --out DIR -p NAME=VALUE` and used by "
    "`--dataroot DIR`."
)


def make_world(scale: Scale, root: Path | None = None, *, progress: bool = True) -> Path:
    """The synthetic world of a scale, written once to `root` or to `data/synthetic/<scale>`.

    Raises RigidDepthError for whatever `street_world` refuses, in its own words.
    """
    return write_once(
        root or data_home() / "synthetic" / scale.name,
        scenes=scale.scenes,
        frames_per_scene=scale.frames_per_scene,
        cameras=scale.cameras,
        seed=scale.world_seed,
        image_size=scale.world_size,
        split_scenes=scale.split_scenes or None,
        progress=progress,
    )


def write_once(root: Path, **settings) -> Path:
    """Writes a world by `street_world.write_world`, which takes `settings`; callers take turns.

    One that is there needs no turn, so that its folder may be read-only. Raises RigidDepthError for
    whatever `street_world` refuses, in its own words.
    """
    there = is_complete(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    with nullcontext() if there else FileLock(f"{root}.lock"):
        try:
            return write_world(root, **settings)
        except StreetWorldError as error:
            raise RigidDepthError(str(error) + (ELSEWHERE if there else "")) from error
