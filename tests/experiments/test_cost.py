"""The cost that a run tells in advance is that of its own steps."""

import pytest
import torch

from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training import cost
from rigid_depth.experiments.training.loop import Training


@pytest.mark.parametrize(("precision", "mixed"), [("bf16-mixed", True), ("32-true", False)])
def test_a_few_steps_are_timed_as_the_run_makes_them(
    monkeypatch, world, settings, precision, mixed
):
    """In its number type, and with one device's share of the batch."""
    seen = {}

    def timed(model, feed, experiment):
        seen.update(mixed=torch.is_autocast_enabled("cpu"), frames=len(feed.batch(0)["rgb"]))
        return 0.5

    monkeypatch.setattr(cost, "seconds_per_step", timed)
    changes = {**settings, "batch_size": 4, "precision": precision}
    plan = plan_run("rgb", scale="smoke", dataroot=world, devices=2, overrides=changes)
    splits = {"train": make_store(plan.scale, "synthetic", world, progress=False).split("train")}
    training = Training(build_model(plan.experiment, plan.scale), splits, plan, {})
    said = cost.expected_cost(training, torch.device("cpu"))
    assert seen == {"mixed": mixed, "frames": 2}
    assert "steps of 4 frames" in said
