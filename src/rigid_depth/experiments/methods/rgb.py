"""Only RGB: one autoencoder from image to depth (thesis 7.2 and 7.3)."""

from __future__ import annotations

from torch import Tensor, nn

from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models import scaled


class RgbOnly(nn.Module):
    """The baseline of the thesis: no second branch, no manipulation of the latent."""

    def __init__(self, experiment: Experiment, scale: Scale):
        super().__init__()
        self.rgb = scaled(scale.width, attention=experiment.attention, dropout=experiment.dropout)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Encoded depth in (0, 1) of the branch `rgb`, from `batch["rgb"]` in [0, 1]."""
        return {"rgb": self.rgb(batch["rgb"])[0]}
