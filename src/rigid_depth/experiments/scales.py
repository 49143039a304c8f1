"""How big a run can be: the scales of the book, from a test of seconds to the thesis."""

from __future__ import annotations

from typing import TypeVar

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.settings import Scale

Found = TypeVar("Found")


class Table(dict[str, Found]):
    """Entries by name; asking for one that is not there raises RigidDepthError with the names."""

    def __init__(self, kind: str, entries: tuple[Found, ...]):
        super().__init__()
        self.kind = kind
        for entry in entries:
            if entry.name in self:
                raise RigidDepthError(f"two {kind}s are called '{entry.name}'.")
            self[entry.name] = entry

    def __missing__(self, name: str) -> Found:
        raise RigidDepthError(f"unknown {self.kind} '{name}'; allowed: {', '.join(self)}.")


SCALES: Table[Scale] = Table(
    "scale",
    (
        Scale(
            name="smoke",
            summary="tests only: 48 synthetic frames, 96x192, quarter width, 20 steps; seconds on "
            "a CPU; the result means nothing",
            scenes=12,
            frames_per_scene=4,
            classes=True,
            width=0.25,
            steps=20,
            batch_size=4,
            learning_rate_factor=10.0,
            validate_every=10,
            checkpoint_every=5,
            log_every=5,
            val_frames=8,
            train_frames=8,
        ),
        Scale(
            name="cpu",
            summary="a laptop: 640 synthetic frames of 160 scenes, 128x256, half width; about 2 "
            "minutes a run on 2 cores; about 1 m below the row-mean baseline on unseen streets",
            scenes=160,
            frames_per_scene=4,
            classes=True,
            image_size=(128, 256),
            width=0.5,
            steps=600,
            batch_size=8,
            learning_rate_factor=20.0,
            precision="auto",
            validate_every=100,
            checkpoint_every=50,
            log_every=20,
            val_frames=96,
        ),
        Scale(
            name="core",
            summary="the book's tables: 2,960 synthetic frames of 1,480 streets, 128x256, half "
            "width, latents of 8x16; about 8 minutes a run on one core, 15 with two branches; a "
            "quarter below the row-mean baseline on unseen streets",
            scenes=1480,
            frames_per_scene=2,
            split_scenes=(1000, 240, 240),
            world_size=(225, 400),
            classes=True,
            image_size=(128, 256),
            stride=16,
            width=0.5,
            steps=2400,
            batch_size=8,
            learning_rate_factor=20.0,
            precision="auto",
            validate_every=300,
            checkpoint_every=200,
            log_every=50,
            val_frames=96,
        ),
        Scale(
            name="gpu",
            summary="one GPU: 5,000 synthetic frames of 250 scenes, 384x768, full width; minutes "
            "a run; not measured yet",
            scenes=250,
            frames_per_scene=20,
            classes=True,
            image_size=(384, 768),
            steps=12000,
            batch_size=8,
            learning_rate_factor=2.0,
            precision="bf16-mixed",
            compile=True,
            validate_every=1000,
            checkpoint_every=1000,
            log_every=100,
        ),
        Scale(
            name="paper",
            summary="the thesis: nuScenes v1.0-trainval, 384x768, full width, 40 epochs, batch 8; "
            "hours a run on one GPU; thesis 4.16 m (rgb), 4.21 m (rgb-infinity)",
            dataset="nuscenes",
            version="v1.0-trainval",
            image_size=(384, 768),
            epochs=40,
            batch_size=8,
            precision="bf16-mixed",
            compile=True,
            validate_every=2000,
            checkpoint_every=1000,
            log_every=100,
            val_frames=500,
            train_frames=500,
        ),
    ),
)
"""Name on the command line -> scale. With few steps the thesis's peak learning rate of 1.5e-4 is
too small: each scale multiplies it by its `learning_rate_factor`."""


def find_scale(name: str) -> Scale:
    """The scale of that name, or a sentence that lists the names."""
    return SCALES[name]
