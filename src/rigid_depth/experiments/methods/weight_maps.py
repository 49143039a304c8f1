"""Spatial attention: two weight maps for one latent (thesis 7.6)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models import SpatialAttention
from rigid_depth.models.two_branch import Aligned, Alignment, TwoBranch


class WeightMaps(Alignment):
    """The RGB latent times a map from either latent; the maps are drawn together.

    A map has one weight in (0, 1) for each pixel: 288 numbers guide instead of 55,296.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rgb, self.rgbd = SpatialAttention(), SpatialAttention()

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """The RGB latent weighted by its own map and by that of the RGB-D latent; MSE(maps)."""
        # Both maps weigh the RGB latent: of the RGB-D latent the second decoder sees the map alone.
        own, guide = self.rgb.weights(rgb), self.rgbd.weights(rgbd)
        return Aligned(rgb * own, rgb * guide, F.mse_loss(own.float(), guide.float()))

    def infer(self, rgb: Tensor) -> Tensor:
        """The RGB latent weighted by its own map."""
        return self.rgb(rgb)


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with weight maps between its latents."""
    return two_branch(experiment, scale, WeightMaps, control=True)
