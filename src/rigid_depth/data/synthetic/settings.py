"""What a synthetic world is made from: its settings, their fingerprint, its splits and
conditions."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from rigid_depth.data.synthetic.sensors import CAMERAS
from rigid_depth.errors import RigidDepthError

VERSION = "v1.0-synthetic"
GENERATOR = 2  # raise it whenever the same settings would give other bytes
CONDITION_CYCLE = ("day", "night", "rain", "dusk", "day", "day")


@dataclass(frozen=True)
class Settings:
    """All parameters of a world; two worlds with equal settings are equal byte for byte.

    ``image_size`` is (height, width) in pixels; other sizes than nuScenes's are meant for tests.
    """

    scenes: int
    frames_per_scene: int
    cameras: tuple[str, ...]
    seed: int
    image_size: tuple[int, int] = (900, 1600)
    generator: int = GENERATOR

    def __post_init__(self):
        for name in ("scenes", "frames_per_scene"):
            if getattr(self, name) < 1:
                raise RigidDepthError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        if not 0 <= self.seed < 2**32:
            raise RigidDepthError(f"seed is {self.seed}; it must be from 0 to 2**32 - 1.")
        unknown = [name for name in self.cameras if name not in CAMERAS]
        if unknown or not self.cameras or len(set(self.cameras)) < len(self.cameras):
            raise RigidDepthError(
                f"cameras are {list(self.cameras)}; allowed are one or more of {list(CAMERAS)}, "
                "each once."
            )


def fingerprint(settings: Settings) -> str:
    """Sixteen hexadecimal digits that change with any setting."""
    text = json.dumps(asdict(settings), sort_keys=True)
    return hashlib.sha1(text.encode()).hexdigest()[:16]


def check_same(settings: Settings, path: Path) -> None:
    """Raise RigidDepthError, naming the setting, if ``path`` records other settings than these."""
    try:
        stored = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise RigidDepthError(f"{path} is not readable JSON ({error}).") from error
    for name, value in json.loads(json.dumps(asdict(settings))).items():
        if stored.get(name) != value:
            raise RigidDepthError(
                f"{path.parent} holds a synthetic world with {name} = {stored.get(name)}, not "
                f"{value}: choose another folder or delete this one."
            )


def scene_name(index: int) -> str:
    """The nuScenes-like name of the scene with this index."""
    return f"scene-{index + 1:04d}"


def scene_plan(settings: Settings) -> list[dict]:
    """The split (70/15/15 by scene) and condition of every scene, in the order of their names.

    Each split runs through the same cycle of conditions, so that four held-out scenes see all four.
    """
    count = settings.scenes
    held_out = max(round(0.15 * count), 1) if count >= 3 else 0
    sizes = {"train": count - 2 * held_out, "val": held_out, "test": held_out}
    slots = [
        {"split": split, "condition": CONDITION_CYCLE[k % len(CONDITION_CYCLE)]}
        for split, size in sizes.items()
        for k in range(size)
    ]
    order = np.random.default_rng([settings.seed, 0]).permutation(count)
    return [{"index": i, "name": scene_name(i), **slots[order[i]]} for i in range(count)]
