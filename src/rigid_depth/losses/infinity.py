"""The infinity loss: what a model should say where no LiDAR beam returns (thesis, section 5.3)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses.depth import masked_mean


def infinity_loss(
    pred: Float[Tensor, "*shape"],
    sky: Bool[Tensor, "*shape"],
    threshold: float = 0.01,
    has_return: Bool[Tensor, "*shape"] | None = None,
    *,
    mean_over: str = "selected",
) -> Float[Tensor, ""]:
    """Push the sky to infinity and keep all else nearer (thesis eq. 5.13, its prose's selection).

    Encoded depth, 0 = infinitely far. A sky pixel without a return costs `pred`; any other pixel
    below the threshold costs `threshold - pred`; the rest is not selected. As printed, thesis eq.
    5.13 applies `threshold - pred` to every pixel that is not sky: a reward for the nearest depth.

    The mean is over the selected pixels of the batch (0 with gradient 0 if there are none) or, with
    `mean_over="all"`, over all pixels; the thesis does not say which. `threshold` 0.01 is 100 m in
    the reciprocal encoding and 99 m in the linear one. Raises RigidDepthError for another mean.
    """
    if mean_over not in ("selected", "all"):
        raise RigidDepthError(f"mean_over is {mean_over!r}; allowed are 'selected' and 'all'")
    # A return proves that something is there, whatever the sky mask says.
    far = sky if has_return is None else sky & ~has_return
    # Without the clamp at the threshold the loss would pull every pixel to the camera.
    selected = far | (pred < threshold)
    cost = torch.where(far, pred, threshold - pred)
    loss = masked_mean(cost, selected)
    return loss if mean_over == "selected" else loss * selected.float().mean()
