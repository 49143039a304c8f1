"""What a run will cost, measured on a few steps before it starts."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from rigid_depth.experiments.settings import Experiment
from rigid_depth.experiments.training.feed import Feed
from rigid_depth.experiments.training.loop import Training
from rigid_depth.experiments.training.objective import objective
from rigid_depth.experiments.training.speed import resolve_precision
from rigid_depth.models import count_parameters

MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
STEPS = 2
"""How many are timed, after a first one."""


class PassingFeed(Feed):
    """A feed that reads the frames of its steps alone; the run's own will hold the split."""

    def _hold(self) -> None:
        return None


def expected_cost(training: Training, device: torch.device) -> str:
    """Steps, size of the batches and of the network, and the time they will take, in a line."""
    plan = training.plan
    model = training.model.to(device)
    feed = PassingFeed(training.splits["train"], plan, device, ranks=plan.devices * plan.num_nodes)
    for step in range(STEPS + 2):  # opens and checks the shards, which a run does but once
        feed.split.batch(feed.indices(step), feed.arrays)
    with _computing(plan.scale.precision, device):
        each = seconds_per_step(model, feed, plan.experiment)
    size = "x".join(map(str, plan.scale.image_size))
    return (
        f"{training.steps} steps of {plan.scale.batch_size} frames {size}, "
        f"{count_parameters(model) / 1e6:.2f} M parameters, about {each * training.steps:.0f} s "
        f"on {device.type}"
    )


def _computing(precision: str, device: torch.device) -> AbstractContextManager:
    """In the number type that the run's steps compute in."""
    dtype = MIXED.get(resolve_precision(precision))
    return torch.autocast(device.type, dtype) if dtype else nullcontext()


def seconds_per_step(
    model: nn.Module, feed: Feed, experiment: Experiment, steps: int = STEPS
) -> float:
    """The time of one training step, from a few that leave the network as it is."""
    for step in range(steps + 1):
        if step == 1:
            began = _clock()
        batch = feed.batch(step)
        sum(objective(model(batch), batch, experiment, 0, steps).values()).backward()
        model.zero_grad(set_to_none=True)
    return (_clock() - began) / steps


def _clock() -> float:
    """Seconds, after the GPU has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
