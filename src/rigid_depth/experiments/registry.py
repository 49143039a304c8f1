"""What can be run: the experiments of the book; the scales are those of `experiments.scales`."""

from __future__ import annotations

from dataclasses import replace

from rigid_depth.experiments.scales import SCALES, Table, find_scale
from rigid_depth.experiments.settings import Experiment

__all__ = ["BASELINES", "EXPERIMENTS", "SCALES", "find_experiment", "find_scale"]

RGB = Experiment(
    name="rgb",
    label="Only RGB, no infinity loss",
    section="7.2",
    notebook="notebooks/07_2_rgb.md",
)

BRANCHES = replace(RGB, infinity=True)
"""What all two-branch experiments share: the loss of eq 7.1."""

MSE = replace(
    BRANCHES, name="mse", label="MSE between the latents, RGB-D detached", section="7.4",
    notebook="notebooks/07_4_mse.md", method="mse", detach_depth=True,
)  # fmt: skip

LIDAR = replace(MSE, section="7.1", notebook="notebooks/07_1_reduced_lidar.md")

CORAL = replace(
    BRANCHES, name="coral", label="CORAL between the latents", section="7.5",
    notebook="notebooks/07_5_coral.md", method="coral", shared_decoder=True,
)  # fmt: skip

RELATIVE = replace(
    BRANCHES, name="relative", label="Relative representations, learned anchors", section="7.7",
    notebook="notebooks/07_7_relative.md", method="relative",
)  # fmt: skip

ROTATION = replace(
    BRANCHES, name="rotation-global-3", label="Rotation, global, d = 3, MSE(R)", section="7.8",
    notebook="notebooks/07_8_rotations.md", method="rotation", detach_rgb=True,
)  # fmt: skip

ABLATION = {"section": "8.1", "notebook": "notebooks/08_1_ablations.md"}
"""What the ablations share: another experiment of the registry with one thing changed."""

EXPERIMENTS: Table[Experiment] = Table(
    "experiment",
    (
        RGB,
        replace(
            RGB,
            name="rgb-infinity",
            label="Only RGB, with infinity loss",
            section="7.3",
            notebook="notebooks/07_3_rgb_infinity.md",
            infinity=True,
        ),
        MSE,
        replace(MSE, name="mse-undetached", label="MSE between the latents", detach_depth=False),
        replace(
            MSE,
            name="mse-fresh-decoder",
            label="MSE, then a fresh decoder, encoders frozen",
            method="fresh-decoder",
            needs="mse",
            shared_decoder=True,
            freeze_encoders=True,
        ),
        replace(
            MSE,
            name="mse-fresh-decoder-free",
            label="MSE, then a fresh decoder, encoders free",
            method="fresh-decoder",
            needs="mse",
            shared_decoder=True,
        ),
        CORAL,
        replace(CORAL, name="coral-pixels", label="CORAL between the pixels", coral_over="pixels"),
        replace(
            BRANCHES,
            name="weight-maps",
            label="Weight maps",
            section="7.6",
            notebook="notebooks/07_6_weight_maps.md",
            method="weight-maps",
        ),
        RELATIVE,
        replace(
            RELATIVE, name="relative-mse", label="Relative representations, MSE", align_codes=True
        ),
        replace(
            RELATIVE,
            name="relative-local",
            label="Relative, one pool for each pixel",
            anchors="local",
        ),
        replace(
            RELATIVE,
            name="relative-pretrained",
            label="Relative, pretrained anchors, MLP",
            anchors="pretrained",
            needs="mse",
            align_codes=True,
        ),
        replace(
            RELATIVE,
            name="relative-pretrained-conv",
            label="Relative, pretrained, of the pixel",
            anchors="pretrained-conv",
            needs="mse",
            align_codes=True,
        ),
        replace(
            RELATIVE,
            name="relative-parallel",
            label="Relative, parallel anchors (control)",
            method="relative-parallel",
            anchors="parallel",
            align_codes=True,
        ),
        replace(
            ROTATION,
            name="rotation-global-2",
            label="Rotation, global, d = 2, MSE(R)",
            point_dim=2,
        ),
        ROTATION,
        replace(
            ROTATION,
            name="rotation-local-3",
            label="Rotation, local, d = 3, geodesic",
            context="local",
            rotation_loss="geodesic",
        ),
        replace(
            ROTATION,
            name="rotation-global-16",
            label="Rotation, global, d = 16, MSE(R)",
            point_dim=16,
        ),
        replace(
            ROTATION,
            name="rotation-global-16-latent",
            label="Rotation, global, d = 16, MSE of the latents",
            point_dim=16,
            rotation_loss="latent",
        ),
        replace(
            ROTATION,
            name="rotation-oracle",
            label="Rotation known at test time (ceiling)",
            rotation="oracle",
        ),
        replace(
            ROTATION, name="rotation-identity", label="No rotation (floor)", rotation="identity"
        ),
        replace(
            LIDAR,
            name="lidar-diluted",
            label="MSE, a tenth of the LiDAR returns",
            lidar_share=0.1,
        ),
        replace(LIDAR, name="lidar-noisy", label="MSE, noisy LiDAR returns", lidar_noise=0.2),
        replace(
            LIDAR,
            name="small-encoder",
            label="MSE, RGB-D encoder of half the width",
            rgbd_width=0.5,
        ),
        replace(
            LIDAR,
            name="shared-encoder",
            label="MSE, one encoder for both",
            shared_encoder=True,
        ),
        replace(
            MSE,
            name="mse-withheld",
            label="MSE, guide judged at withheld returns",
            section="8.2",
            notebook="notebooks/08_2_beyond.md",
            lidar_share=0.5,
            depth_supervision="withheld",
        ),
        replace(
            CORAL,
            name="coral-normalised",
            label="CORAL that no scale changes",
            section="8.2",
            notebook="notebooks/08_2_beyond.md",
            method="coral-normalised",
        ),
        replace(
            ROTATION,
            name="relative-rotation",
            label="Rotation of relative representations",
            section="8.2",
            notebook="notebooks/08_2_beyond.md",
            method="relative-rotation",
        ),
        replace(
            MSE,
            **ABLATION,
            name="mse-unaligned",
            label="MSE of weight 0: two branches, not aligned",
            alignment_weight=(0.0, 0.0, 0.0),
        ),
        replace(MSE, **ABLATION, name="mse-unbalanced", label="MSE, not balanced", balancing=False),
        replace(
            MSE,
            **ABLATION,
            name="mse-constant-weights",
            label="MSE, weights not scheduled",
            weight_schedule="constant",
        ),
        replace(
            MSE,
            **ABLATION,
            name="mse-undecayed",
            label="MSE, no weight decay",
            weight_decay=0.0,
        ),
        replace(
            MSE,
            **ABLATION,
            name="mse-unregularised",
            label="MSE, no weight decay, no dropout",
            weight_decay=0.0,
            rgbd_dropout=0.0,
        ),
        replace(
            ROTATION,
            **ABLATION,
            name="rotation-undetached",
            label="Rotation, global, d = 3, RGB latent not detached",
            detach_rgb=False,
        ),
        replace(
            ROTATION,
            **ABLATION,
            name="rotation-geodesic",
            label="Rotation, global, d = 3, geodesic",
            rotation_loss="geodesic",
        ),
        replace(
            RGB,
            **ABLATION,
            name="rgb-infinity-fresh-decoder",
            label="Only RGB, infinity loss, then a fresh decoder",
            infinity=True,
            needs="rgb-infinity",
        ),
        replace(
            RGB,
            **ABLATION,
            name="rgb-decay",
            label="Only RGB, weight decay 0.3",
            weight_decay=0.3,
        ),
        replace(
            RGB,
            **ABLATION,
            name="rgb-infinity-decay",
            label="Only RGB, infinity loss and weight decay 0.3",
            infinity=True,
            weight_decay=0.3,
        ),
        replace(
            RGB,
            **ABLATION,
            name="rgb-reciprocal",
            label="Only RGB, reciprocal depth",
            encoding="reciprocal",
        ),
        replace(
            RGB,
            name="constant-depth",
            label="Constant depth (control)",
            section="",
            method="constant-depth",
        ),
        replace(
            RGB,
            name="row-mean-depth",
            label="Mean depth of each image row (control)",
            section="",
            method="row-mean-depth",
        ),
    ),
)
"""Name on the command line -> experiment; the names are those of the book's tables."""

BASELINES = ("constant-depth", "row-mean-depth")
"""Methods without a network: fitted on the training frames in one pass."""


def find_experiment(name: str) -> Experiment:
    """The experiment of that name, or a sentence that lists the names."""
    return EXPERIMENTS[name]
