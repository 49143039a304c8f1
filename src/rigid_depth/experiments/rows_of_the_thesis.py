"""The experiments of the thesis's chapter 7, one row of its tables each."""

from __future__ import annotations

from dataclasses import replace

from rigid_depth.experiments.settings import Experiment

RGB = Experiment(
    name="rgb",
    label="Plain RGB",
    section="7.2",
    notebook="notebooks/07_2_rgb.md",
)

BRANCHES = replace(RGB, infinity=True)
"""What all two-branch experiments share: the loss of thesis eq. 7.1."""

MSE = replace(
    BRANCHES, name="mse", label="MSE, end to end", section="7.4",
    notebook="notebooks/07_4_mse.md", method="mse", detach_depth=True,
)  # fmt: skip

LIDAR = replace(MSE, section="7.1", notebook="notebooks/07_1_reduced_lidar.md")

CORAL = replace(
    BRANCHES, name="coral", label="CORAL", section="7.5",
    notebook="notebooks/07_5_coral.md", method="coral", shared_decoder=True,
)  # fmt: skip

RELATIVE = replace(
    BRANCHES, name="relative", label="Relative representations", section="7.7",
    notebook="notebooks/07_7_relative.md", method="relative",
)  # fmt: skip

ROTATION = replace(
    BRANCHES, name="rotation-global-3", label="Rotation, global, d = 3, MSE of rotations",
    section="7.8", notebook="notebooks/07_8_rotations.md", method="rotation", detach_rgb=True,
)  # fmt: skip

ROWS = (
    RGB,
    replace(
        RGB,
        name="rgb-infinity",
        label="RGB with infinity loss",
        section="7.3",
        notebook="notebooks/07_3_rgb_infinity.md",
        infinity=True,
    ),
    MSE,
    replace(MSE, name="mse-undetached", label="MSE, end to end, not detached", detach_depth=False),
    replace(
        MSE,
        name="mse-fresh-decoder",
        label="MSE, new decoder",
        method="fresh-decoder",
        needs="mse",
        shared_decoder=True,
        freeze_encoders=True,
    ),
    replace(
        MSE,
        name="mse-fresh-decoder-free",
        label="MSE, new decoder, encoders free",
        method="fresh-decoder",
        needs="mse",
        shared_decoder=True,
    ),
    CORAL,
    replace(CORAL, name="coral-pixels", label="CORAL between pixels", coral_over="pixels"),
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
        RELATIVE,
        name="relative-mse",
        label="Relative representations, MSE",
        align_codes=True,
        code_mlp="rgb",
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
        code_mlp="rgb",
    ),
    replace(
        RELATIVE,
        name="relative-pretrained-conv",
        label="Relative, pretrained, of the pixel",
        anchors="pretrained-conv",
        needs="mse",
        align_codes=True,
        code_mlp="rgb",
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
        label="Rotation, global, d = 2, MSE of rotations",
        point_dim=2,
    ),
    ROTATION,
    replace(
        ROTATION,
        name="rotation-local-3",
        label="Rotation, local, d = 3, geodesic loss",
        context="local",
        rotation_loss="geodesic",
    ),
    replace(
        ROTATION,
        name="rotation-local-both",
        label="Rotation, local, d = 3, geodesic loss, both latents turned",
        context="local",
        rotation_loss="geodesic",
        both_rotated=True,
    ),
    replace(
        ROTATION,
        name="rotation-global-16",
        label="Rotation, global, d = 16, MSE of rotations",
        point_dim=16,
    ),
    replace(
        ROTATION,
        name="rotation-global-16-latent",
        label="Rotation, global, d = 16, MSE of latents",
        point_dim=16,
        rotation_loss="latent",
    ),
    replace(
        ROTATION,
        name="rotation-global-3-coupled",
        label="Rotation, global, d = 3, R_rgbd not detached",
        detach_guide=False,
    ),
    replace(
        ROTATION,
        name="rotation-global-16-coupled",
        label="Rotation, global, d = 16, R_rgbd not detached",
        point_dim=16,
        detach_guide=False,
    ),
    replace(
        ROTATION,
        name="rotation-oracle",
        label="Rotation known at test time (best case)",
        rotation="oracle",
    ),
    replace(ROTATION, name="rotation-identity", label="No rotation", rotation="identity"),
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
)
"""In the order of the book's tables."""

CONTROLS = (
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
)
"""Depth without looking at the image: what a trained network must be clearly above."""
