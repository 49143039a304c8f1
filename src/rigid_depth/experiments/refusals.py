"""What a run refuses before its first step, in a sentence that says what is allowed."""

from __future__ import annotations

from torch import Tensor

from rigid_depth.data import Store
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.training.loop import Training
from rigid_depth.models.two_branch import TwoBranch

FEWEST_PAIRS = 10
"""Pairs of latent pixels that `latents.alignment_metrics` compares at the least."""


def refuse_uneven(plan: Plan) -> None:
    """Raises unless there are processes and each gets equally many frames of a batch."""
    for name in ("devices", "num_nodes"):
        if getattr(plan, name) < 1:
            raise RigidDepthError(
                f"--{name.replace('_', '-')} is {getattr(plan, name)}; allowed are 1 and more."
            )
    processes = plan.devices * plan.num_nodes
    if plan.scale.batch_size % processes:
        raise RigidDepthError(
            f"a batch of {plan.scale.batch_size} frames cannot be shared evenly by {processes} "
            "processes; allowed are numbers of devices that divide 'batch_size'."
        )


def refuse_data(plan: Plan, store: Store) -> None:
    """Raises for data without what the run needs: frames in every split, and sky masks."""
    for name, counts in store.counts.items():
        if not counts["frames"]:
            raise RigidDepthError(
                f"split '{name}' of {plan.dataset} has no frames; a run needs some in each split."
            )
    if plan.experiment.guide_task == "classes" and not plan.scale.classes:
        raise RigidDepthError(
            f"experiment '{plan.experiment.name}' needs class maps, which a store of the synthetic "
            "world has with the parameter 'classes=true'."
        )
    if plan.experiment.target == "dense" and not _first_dense_m(store).any():
        raise RigidDepthError(
            f"experiment '{plan.experiment.name}' trains on the true depth of every pixel, which "
            f"the frames of {plan.dataset} do not have."
        )
    if plan.experiment.infinity and store.settings["sky"] is None:
        raise RigidDepthError(
            f"experiment '{plan.experiment.name}' needs sky masks and the frames of {plan.dataset} "
            "have none; say where they come from with the parameter 'sky'."
        )


def _first_dense_m(store: Store) -> Tensor:
    """The true depth of every pixel of one frame, all 0 where it is not known."""
    return store.split("train").batch([0], ["dense_depth_m"])["dense_depth_m"]


def refuse_training(training: Training, store: Store) -> None:
    """Raises for a warm-up without a step, and for latents too small to be compared at the end."""
    warmup, steps = training.experiment.warmup, training.steps
    if warmup * (steps + 1) == 1:  # of which OneCycleLR would make a division by zero
        raise RigidDepthError(
            f"parameter 'warmup' is {warmup:g} of {steps} steps, which leaves no step to warm up; "
            "any other share is allowed."
        )
    height, width = (side // training.scale.stride for side in training.scale.image_size)
    frames = store.counts["test"]["frames"]
    if isinstance(training.model, TwoBranch) and frames * height * width < FEWEST_PAIRS:
        raise RigidDepthError(
            f"{frames} test frames with latents of {height} x {width} pixels are too few to "
            f"compare two branches; at least {FEWEST_PAIRS} latent pixels are needed."
        )
