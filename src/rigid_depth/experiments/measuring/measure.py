"""A network on a split: metrics by branch, and the validation curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from tqdm import tqdm

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import decode_depth
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.metrics import Accumulator
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.experiments.training.feed import Batch, generator_at, guided, load, network_batch
from rigid_depth.experiments.training.loop import CURVES

Predict = Callable[[Batch], dict[str, Tensor]]
"""A batch as `feed.network_batch` makes it -> depth in metres `[B, 1, H, W]` by branch."""


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


def with_guide(batch: Batch, experiment: Experiment) -> Batch:
    """The batch with what an RGB-D branch is given, drawn alike for every batch of one size."""
    if experiment.method == "rgb" or "guide" in batch:
        return batch
    return guided(batch, experiment, generator_at(0, 0, 4))


def evenly(count: int, at_most: int) -> list[int]:
    """At most so many indices, evenly spread over `count` frames."""
    if count <= at_most:
        return list(range(count))
    return [k * count // at_most for k in range(at_most)]


def batches(
    split, indices: Sequence[int], batch_size: int, device: torch.device, bar: str = ""
) -> Iterator[tuple[list[int], Batch, Batch]]:
    """The given frames batch by batch: their indices, as stored, and as a network takes them.

    `bar` is the name of the progress bar; without one none is shown.
    """
    with tqdm(total=len(indices), desc=bar, unit="frame", disable=not bar) as shown:
        for start in range(0, len(indices), batch_size):
            chosen = list(indices[start : start + batch_size])
            raw = split.batch(chosen)
            yield chosen, raw, network_batch({name: v.to(device) for name, v in raw.items()})
            shown.update(len(chosen))


def measure(
    predict: Predict, split, indices: Sequence[int], batch_size: int, bar: str = ""
) -> dict[str, dict]:
    """The record's metrics of every branch over the given frames of a split.

    Raises RigidDepthError if there is no frame.
    """
    if not len(indices):
        raise RigidDepthError("no frame is left to measure; a split needs at least one")
    accumulators: dict[str, Accumulator] = {}
    for chosen, raw, batch in batches(split, indices, batch_size, best_device(), bar):
        for branch, pred_m in predict(batch).items():
            accumulators.setdefault(branch, Accumulator()).update(
                pred_m.cpu(),
                batch["depth_m"].cpu(),
                [split.frames[i] for i in chosen],
                sky=raw["sky"],
                has_sky=raw["has_sky"],
                dense_depth_m=raw["dense_depth_m"],
            )
    return {branch: accumulator.compute() for branch, accumulator in accumulators.items()}


def validator(split, experiment: Experiment, scale: Scale):
    """A function from a network to its branches' RMSE in metres up to 80 m, by name of the curve.

    Pooled over validation frames, at most `scale.val_frames` spread evenly, held on the device of
    the network that is measured first.
    """
    held: Batch = {}

    @torch.no_grad()
    def validate(model: nn.Module) -> dict[str, float]:
        training = model.training
        model.eval()
        if not held:
            device = next(model.parameters()).device
            held.update(load(split, evenly(len(split), scale.val_frames), device))
        kind, max_depth_m = experiment.encoding, experiment.max_depth_m
        squared_m2, pixels = {}, 0
        for start in range(0, len(held["rgb"]), scale.batch_size):
            batch = network_batch({k: v[start : start + scale.batch_size] for k, v in held.items()})
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
