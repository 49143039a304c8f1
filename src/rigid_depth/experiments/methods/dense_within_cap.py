"""Only RGB, trained on the true depth of all surfaces that the headline counts (synthetic only)."""

from __future__ import annotations

import torch
from torch import Tensor

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import encode_depth
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Outputs


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

        Where there is no surface within the cap the target is the prediction: no error, no
        gradient.
        """
        depth = self.infer(batch["rgb"])
        if "dense_depth_m" not in batch:
            return Outputs({"rgb": depth})
        true_m = batch["dense_depth_m"][:, None]
        counted = (true_m > 0) & (true_m <= HEADLINE_CAP_M)
        true = encode_depth(true_m, self.encoding, self.max_depth_m)
        return Outputs({"rgb": depth}, target=torch.where(counted, true, depth.detach()))
