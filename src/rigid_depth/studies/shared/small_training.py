"""A small training harness for studies: the synthetic world, a narrow network, any loss, seconds.

    frames = small_frames("smoke", (64, 128))
    run = train_small(lambda y, batch: masked_mse(y, batch["target"], batch["has_return"]), frames)
    run.metrics["rmse_m"], run.metrics["sky_mean_m"], run.pred_m

Not for the results of chapter 7, which `experiments.run` makes: here there are no checkpoints, no
schedules of losses and no records, only what a question about one loss needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import decode_depth, encode_depth, rasterise
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.metrics import Accumulator
from rigid_depth.experiments.methods import baselines
from rigid_depth.experiments.registry import find_scale
from rigid_depth.experiments.sources import data_home
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training.feed import augment, draw_indices, generator_at
from rigid_depth.experiments.worlds import write_once
from rigid_depth.models import scaled

Batch = dict[str, Tensor]
Loss = Callable[[Tensor, Batch], Tensor]
"""(encoded prediction `[B, 1, H, W]`, batch) -> what is minimised; see `train_small`."""

WORLDS = ("tiny", "smoke", "cpu")


@dataclass(frozen=True)
class SmallFrames:
    """Training and held-out frames in memory, other streets in each.

    Each part holds `rgb` uint8 `[N, 3, H, W]`, `depth_m` `[N, 1, H, W]` (0 = no return), `sky` bool
    `[N, 1, H, W]` (exact) and `dense_depth_m` `[N, 1, H, W]` (0 = no surface). A study that spoils
    the training masks passes `replace(frames, train=frames.train | {"sky": ...})`.
    """

    train: Batch
    test: Batch
    about: tuple[dict, ...]  # scene, condition, token, ... of each test frame
    row_mean_rmse_m: float  # test RMSE of the baseline that sees no image


@dataclass(frozen=True)
class SmallRun:
    """A trained network, its held-out predictions in metres `[N, 1, H, W]`, and their metrics."""

    model: nn.Module
    pred_m: Float[Tensor, "n 1 h w"]
    metrics: dict[str, float | None]
    losses: list[float]  # of every step
    seconds: float


@cache
def small_frames(world: str = "smoke", size: tuple[int, int] = (64, 128)) -> SmallFrames:
    """The frames of a synthetic world: "cpu" (640 frames) and "smoke" (48) of these scales, "tiny".

    70 % of the streets are for training, 15 % held out. Worlds are made where they are missing,
    once: minutes of CPU for "cpu", half a minute for "smoke", seconds for "tiny" (6 frames of 3
    streets, for tests). `size` is (height, width) in px, multiples of 32. Raises RigidDepthError
    for another world or size.
    """
    if world not in WORLDS:
        raise RigidDepthError(f"world is {world!r}; allowed are {', '.join(WORLDS)}")
    scale = replace(find_scale("smoke" if world == "tiny" else world), image_size=size)
    root = _tiny_world() if world == "tiny" else None
    store = make_store(scale, "synthetic", root, progress=False)
    train, test = store.split("train"), store.split("test")
    held_out = _hold(test)
    pred_m = baselines.fit("row-mean-depth", train)(held_out)["rgb"]
    floor = _metrics(pred_m, held_out, test.frames)["rmse_m"]
    return SmallFrames(_hold(train), held_out, tuple(test.frames), floor)


def train_small(
    loss: Loss,
    frames: SmallFrames,
    *,
    seed: int = 0,
    steps: int = 200,
    width: float = 0.25,
    batch_size: int = 8,
    learning_rate: float = 3e-3,
    encoding: str = "linear",
    model: nn.Module | None = None,
    also_train: Iterable[Tensor] = (),
    jitter: float = 0.2,
) -> SmallRun:
    """Trains a narrow RGB autoencoder on a loss and measures it on held-out streets.

    `loss(y, batch)` gets the encoded prediction in (0, 1), `[B, 1, H, W]`, and a batch of the same
    shape: `depth_m`, `has_return`, `target` (`depth_m` in `encoding`), `sky`, further `rgb` in
    [0, 1] and the number of the `step`, a tensor. Frames are mirrored by chance and their colours
    changed by up to `jitter`. AdamW with a one-cycle rate that peaks at `learning_rate`.

    `model` (image -> encoded depth, or a tuple that begins with it) replaces the network of the
    given `width`; a loss that asks for gradients in shared weights closes over it. `also_train` are
    further parameters, such as those of a loss. The same seed gives the same run: it settles
    initial weights, order and mirroring of frames. One thread. Leaves the global generator alone.

    Raises RigidDepthError if the loss stops being finite.
    """
    began = time.perf_counter()
    with _alone(seed):
        model = scaled(width) if model is None else model
        losses = _fit(model, loss, frames.train, seed, steps, batch_size, learning_rate,
                      encoding, list(also_train), jitter)  # fmt: skip
        pred_m = predict_small(model, frames.test["rgb"], encoding)
    metrics = _metrics(pred_m, frames.test, frames.about)
    return SmallRun(model, pred_m, metrics, losses, time.perf_counter() - began)


@torch.no_grad()
def predict_small(model: nn.Module, rgb: Tensor, encoding: str = "linear") -> Tensor:
    """Depth in metres `[N, 1, H, W]` for uint8 images, 32 at a time."""
    model.eval()
    pieces = [_encoded(model, piece.float() / 255) for piece in rgb.split(32)]
    return decode_depth(torch.cat(pieces), encoding)


def _fit(
    model: nn.Module,
    loss: Loss,
    train: Batch,
    seed: int,
    steps: int,
    batch_size: int,
    learning_rate: float,
    encoding: str,
    also_train: list[Tensor],
    jitter: float,
) -> list[float]:
    """Trains in place and returns the loss of every step."""
    model.train()
    optimiser = torch.optim.AdamW([*model.parameters(), *also_train], learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=steps + 1, pct_start=0.15, cycle_momentum=False
    )
    losses = []
    for step in range(steps):
        batch = _draw(train, seed, step, batch_size, encoding, jitter)
        value = loss(_encoded(model, batch["rgb"]), batch)
        losses.append(value.item())
        if not torch.isfinite(value):
            raise RigidDepthError(f"the loss is {losses[-1]} at step {step} of {steps}")
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
    return losses


def _draw(
    train: Batch, seed: int, step: int, batch_size: int, encoding: str, jitter: float
) -> Batch:
    """The batch of a step, which depends on (seed, step) alone."""
    chosen = draw_indices(seed, step, batch_size, len(train["rgb"]))
    rgb, maps = augment(
        train["rgb"][chosen].float() / 255,
        {name: train[name][chosen] for name in ("depth_m", "sky")},
        flip=0.5,
        jitter=jitter,
        generator=generator_at(seed, step, 2),
    )
    depth_m = maps["depth_m"]
    target = encode_depth(depth_m, encoding)
    known = {"has_return": depth_m > 0, "target": target, "step": torch.tensor(step)}
    return {"rgb": rgb, **maps, **known}


def _tiny_world() -> Path:
    """Three streets of two coarse frames each."""
    return write_once(
        data_home() / "synthetic" / "tiny",
        scenes=3,
        frames_per_scene=2,
        image_size=(112, 200),
        workers=1,
        progress=False,
    )


def _hold(split) -> Batch:
    """All frames of a prepared split as tensors."""
    batch = split.batch(range(len(split)))
    size = tuple(batch["rgb"].shape[-2:])
    return {
        "rgb": batch["rgb"],
        "depth_m": rasterise(batch["points"], size),
        "sky": batch["sky"][:, None],
        "dense_depth_m": batch["dense_depth_m"][:, None],
    }


def _metrics(pred_m: Tensor, test: Batch, about: Iterable[dict]) -> dict[str, float | None]:
    """RMSE and AbsRel at returns, dense RMSE, all up to 80 m; where the sky is."""
    accumulator = Accumulator()
    accumulator.update(
        pred_m,
        test["depth_m"],
        list(about),
        sky=test["sky"][:, 0],
        dense_depth_m=test["dense_depth_m"][:, 0],
    )
    found = accumulator.compute()
    at_returns, sky = found["caps"][str(HEADLINE_CAP_M)], found["sky"]
    return {
        "rmse_m": at_returns["rmse_m"],
        "abs_rel": at_returns["abs_rel"],
        "dense_rmse_m": found["dense"]["rmse_m"],
        "sky_mean_m": sky["mean_depth_m"],
        "sky_beyond_80m": sky["share_beyond_80m"],
    }


def _encoded(model: nn.Module, rgb: Tensor) -> Tensor:
    """The network's encoded depth, without the latent an autoencoder returns beside it."""
    y = model(rgb)
    return y[0] if isinstance(y, tuple) else y


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread and a generator seeded here; both are given back as they were."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
