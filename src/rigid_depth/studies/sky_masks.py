"""What the infinity loss does to a network, and what wrong sky masks cost (section 5.3)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import balanced, infinity_loss, masked_mse
from rigid_depth.models import Autoencoder
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.small_training import (
    Batch,
    Loss,
    SmallFrames,
    SmallRun,
    small_frames,
    train_small,
)

KINDS = ("exact", "eroded", "dilated", "sideways", "flipped")
MASKS = (
    ("exact", 0),
    ("eroded", 2),
    ("dilated", 1),
    ("dilated", 2),
    ("dilated", 4),
    ("sideways", 4),
    ("flipped", 0.05),
    ("flipped", 0.2),
)
"""The masks of the study: a kind and its amount, pixels or (flipped) a share of all pixels."""
SKYLINE_PX = 3
"""How near to the sky a surface lies on the skyline."""
THRESHOLD = 0.01


def spoil(
    sky: Bool[Tensor, "n 1 h w"], kind: str, amount: float, generator: torch.Generator
) -> Bool[Tensor, "n 1 h w"]:
    """A sky mask with the errors of a segmentation: pixels it misses, pixels it adds.

    `eroded` and `dilated` move the border by `amount` px, `sideways` shifts the mask to the left or
    to the right, by chance for each frame (the edge column is repeated); `flipped` changes a share
    `amount` of the pixels, drawn one by one. Raises RigidDepthError for another kind.
    """
    if kind == "exact":
        return sky
    if kind == "eroded":
        return ~_grow(~sky, int(amount))
    if kind == "dilated":
        return _grow(sky, int(amount))
    if kind == "sideways":
        left = torch.rand(len(sky), 1, 1, 1, generator=generator) < 0.5
        return torch.where(left, _shift(sky, -int(amount)), _shift(sky, int(amount)))
    if kind == "flipped":
        return sky ^ (torch.rand(sky.shape, generator=generator) < amount)
    raise RigidDepthError(f"kind is {kind!r}; allowed are {', '.join(KINDS)}")


def printed_infinity_loss(
    y: Float[Tensor, "b 1 h w"], sky: Bool[Tensor, "b 1 h w"], threshold: float = THRESHOLD
) -> Float[Tensor, ""]:
    """Thesis eq. 5.13 as it is printed, without the selection of its prose; for teaching only."""
    return torch.where(sky, y, threshold - y).mean()


def mask_errors(
    seed: int,
    *,
    world: str = "cpu",
    size: tuple[int, int] = (64, 128),
    before: int = 200,
    after: int = 120,
    weight: float = 0.05,
    balances: tuple[float, ...] = (0.09, 3.0),
    masks: tuple[tuple[str, float], ...] = MASKS,
) -> dict:
    """Held-out errors after training with the infinity loss under exact and under wrong masks.

    A network learns depth alone for `before` steps. From there it is trained for `after` steps in
    each of several ways, with the same frames in the same order: `none`, depth alone; `printed`,
    plus `weight` times thesis eq. 5.13 as printed; `balanced ...`, plus the infinity loss balanced
    by thesis eq. 6.1 at each of `balances`; and, for every mask, plus `weight` times the infinity
    loss. For each: `rmse_m`, `dense_rmse_m`, `skyline_rmse_m` (surfaces up to 80 m, at most
    `SKYLINE_PX` px from the true sky), `sky_mean_m`, `sky_beyond_80m`; for the masks, over all
    training pixels, `missed` (sky that the mask lacks) and `added`, as shares of the true sky.
    """
    frames = small_frames(world, tuple(size))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = network()
    start = train_small(_depth, frames, seed=seed, steps=before, model=model)

    def go_on(loss: Loss, frames: SmallFrames = frames) -> dict[str, float]:
        run = train_small(loss, frames, seed=seed + 1000, steps=after, model=deepcopy(start.model))
        return _measure(run, frames)

    def with_sky(y: Tensor, batch: Batch) -> Tensor:
        return _depth(y, batch) + weight * _infinity(y, batch)

    results = {"row_mean_rmse_m": frames.row_mean_rmse_m, "before": _measure(start, frames)}
    results["none"] = go_on(_depth)
    results["printed"] = go_on(
        lambda y, batch: _depth(y, batch) + weight * printed_infinity_loss(y, batch["sky"])
    )
    for share in balances:
        results[f"balanced {share:g}"] = go_on(partial(_balanced, share))
    for kind, amount in masks:
        sky = spoil(frames.train["sky"], kind, amount, torch.Generator().manual_seed(seed))
        spoilt = replace(frames, train=frames.train | {"sky": sky})
        errors = _errors_of(sky, frames.train["sky"])
        results[f"{kind} {amount:g}"] = go_on(with_sky, spoilt) | errors
    return results


def network() -> Autoencoder:
    """The thesis's autoencoder without its two coarsest scales.

    On frames of 64x128 its latent has 8x16 pixels, near the 12x24 of the thesis; with all four
    scales 2x4 pixels would have to hold the skyline.
    """
    return Autoencoder(
        widths=(16, 32), encoder_blocks=(1, 2), decoder_widths=(16, 8), decoder_blocks=(1, 0)
    )


def skyline(
    sky: Bool[Tensor, "n 1 h w"], dense_depth_m: Float[Tensor, "n 1 h w"]
) -> Bool[Tensor, "n 1 h w"]:
    """Pixels with a surface up to 80 m away, at most `SKYLINE_PX` px from the sky."""
    return _grow(sky, SKYLINE_PX) & (dense_depth_m > 0) & (dense_depth_m <= 80)


def _depth(y: Tensor, batch: Batch) -> Tensor:
    return masked_mse(y, batch["target"], batch["has_return"])


def _infinity(y: Tensor, batch: Batch) -> Tensor:
    return infinity_loss(y, batch["sky"], THRESHOLD, batch["has_return"])


def _balanced(share: float, y: Tensor, batch: Batch) -> Tensor:
    main = _depth(y, batch)
    return main + balanced(main, _infinity(y, batch), share)


def _measure(run: SmallRun, frames: SmallFrames) -> dict[str, float]:
    dense_m = frames.test["dense_depth_m"]
    near = skyline(frames.test["sky"], dense_m)
    error_m = (run.pred_m - dense_m)[near].double()
    kept = ("rmse_m", "dense_rmse_m", "sky_mean_m", "sky_beyond_80m")
    return {name: run.metrics[name] for name in kept} | {
        "skyline_rmse_m": error_m.square().mean().sqrt().item()
    }


def _errors_of(mask: Tensor, truth: Tensor) -> dict[str, float]:
    pixels = truth.sum().item()
    missed, added = (truth & ~mask).sum().item(), (mask & ~truth).sum().item()
    return {"missed": missed / pixels, "added": added / pixels}


def _grow(mask: Tensor, amount: int) -> Tensor:
    """The mask and all pixels at most `amount` px from it, diagonals included."""
    return F.max_pool2d(mask.float(), 2 * amount + 1, stride=1, padding=amount) > 0


def _shift(mask: Tensor, amount: int) -> Tensor:
    """The mask moved to the right; what comes in from outside repeats the edge column."""
    width = mask.shape[3]
    return mask[..., (torch.arange(width) - amount).clamp(0, width - 1)]


STUDY = Study(
    name="sky-masks",
    function=mask_errors,
    label="The infinity loss under wrong sky masks",
    section="5.3",
    notebook="notebooks/05c_sky.md",
    full={"world": "cpu", "before": 200, "after": 120, "weight": 0.05},
    smoke={
        "world": "tiny",
        "before": 5,
        "after": 5,
        "balances": (0.09,),
        "masks": (("exact", 0), ("dilated", 2)),
    },
)
