"""Only RGB: one autoencoder from image to depth (thesis 7.2 and 7.3)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from rigid_depth.experiments.methods.branches import rgb_branch
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Batch, Outputs


class RgbOnly(nn.Module):
    """The baseline of the thesis: no second branch, no manipulation of the latent."""

    def __init__(self, experiment: Experiment, scale: Scale):
        super().__init__()
        self.rgb = rgb_branch(experiment, scale)

    def forward(self, batch: dict[str, Tensor]) -> Outputs:
        """Encoded depth in (0, 1) of the branch `rgb`, from `batch["rgb"]` in [0, 1]."""
        return Outputs({"rgb": self.infer(batch["rgb"])})

    def predict(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same without the rest of what training sees."""
        return self(batch).depth

    def build_on(self, trained: RgbOnly | None, frames: Callable[[], Batch]) -> None:
        """In a second stage takes the encoder of the first, under a decoder that starts afresh."""
        if trained:
            self.rgb.encoder.load_state_dict(trained.rgb.encoder.state_dict())

    def infer(self, rgb: Tensor) -> Tensor:
        """Encoded depth `[B, 1, H, W]` from images alone."""
        return self.rgb(rgb)[0]
