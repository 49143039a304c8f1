"""Only RGB, trained on true depth at the surfaces that the headline judges (synthetic only)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import encode_depth
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Outputs

REACH_M = 65.0
"""At this distance half of the surfaces of the synthetic world send no return back; a test counts
returns and surfaces of its streets by distance."""


class DenseWithinCap(RgbOnly):
    """The baseline with perfect labels, near and far surfaces alike up to the cap of the headline.

    Returns come from near surfaces more often than from far ones. A network trained on *all*
    surfaces learns depths that are too large for the pixels at which it is measured, so surfaces
    beyond the cap of the headline are left out.
    """

    def __init__(self, experiment: Experiment, scale: Scale):
        super().__init__(experiment, scale)
        self.encoding, self.max_depth_m = experiment.encoding, experiment.max_depth_m

    def forward(self, batch: dict[str, Tensor]) -> Outputs:
        """Encoded depth `[B, 1, H, W]`; the target where the batch has `dense_depth_m` `[B, H, W]`.

        Where there is no label the target is the prediction: no error, no gradient.
        """
        depth = self.infer(batch["rgb"])
        if "dense_depth_m" not in batch:
            return Outputs({"rgb": depth})
        true_m = batch["dense_depth_m"][:, None]
        is_label = (true_m > 0) & self.is_asked(true_m)
        true = encode_depth(true_m, self.encoding, self.max_depth_m)
        return Outputs({"rgb": depth}, target=torch.where(is_label, true, depth.detach()))

    def is_asked(self, true_m: Float[Tensor, "b 1 H W"]) -> Bool[Tensor, "b 1 H W"]:
        """Which surfaces are labels, by their depth in metres."""
        return true_m <= HEADLINE_CAP_M


class DenseAsReturned(DenseWithinCap):
    """The same with labels that favour near surfaces as LiDAR returns do.

    The LiDAR returns less often from far surfaces. A network trained on all of them is therefore
    right about other pixels than those it is measured at. Here a surface at distance d is a label
    with chance 1 / (1 + (d / 65 m)^4), by a lottery that is drawn once for each pixel of the image.
    """

    def __init__(self, experiment: Experiment, scale: Scale):
        super().__init__(experiment, scale)
        lottery = torch.rand(*scale.image_size, generator=torch.Generator().manual_seed(0))
        self.register_buffer("lottery", lottery, persistent=False)

    def is_asked(self, true_m: Float[Tensor, "b 1 H W"]) -> Bool[Tensor, "b 1 H W"]:
        """Which surfaces are labels: up to the end of the encoding, if their pixel wins."""
        chance = 1 / (1 + (true_m / REACH_M) ** 4)
        return (true_m <= self.max_depth_m) & (self.lottery < chance)
