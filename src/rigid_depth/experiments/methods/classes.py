"""A guide that names what it sees instead of how far it is (the first proposal of 8.2)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.methods.mse import Mse
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.two_branch import Batch, Outputs, TwoBranch
from street_world.classes import CLASSES


class ClassGuided(TwoBranch):
    """Two branches whose RGB-D one predicts the class of every pixel.

    Its decoder speaks of classes, so that no RGB latent decodes to a depth with it: there is no
    zero-shot here, and no copying of depth.
    """

    guide_sees_depth = False

    def forward(self, batch: Batch) -> Outputs:
        """Encoded depth of the branch `rgb`, the alignment, and the cross-entropy of the guide.

        The latter only where the batch has class maps `[B, H, W]`, as in training.
        """
        aligned = self.alignment(*self.latents(batch))
        depth, guide = {"rgb": self.rgb.decode(aligned.rgb)}, None
        if "classes" in batch:
            # Before the sigmoid: the cross-entropy takes a softmax over the classes itself.
            scores = self.decoder.scores(aligned.depth)
            guide = F.cross_entropy(scores.float(), batch["classes"].long())
        return Outputs(depth, aligned.loss, guide)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encoded depth of the RGB branch."""
        return {"rgb": self.infer(batch["rgb"])}


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with the MSE between its latents and a guide of classes."""
    return two_branch(
        experiment,
        scale,
        lambda: Mse(experiment.detach_depth),
        kind=ClassGuided,
        outputs=len(CLASSES),
    )
