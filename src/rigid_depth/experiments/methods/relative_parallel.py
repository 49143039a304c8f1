"""Relative representations with parallel anchors: the control that 7.7 lacks (thesis eq. 4.2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rigid_depth.experiments.methods.branches import latent_channels, two_branch
from rigid_depth.experiments.methods.relative import Codes
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.latents import relative_projection
from rigid_depth.models.two_branch import Batch, TwoBranch

ANCHOR_FRAMES = 8


class ParallelRelative(Codes):
    """Each pixel by its cosines with latent pixels of fixed training frames, each branch its own.

    The frames go through both encoders at every step, so the anchors turn with their latent: the
    codes are the same for two latents that differ by a rotation and a scale. No gradient goes
    through the anchors. As many anchors as channels, evenly spread over the frames' pixels.
    """

    def __init__(self, experiment: Experiment, channels: int, image_size: tuple[int, int]):
        super().__init__(experiment, channels, channels)
        self.channels = channels
        # In 8 and 16 bits, because the frames are saved with the weights.
        shape = (ANCHOR_FRAMES, 3, *image_size)
        self.register_buffer("anchor_rgb", torch.zeros(shape, dtype=torch.uint8))
        self.register_buffer("anchor_guide", torch.zeros(shape, dtype=torch.float16)[:, :1].clone())

    def codes(self, latent: Tensor) -> Tensor:
        """Cosines of the batch's pixels with the anchors `[B, anchors, h, w]`."""
        # The model puts the anchors' frames behind those of the batch; here they part again.
        pixels = latent[:-ANCHOR_FRAMES].flatten(2).mT.float()
        found = latent[-ANCHOR_FRAMES:].detach().flatten(2).mT.flatten(0, 1).float()
        # As many anchors as channels, so that the decoder fits as it is.
        spread = torch.linspace(0, len(found) - 1, self.channels, device=latent.device).long()
        cosines = relative_projection(pixels.flatten(0, 1), found[spread])
        return cosines.unflatten(0, pixels.shape[:2]).mT.unflatten(2, latent.shape[-2:])

    def frames(self) -> Batch:
        """The frames of the anchors."""
        return {"rgb": self.anchor_rgb.float() / 255, "guide": self.anchor_guide.float()}

    def build_on(self, trained: TwoBranch | None, frames: Callable[[], Batch]) -> None:
        """Keeps the first frames."""
        batch = frames()
        rgb, guide = (batch[name][:ANCHOR_FRAMES] for name in ("rgb", "guide"))
        self.anchor_rgb.copy_((rgb * 255).round())
        self.anchor_guide.copy_(guide)


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with relative representations by parallel anchors."""
    shape = latent_channels(scale), scale.image_size
    return two_branch(experiment, scale, lambda: ParallelRelative(experiment, *shape))
