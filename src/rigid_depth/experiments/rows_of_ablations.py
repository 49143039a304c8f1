"""The ablations of 8.1: another experiment with one thing changed, and the released code's ways."""

from __future__ import annotations

from dataclasses import replace

from rigid_depth.experiments.rows_of_the_thesis import MSE, RELATIVE, RGB, ROTATION

ABLATION = {"section": "8.1", "notebook": "notebooks/08_1_ablations.md"}

ROWS = (
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
        label="Rotation, global, d = 3, geodesic loss",
        rotation_loss="geodesic",
    ),
    replace(
        ROTATION,
        **ABLATION,
        name="rotation-point-noise",
        label="Rotation, global, d = 3, noise on the points always",
        point_noise="always",
    ),
    replace(
        ROTATION,
        **ABLATION,
        name="rotation-depth-leads",
        label="Rotation, global, d = 3, the guided branch leads the loss",
        leading="depth",
    ),
    replace(
        ROTATION,
        **ABLATION,
        name="released-code",
        label="Rotation as in the released code",
        infinity_weight=(0.15, 0.05, 0.0025),
        alignment_weight=(0.005, 1.0, 1.0),
        warmup=0.1714,  # 6 of 35 epochs
        peak_learning_rate=2e-4,
        learning_rate_div=3.0769,
        learning_rate_final_div=7.6471,
        weight_decay=0.23,
        rgbd_dropout=0.0,
        context="local",
        point_dim=16,
        rotation_loss="latent",
        detach_guide=False,
        detach_rgb=False,
        point_noise="always",
        leading="depth",
        attention="cbam-residual",
        flip=0.0,
        jitter=0.0,
    ),
    replace(
        MSE,
        **ABLATION,
        name="mse-unaugmented",
        label="MSE, no augmentation",
        flip=0.0,
        jitter=0.0,
    ),
    replace(
        MSE,
        **ABLATION,
        name="mse-cbam-residual",
        label="MSE, CBAM added to its input",
        attention="cbam-residual",
    ),
    replace(
        RELATIVE,
        **ABLATION,
        name="relative-mlp",
        label="Relative representations, MLP in both branches",
        code_mlp="both",
    ),
    replace(
        RGB,
        **ABLATION,
        name="rgb-infinity-unaugmented",
        label="RGB with infinity loss, no augmentation",
        infinity=True,
        flip=0.0,
        jitter=0.0,
    ),
    replace(
        RGB,
        **ABLATION,
        name="rgb-infinity-fresh-decoder",
        label="RGB with infinity loss, new decoder",
        infinity=True,
        needs="rgb-infinity",
    ),
    replace(
        RGB,
        **ABLATION,
        name="rgb-decay",
        label="RGB, weight decay 0.3",
        weight_decay=0.3,
    ),
    replace(
        RGB,
        **ABLATION,
        name="rgb-infinity-decay",
        label="RGB with infinity loss, weight decay 0.3",
        infinity=True,
        weight_decay=0.3,
    ),
    replace(
        RGB,
        **ABLATION,
        name="rgb-reciprocal",
        label="RGB, reciprocal depth",
        encoding="reciprocal",
    ),
)
"""In the order of the book's tables."""
