"""RGB under a guide that is trained already and stays as it is (beyond the thesis)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from rigid_depth.experiments.methods.branches import rgbd_decoder, rgbd_encoder
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Batch, Outputs, TwoBranch


class Distilled(RgbOnly):
    """The RGB branch alone, drawn to a frozen guide of an earlier run.

    "output": RGB is trained on the guide's dense depth in place of the returns (response
    distillation, Hinton et al. 2015). "latent": on the returns, with the MSE between its latent and
    the guide's (feature distillation, Romero et al. 2015).
    """

    def __init__(self, experiment: Experiment, scale: Scale):
        super().__init__(experiment, scale)
        self.distil = experiment.distil
        self.guide = rgbd_encoder(experiment, scale)
        self.decoder = rgbd_decoder(experiment, scale, "rgbd decoder")
        # No optimiser moves the guide, and `train` below keeps its dropout off.
        self.guide.requires_grad_(False)
        self.decoder.requires_grad_(False)

    def forward(self, batch: Batch) -> Outputs:
        """Encoded depth of the branch `rgb`, and what the guide asks of it."""
        latent = self.rgb.encode(batch["rgb"])
        depth = {"rgb": self.rgb.decode(latent)}
        with torch.no_grad():
            # Depth is added to each colour, as the guide was trained (`TwoBranch.latents`).
            known = self.guide(batch["rgb"] + batch["guide"])
        if self.distil == "latent":
            return Outputs(depth, alignment=F.mse_loss(latent.float(), known.float()))
        with torch.no_grad():
            return Outputs(depth, target=self.decoder(known))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """The RGB branch, and the guide as `depth`."""
        return {
            "rgb": self.infer(batch["rgb"]),
            "depth": self.decoder(self.guide(batch["rgb"] + batch["guide"])),
        }

    def build_on(self, trained: TwoBranch | None, frames: Callable[[], Batch]) -> None:
        """Takes the guide of the trained model; RGB starts afresh."""
        if trained is not None:
            self.guide.load_state_dict(trained.rgbd.state_dict())
            self.decoder.load_state_dict(trained.decoder.state_dict())

    def train(self, mode: bool = True) -> Distilled:
        """The guide stays as it is at inference, without dropout."""
        super().train(mode)
        self.guide.eval()
        self.decoder.eval()
        return self
