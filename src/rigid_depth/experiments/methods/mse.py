"""Direct alignment: the mean squared distance between the latents (thesis 7.4)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Aligned, Alignment, TwoBranch


class Mse(Alignment):
    """The latents as they are, drawn together; detached, only the RGB latent moves."""

    def __init__(self, detach_depth: bool):
        super().__init__()
        self.detach_depth = detach_depth

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """Both latents and MSE(l_rgb, l_rgbd)."""
        # Detached, the loss pulls the RGB latent to the RGB-D latent and never the other way round.
        target = rgbd.detach() if self.detach_depth else rgbd
        # In float32: squares of small differences vanish in 16 bits.
        return Aligned(rgb, rgbd, F.mse_loss(rgb.float(), target.float()))


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with the MSE between its latents."""
    return two_branch(experiment, scale, lambda: Mse(experiment.detach_depth))
