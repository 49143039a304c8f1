"""Rotations on top of relative representations: an idea of the thesis's outlook (8.2).

The control decoder learns from RGB-D latents, and RGB gives it codes: its numbers test nothing.
"""

from __future__ import annotations

from torch import Tensor

from rigid_depth.experiments.methods.branches import latent_channels, latent_size, two_branch
from rigid_depth.experiments.methods.relative import Relative
from rigid_depth.experiments.methods.rotation import Rotation
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Aligned, Alignment, TwoBranch


class RelativeRotation(Alignment):
    """Both latents relative to the same anchors, then the RGB code rotated as in 7.8."""

    def __init__(self, relative: Relative, rotation: Rotation):
        super().__init__()
        self.relative, self.rotation = relative, rotation

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """The RGB code turned by R_rgb and by R_rgbd, the loss between the two."""
        codes = self.relative(rgb, rgbd)
        return self.rotation(codes.rgb, codes.depth)

    def infer(self, rgb: Tensor) -> Tensor:
        """The RGB code turned by its own guess."""
        return self.rotation.infer(self.relative.infer(rgb))


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with rotations of its relative representations."""

    def alignment() -> RelativeRotation:
        relative = Relative(experiment, latent_channels(scale), latent_size(scale))
        return RelativeRotation(relative, Rotation(experiment))

    return two_branch(experiment, scale, alignment, control=True)
