"""Second-order alignment: the covariances of the latents (thesis 7.5)."""

from __future__ import annotations

from torch import Tensor

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.losses import coral
from rigid_depth.models.two_branch import Aligned, Alignment, TwoBranch


class Coral(Alignment):
    """The latents as they are, their covariances drawn together; the RGB-D one is not detached.

    Over "channels": samples are the pixels of the batch, features the channels. Over "pixels":
    samples are the channels of the batch, features the pixels.
    """

    def __init__(self, over: str):
        super().__init__()
        self.over = over

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """Both latents and their CORAL loss."""
        # The loss alone ties the latents: each decoder gets its own, as it is. Neither is detached,
        # so that both encoders move.
        return Aligned(rgb, rgbd, coral(self._rows(rgb), self._rows(rgbd)))

    def _rows(self, latent: Tensor) -> Tensor:
        # [B, C, H*W]; a row is then a pixel [B*H*W, C], or a channel [B*C, H*W].
        pixels = latent.flatten(2)
        return (pixels.mT if self.over == "channels" else pixels).flatten(0, 1)


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with CORAL between its latents."""
    return two_branch(experiment, scale, lambda: Coral(experiment.coral_over))
