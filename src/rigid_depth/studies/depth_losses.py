"""Which depth loss, on which encoding: small trainings, the same but for that (section 5.1)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from rigid_depth.experiments.measuring.metrics import Accumulator
from rigid_depth.losses import berhu, huber, logit_loss, masked_mae, masked_mse
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.small_training import Batch, SmallFrames, small_frames, train_small

LOSSES = {
    "mse": masked_mse,
    "logit": logit_loss,
    "mae": masked_mae,
    "huber": partial(huber, delta=0.05),
    "berhu": berhu,
}
"""Huber turns linear at 0.05, 5 m in the linear encoding; BerHu at 0.2 of a batch's largest error.
"""

VARIANTS = (
    ("linear", "mse"),
    ("linear", "logit"),
    ("reciprocal", "mse"),
    ("reciprocal", "logit"),
    ("linear", "mae"),
    ("linear", "huber"),
    ("linear", "berhu"),
)


def depth_losses(
    seed: int,
    *,
    world: str = "cpu",
    size: tuple[int, int] = (64, 128),
    steps: int = 250,
    variants: tuple[tuple[str, str], ...] = VARIANTS,
) -> dict:
    """Held-out errors in metres of a narrow network under each encoding and loss of `variants`.

    `errors` by encoding and loss: `rmse_m` and `abs_rel` at returns up to 80 m, `dense_rmse_m`, and
    `ranges`, the RMSE by range of the true depth (0-10, 10-20, 20-30, 30-50, 50-80 m).
    `row_mean_rmse_m` is the baseline that sees no image.
    """
    frames = small_frames(world, tuple(size))
    errors: dict[str, dict] = {}
    for encoding, name in variants:
        errors.setdefault(encoding, {})[name] = _run(seed, frames, steps, encoding, LOSSES[name])
    return {"errors": errors, "row_mean_rmse_m": frames.row_mean_rmse_m}


def _run(seed: int, frames: SmallFrames, steps: int, encoding: str, loss) -> dict:
    def of(y: Tensor, batch: Batch) -> Tensor:
        return loss(y, batch["target"], batch["has_return"])

    run = train_small(of, frames, seed=seed, steps=steps, encoding=encoding)
    kept = {name: run.metrics[name] for name in ("rmse_m", "abs_rel", "dense_rmse_m")}
    return kept | {"ranges": by_range(run.pred_m, frames)}


@torch.no_grad()
def by_range(pred_m: Tensor, frames: SmallFrames) -> list[float | None]:
    """RMSE at the held-out returns between 0, 10, 20, 30, 50 and 80 m of true depth."""
    accumulator = Accumulator()
    accumulator.update(pred_m, frames.test["depth_m"], list(frames.about))
    return [found["rmse_m"] for found in accumulator.compute()["ranges_m"].values()][:5]


STUDY = Study(
    name="depth-losses",
    function=depth_losses,
    label="Depth losses on two encodings",
    section="5.1",
    notebook="notebooks/05a_depth_losses.md",
    full={"world": "cpu", "size": (64, 128), "steps": 250},
    smoke={
        "world": "smoke",
        "size": (64, 128),
        "steps": 2,
        "variants": (("linear", "mse"), ("reciprocal", "logit")),
    },
)
