"""A network on a split: metrics by branch, the validation curve, the cost of a step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from rigid_depth.data import decode_depth
from rigid_depth.experiments.evaluation import HEADLINE_CAP_M, Accumulator
from rigid_depth.experiments.feed import Batch, Feed, as_input, generator_at, guided, load
from rigid_depth.experiments.objective import objective
from rigid_depth.experiments.settings import Experiment, Scale, override
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training import CURVES
from rigid_depth.experiments.weights import load_weights

Predict = Callable[[Batch], dict[str, Tensor]]
"""A batch as `feed.as_input` makes it -> depth in metres `[B, 1, H, W]` by branch."""


def best_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def predictor(model: nn.Module, experiment: Experiment) -> Predict:
    """The network as a function to depth in metres, float32, without gradients."""
    model.eval()

    @torch.inference_mode()
    def predict(batch: Batch) -> dict[str, Tensor]:
        outputs = model.predict(with_guide(batch, experiment))
        kind, max_depth_m = experiment.encoding, experiment.max_depth_m
        return {b: decode_depth(y.float(), kind, max_depth_m) for b, y in outputs.items()}

    return predict


def from_image(model: nn.Module, experiment: Experiment) -> Callable[[Tensor], Tensor]:
    """The RGB branch alone: images `[B, 3, H, W]` in [0, 1] to depth in metres `[B, 1, H, W]`."""
    model.eval()

    @torch.inference_mode()
    def predict(rgb: Tensor) -> Tensor:
        y = model.infer(rgb).float()
        return decode_depth(y, experiment.encoding, experiment.max_depth_m)

    return predict


def with_guide(batch: Batch, experiment: Experiment) -> Batch:
    """The batch with what an RGB-D branch is given, drawn alike for every batch of one size."""
    if experiment.method == "rgb" or "guide" in batch:
        return batch
    return guided(batch, experiment, generator_at(0, 0, 4))


def spread(count: int, at_most: int) -> list[int]:
    """At most so many indices, evenly spread over `count` frames."""
    if count <= at_most:
        return list(range(count))
    return [k * count // at_most for k in range(at_most)]


def measure(
    predict: Predict,
    split,
    indices: Sequence[int],
    *,
    device: torch.device,
    batch_size: int = 8,
    progress: bool = True,
    name: str = "",
) -> dict[str, dict]:
    """The record's metrics of every branch over the given frames of a split."""
    accumulators: dict[str, Accumulator] = {}
    with tqdm(
        total=len(indices), desc=f"evaluate {name}", unit="frame", disable=not progress
    ) as bar:
        for start in range(0, len(indices), batch_size):
            chosen = list(indices[start : start + batch_size])
            raw = split.batch(chosen)
            batch = as_input({k: v.to(device) for k, v in raw.items()})
            for branch, pred_m in predict(batch).items():
                accumulators.setdefault(branch, Accumulator()).update(
                    pred_m.cpu(),
                    batch["depth_m"].cpu(),
                    [split.frames[i] for i in chosen],
                    sky=raw["sky"],
                    has_sky=raw["has_sky"],
                    dense_depth_m=raw["dense_depth_m"],
                )
            bar.update(len(chosen))
    return {branch: accumulator.compute() for branch, accumulator in accumulators.items()}


def validator(split, experiment: Experiment, scale: Scale, device: torch.device):
    """A function from a network to its branches' RMSE in metres up to 80 m, by name of the curve.

    Pooled over validation frames, at most `scale.val_frames` spread evenly, held on the device.
    """
    held = load(split, spread(len(split), scale.val_frames), device)

    @torch.no_grad()
    def validate(model: nn.Module) -> dict[str, float]:
        training = model.training
        model.eval()
        kind, max_depth_m = experiment.encoding, experiment.max_depth_m
        squared_m2, pixels = {}, 0
        for start in range(0, len(held["rgb"]), scale.batch_size):
            batch = as_input({k: v[start : start + scale.batch_size] for k, v in held.items()})
            depth_m = batch["depth_m"]
            valid = (depth_m > 0) & (depth_m <= HEADLINE_CAP_M)
            pixels += int(valid.sum())
            outputs = model(with_guide(batch, experiment)).depth
            for branch in CURVES.keys() & outputs:
                pred_m = decode_depth(outputs[branch].float(), kind, max_depth_m)
                error = (pred_m - depth_m)[valid].double().square().sum().item()
                squared_m2[branch] = squared_m2.get(branch, 0.0) + error
        model.train(training)
        return {CURVES[b]: (squared_m2[b] / max(pixels, 1)) ** 0.5 for b in sorted(squared_m2)}

    return validate


def seconds_per_step(model: nn.Module, feed: Feed, experiment: Experiment, steps: int = 2) -> float:
    """The time of one training step, from a few that leave the network as it is."""
    for step in range(steps + 1):
        if step == 1:
            began = _clock()
        batch = feed.batch(step)
        sum(objective(model(batch), batch, experiment, 0, steps).values()).backward()
        model.zero_grad(set_to_none=True)
    return (_clock() - began) / steps


def evaluate_weights(
    path: str | Path,
    split: str = "test",
    *,
    experiment: str | None = None,
    dataset: str | None = None,
    dataroot: str | Path | None = None,
    overrides: dict | None = None,
    progress: bool = True,
) -> dict[str, dict]:
    """The metrics of trained weights by branch, on a split of their scale's data or of other data.

    In batches of 8, which decide how thinned or noisy LiDAR is drawn: a record made with other
    batches has slightly other numbers for a branch that sees such LiDAR. Raises RigidDepthError for
    weights of another experiment than the one named.
    """
    trained = load_weights(path, only=(experiment,) if experiment else ())
    scale = override(trained.experiment, trained.scale, overrides or {})[1]
    store = make_store(scale, dataset or scale.dataset, dataroot, progress=progress)
    frames, device = store.split(split), best_device()
    predict = predictor(trained.model.to(device), trained.experiment)
    return measure(predict, frames, range(len(frames)), device=device, progress=progress)


def _clock() -> float:
    """Seconds, after the GPU has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
