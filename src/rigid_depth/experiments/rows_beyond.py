"""What goes beyond the thesis: ideas of its outlook (8.2), ceilings, other guides."""

from __future__ import annotations

from dataclasses import replace

from rigid_depth.experiments.rows_of_the_thesis import CORAL, MSE, RGB, ROTATION

BEYOND = {"section": "8.2", "notebook": "notebooks/08_2_beyond.md"}

ROWS = (
    replace(
        MSE,
        name="mse-withheld",
        label="MSE, guide judged at withheld returns",
        **BEYOND,
        lidar_share=0.5,
        depth_supervision="withheld",
    ),
    replace(
        CORAL,
        name="coral-normalised",
        label="CORAL, normalised",
        **BEYOND,
        method="coral-normalised",
    ),
    replace(
        ROTATION,
        name="relative-rotation",
        label="Rotation of relative representations",
        **BEYOND,
        method="relative-rotation",
    ),
    replace(
        MSE,
        **BEYOND,
        name="mse-classes",
        label="MSE, a guide that predicts classes",
        method="classes",
        guide_task="classes",
    ),
    replace(
        RGB,
        **BEYOND,
        name="rgb-dense",
        label="RGB, trained on the true dense depth",
        infinity=True,
        target="dense",
    ),
    replace(
        RGB,
        **BEYOND,
        name="rgb-dense-within-cap",
        label="RGB, trained on the true depth up to 80 m",
        infinity=True,
        target="dense",
        method="dense-within-cap",
    ),
    replace(
        RGB,
        **BEYOND,
        name="rgb-dense-as-returned",
        label="RGB, trained on true depth drawn as returns are",
        infinity=True,
        target="dense",
        method="dense-as-returned",
    ),
    replace(
        RGB,
        **BEYOND,
        name="rgb-guide-output",
        label="RGB, trained on the output of a frozen guide",
        infinity=True,
        method="distilled",
        distil="output",
        needs="mse-unaligned",
    ),
    replace(
        RGB,
        **BEYOND,
        name="rgb-guide-latent",
        label="RGB, MSE to the latent of a frozen guide",
        infinity=True,
        method="distilled",
        distil="latent",
        needs="mse-unaligned",
    ),
    replace(
        RGB,
        **BEYOND,
        name="rgb-infinity-transformer",
        label="RGB with infinity loss, a transformer as encoder",
        infinity=True,
        method="transformer",
        # The rate is that of all rows. One seed of 240 steps at scale core, RGB on 64 validation
        # frames after 80, 160 and 240 steps: 9.83, 9.36, 9.18 m; at a peak of 5e-5 instead of
        # 1.5e-4 10.28, 9.60, 9.46 m.
    ),
    replace(
        MSE,
        **BEYOND,
        name="mse-transformer",
        label="MSE, transformers as encoders",
        method="transformer-mse",
    ),
)
"""In the order of the book's tables."""
