"""Second-order alignment that does not fade as the latents shrink (beyond the thesis)."""

from __future__ import annotations

from torch import Tensor

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.methods.coral import Coral
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.losses import normalised_coral
from rigid_depth.models.two_branch import Aligned, TwoBranch


class NormalisedCoral(Coral):
    """As `Coral`, by a loss that no common scale of the latents changes."""

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """Both latents and their normalised CORAL loss."""
        return Aligned(rgb, rgbd, normalised_coral(self._rows(rgb), self._rows(rgbd)))


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with normalised CORAL between its latents."""
    return two_branch(experiment, scale, lambda: NormalisedCoral(experiment.coral_over))
