"""A fresh decoder for both latents after they were drawn together (thesis 7.4, second stage)."""

from __future__ import annotations

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.methods.mse import Mse
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Alignment, TwoBranch


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model of 7.4 whose encoders come from it, frozen or to be trained on.

    Frozen encoders leave nothing to align; free ones go on being drawn together.
    """

    def alignment() -> Alignment:
        return Alignment() if experiment.freeze_encoders else Mse(experiment.detach_depth)

    return two_branch(experiment, scale, alignment, inherits=True)
