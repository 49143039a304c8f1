"""What a world is made from: its settings, their fingerprint, its splits and conditions."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from street_world.errors import StreetWorldError
from street_world.sensors import CAMERAS

VERSION = "v1.0-synthetic"
GENERATOR = 2  # raise it whenever the same settings would give other bytes
SPLITS = ("train", "val", "test")
CONDITION_CYCLE = ("day", "night", "rain", "dusk", "day", "day")
SMALLEST, LARGEST = (16, 16), (1000, 2000)


@dataclass(frozen=True)
class Settings:
    """All parameters of a world; two worlds with equal settings are equal byte for byte.

    `image_size` is (height, width) in px; other sizes than nuScenes's are meant for small uses.
    `split_scenes` are the numbers of scenes in train, val and test; None: 70, 15 and 15 %.

    Raises StreetWorldError for a number or a size out of range, and an unknown or repeated camera.
    """

    scenes: int
    frames_per_scene: int
    cameras: tuple[str, ...]
    seed: int
    image_size: tuple[int, int] = (900, 1600)
    generator: int = GENERATOR
    split_scenes: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("scenes", "frames_per_scene"):
            if getattr(self, name) < 1:
                raise StreetWorldError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        if not 0 <= self.seed < 2**32:
            raise StreetWorldError(f"seed is {self.seed}; it must be from 0 to 2**32 - 1.")
        unknown = [name for name in self.cameras if name not in CAMERAS]
        if unknown or not self.cameras or len(set(self.cameras)) < len(self.cameras):
            raise StreetWorldError(
                f"cameras are {list(self.cameras)}; allowed are one or more of {list(CAMERAS)}, "
                "each once."
            )
        split = self.split_scenes
        if split is not None and (len(split) != 3 or min(split) < 0 or sum(split) != self.scenes):
            raise StreetWorldError(
                f"split_scenes is {list(split)}; it must be three numbers of 0 or more, for train, "
                f"val and test, that make {self.scenes} scenes."
            )
        sides = zip(SMALLEST, self.image_size, LARGEST, strict=True)
        if not all(low <= side <= high for low, side, high in sides):
            raise StreetWorldError(
                f"image_size is {'x'.join(map(str, self.image_size))}; allowed are heights from "
                f"{SMALLEST[0]} to {LARGEST[0]} and widths from {SMALLEST[1]} to {LARGEST[1]} px."
            )


@dataclass(frozen=True)
class Scene:
    """What is settled of a scene before it is drawn."""

    index: int
    name: str
    split: str
    condition: str


def read_settings(stored: dict[str, Any]) -> Settings:
    """The settings that have been through JSON, which knows no tuples."""
    height, width = stored["image_size"]
    pairs = {"cameras": tuple(stored["cameras"]), "image_size": (height, width)}
    if split := stored.get("split_scenes"):
        pairs["split_scenes"] = tuple(split)
    return Settings(**{**stored, **pairs})


def as_stored(settings: Settings) -> dict[str, Any]:
    """The settings as they are written; without `split_scenes`, which came later, if it is None."""
    fields = asdict(settings)
    if settings.split_scenes is None:
        del fields["split_scenes"]
    return fields


def fingerprint(settings: Settings) -> str:
    """Sixteen hexadecimal digits that change with any setting."""
    text = json.dumps(as_stored(settings), sort_keys=True)
    return hashlib.sha1(text.encode()).hexdigest()[:16]


def check_same(settings: Settings, path: Path) -> None:
    """Compares settings with those that a world's `settings.json` records.

    Raises StreetWorldError where they differ (names the setting), or the file is no JSON.
    """
    try:
        stored = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise StreetWorldError(f"{path} is not readable JSON ({error}).") from error
    for name, value in json.loads(json.dumps(asdict(settings))).items():
        if stored.get(name) != value:
            raise StreetWorldError(
                f"{path.parent} holds a synthetic world with {name} = {stored.get(name)}, not "
                f"{value}: choose another folder or delete this one."
            )


def plan_scenes(settings: Settings) -> list[Scene]:
    """The scenes of a world in the order of their names, each in one of the three splits.

    Each split runs through the same cycle of conditions, so that four held-out scenes see all four.
    """
    count = settings.scenes
    held_out = max(round(0.15 * count), 1) if count >= 3 else 0
    sizes = settings.split_scenes or (count - 2 * held_out, held_out, held_out)
    slots = [
        (split, CONDITION_CYCLE[k % len(CONDITION_CYCLE)])
        for split, size in zip(SPLITS, sizes, strict=True)
        for k in range(size)
    ]
    order = np.random.default_rng([settings.seed, 0]).permutation(count)
    return [Scene(k, f"scene-{k + 1:04d}", *slots[slot]) for k, slot in enumerate(order)]
