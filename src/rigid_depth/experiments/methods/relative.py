"""Relative representations: latents by their angles to anchors (thesis 7.7)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rigid_depth.experiments.methods.branches import latent_channels, latent_size, two_branch
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.latents import relative_projection
from rigid_depth.models.two_branch import Aligned, Alignment, Batch, TwoBranch

STORED_ANCHORS = 100  # 7.7
MIXED = 64
"""Width of the layer that mixes the stored anchors."""


class Codes(Alignment):
    """Latents by what a subclass's `codes` makes of them, then perhaps a pixel-wise MLP.

    `mlp` says which branches have one. A decoder takes as many channels as a latent has: where
    there are more or fewer `codes` than that, a branch without an MLP has a linear layer.
    """

    def __init__(self, experiment: Experiment, codes: int, channels: int):
        super().__init__()
        self.align = experiment.align_codes
        # One layer for both branches, as they have the same anchors; an MLP each branch has for
        # itself.
        plain = nn.Identity() if codes == channels else nn.Conv2d(codes, channels, 1)
        self.rgb = self.rgbd = plain
        if experiment.code_mlp != "none":
            self.rgb = pixelwise(codes, channels)
        if experiment.code_mlp == "both":
            self.rgbd = pixelwise(codes, channels)

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """The codes of both latents and, if asked for, the MSE between them."""
        first, second = self.rgb(self.codes(rgb)), self.rgbd(self.codes(rgbd))
        loss = F.mse_loss(first.float(), second.float()) if self.align else None
        return Aligned(first, second, loss)

    def infer(self, rgb: Tensor) -> Tensor:
        """The code of the RGB latent."""
        return self.rgb(self.codes(rgb))

    def codes(self, latent: Tensor) -> Tensor:
        """The latent by its anchors, `[B, anchors, h, w]`."""
        raise NotImplementedError


class Relative(Codes):
    """Each pixel of a latent as its cosines with anchors.

    Anchors: "learned", as many as channels, one pool for all pixels; "local", one such pool for
    each pixel; "pretrained", stored RGB-D latents of 100 training frames mixed by an MLP to one
    latent whose pixels are the anchors; "pretrained-conv", the stored vectors at the pixel's own
    place. Both branches use the same anchors, so nothing makes the codes of one latent those of the
    other but learning; anchors that each branch computes by itself are in `relative_parallel`.
    """

    def __init__(self, experiment: Experiment, channels: int, size: tuple[int, int]):
        pixels, kind = size[0] * size[1], experiment.anchors
        # A pixel has as many numbers as there are anchors.
        codes = {"pretrained": pixels, "pretrained-conv": STORED_ANCHORS}.get(kind, channels)
        super().__init__(experiment, codes, channels)
        self.kind = kind
        if self.kind in ("learned", "local"):
            pool = (channels,) if self.kind == "learned" else (pixels, channels)
            self.pool = nn.Parameter(torch.randn(*pool, channels))
        else:
            # A buffer: saved with the weights, but not trained.
            self.register_buffer("stored", torch.zeros(STORED_ANCHORS, channels, *size))
        if self.kind == "pretrained":
            mix = (nn.Linear(STORED_ANCHORS, MIXED), nn.GELU(), nn.Linear(MIXED, 1))
            self.mix = nn.Sequential(*mix)

    def codes(self, latent: Tensor) -> Tensor:
        """Cosines with the anchors as a latent `[B, anchors, h, w]`."""
        points = latent.flatten(2).permute(2, 0, 1).float()  # [pixels, B, channels]
        if self.kind in ("learned", "pretrained"):
            # One pool: the pixels of all places and images are rows of one product.
            pool = self.pool if self.kind == "learned" else self._mixed()
            cosines = relative_projection(points.flatten(0, 1), pool).unflatten(0, points.shape[:2])
        else:  # an own pool for each pixel
            pool = self.pool if self.kind == "local" else self.stored.flatten(2).permute(2, 0, 1)
            cosines = relative_projection(points, pool)
        return cosines.permute(1, 2, 0).unflatten(2, latent.shape[-2:])

    def _mixed(self) -> Tensor:
        """The stored latents mixed, entry by entry, to one: its pixels `[h*w, channels]`."""
        return self.mix(self.stored.flatten(2).permute(2, 1, 0))[..., 0]

    def build_on(self, trained: TwoBranch | None, frames: Callable[[], Batch]) -> None:
        """Stores the RGB-D latents of the frames as anchors."""
        if self.kind.startswith("pretrained"):
            batch = frames()
            with torch.no_grad():
                # Eight at a time, as many as in a training step: all at once would need more
                # memory.
                parts = [
                    trained.latents({name: values[i : i + 8] for name, values in batch.items()})[1]
                    for i in range(0, STORED_ANCHORS, 8)
                ]
            self.stored.copy_(torch.cat(parts)[:STORED_ANCHORS])


def pixelwise(inputs: int, channels: int) -> nn.Sequential:
    """An MLP applied to every pixel: inputs, channels, channels."""
    return nn.Sequential(
        nn.Conv2d(inputs, channels, 1), nn.GELU(), nn.Conv2d(channels, channels, 1)
    )


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with relative representations of its latents."""
    shape = latent_channels(scale), latent_size(scale)
    return two_branch(experiment, scale, lambda: Relative(experiment, *shape))
