"""The studies of chapters 3 to 5: which function, with which settings at which size."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rigid_depth.errors import RigidDepthError

SIZES = ("full", "smoke")


@dataclass(frozen=True)
class Study:
    """One study: which function, with which settings at the full and at the smoke size."""

    name: str
    label: str
    section: str  # of the thesis
    notebook: str  # the notebook that shows it, relative to the repository
    function: str  # "package.module:name"
    full: Mapping[str, object] = field(default_factory=dict)
    smoke: Mapping[str, object] = field(default_factory=dict)
    seeds: int = 5

    def settings(self, size: str) -> dict[str, object]:
        """The keyword arguments of a size."""
        if size not in SIZES:
            raise RigidDepthError(f"unknown size '{size}' of a study; allowed: {', '.join(SIZES)}.")
        return dict(self.full if size == "full" else self.smoke)

    def load(self) -> Callable[..., dict]:
        """The function itself, imported now."""
        module, name = self.function.split(":")
        return getattr(importlib.import_module(module), name)


STUDIES: dict[str, Study] = {
    s.name: s
    for s in (
        Study(
            "rotation-autoencoding",
            "A rotation through seven representations",
            "3.6",
            "notebooks/03e_regressing_rotations.md",
            "rigid_depth.rotations.regression:autoencode_rotations",
            full={"steps": 3000, "batch": 256, "tests": 20_000},
            smoke={"steps": 60, "tests": 500},
        ),
        Study(
            "rotation-clouds",
            "The rotation between two point clouds, by map and by loss",
            "3.6",
            "notebooks/03e_regressing_rotations.md",
            "rigid_depth.rotations.regression:align_clouds",
            full={"steps": 1000, "batch": 32, "points": 32, "tests": 5000},
            smoke={"steps": 20, "tests": 100},
        ),
        Study(
            "rotation-as-input",
            "Functions of a rotation, learnt from seven encodings",
            "3.6",
            "notebooks/03e_regressing_rotations.md",
            "rigid_depth.rotations.as_input:learn_functions",
            full={"epochs": 80, "samples": 800, "tests": 2000},
            smoke={"epochs": 2, "samples": 128, "tests": 100, "functions": 2},
        ),
        Study(
            "compression",
            "PCA, linear and non-linear autoencoders",
            "4.1",
            "notebooks/04a_autoencoders.md",
            "rigid_depth.latents.compression:compress_digits",
            smoke={"dims": [2, 8], "steps": 100},
        ),
        Study(
            "skip-connections",
            "What skip connections leave for the latent",
            "4.1",
            "notebooks/04a_autoencoders.md",
            "rigid_depth.latents.skips:skip_digits",
            smoke={"dims": [2], "steps": 20, "tasks": ["same"]},
        ),
        Study(
            "stitching",
            "Stitching autoencoders that differ by their seed",
            "4.2",
            "notebooks/04b_relative_and_aligned.md",
            "rigid_depth.latents.stitching_study:stitch",
            full={"decoder_steps": 1500},
            smoke={
                "modalities": ["grey", "grey"],
                "steps": 100,
                "decoder_steps": 50,
                "anchors": [20, 100],
            },
        ),
        Study(
            "stitching-modalities",
            "Stitching autoencoders of digits and of their edges",
            "4.3",
            "notebooks/04b_relative_and_aligned.md",
            "rigid_depth.latents.stitching_study:stitch",
            full={
                "modalities": ["grey", "grey", "edges", "edges"],
                "steps": 2000,
                "anchors": [20, 100, 0],
                "decoder_anchors": [],
            },
            smoke={
                "modalities": ["grey", "edges"],
                "steps": 100,
                "anchors": [100],
                "decoder_anchors": [],
            },
        ),
        Study(
            "rgb-and-rgbd",
            "Latents of RGB and of RGB-D, and the maps between them",
            "4.3",
            "notebooks/04b_relative_and_aligned.md",
            "rigid_depth.experiments.modalities:join_modalities",
            smoke={"world": "smoke", "steps": 2},
        ),
        Study(
            "rotation-from-cloud",
            "Rotations read off clouds with and without their order",
            "4.4",
            "notebooks/04c_point_clouds.md",
            "rigid_depth.latents.order:regress_from_clouds",
            smoke={"steps": 60},
        ),
        Study(
            "depth-losses",
            "Depth losses on two encodings",
            "5.1",
            "notebooks/05a_depth_losses.md",
            "rigid_depth.experiments.loss_study:depth_losses",
            full={"world": "cpu", "size": (64, 128), "steps": 250},
            smoke={
                "world": "smoke",
                "size": (64, 128),
                "steps": 2,
                "variants": (("linear", "mse"), ("reciprocal", "logit")),
            },
        ),
        Study(
            "coral-collapse",
            "What CORAL does alone",
            "5.2",
            "notebooks/05b_coral.md",
            "rigid_depth.losses.collapse:coral_collapse",
            full={"steps": 2000, "rows": 4096},
            smoke={"steps": 40, "rows": 512, "points": 4},
            seeds=10,
        ),
        Study(
            "sky-masks",
            "The infinity loss under wrong sky masks",
            "5.3",
            "notebooks/05c_sky.md",
            "rigid_depth.experiments.sky_masks:mask_errors",
            full={"world": "cpu", "before": 200, "after": 120, "weight": 0.05},
            smoke={
                "world": "tiny",
                "before": 5,
                "after": 5,
                "balances": (0.09,),
                "masks": (("exact", 0), ("dilated", 2)),
            },
        ),
        Study(
            "two-goals",
            "Rules that weigh two goals against each other",
            "6.1",
            "notebooks/05d_weighting_losses.md",
            "rigid_depth.losses.weighting_study:weigh_two_goals",
            full={"steps": 600, "units": [0.01, 1.0, 100.0]},
            smoke={"steps": 20, "units": [1.0]},
        ),
    )
}
"""Name on the command line -> study, in the order of the chapters."""


def find_study(name: str) -> Study:
    """The study of that name, or a sentence that lists the names."""
    if name not in STUDIES:
        raise RigidDepthError(f"unknown study '{name}'; allowed: {', '.join(STUDIES)}.")
    return STUDIES[name]
