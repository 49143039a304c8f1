"""Losses that change their form with the size of the error (thesis, section 5.1)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses.depth import _error, masked_mean

TINY = 1e-12


def huber(
    pred: Float[Tensor, "*shape"],
    target: Float[Tensor, "*shape"],
    mask: Bool[Tensor, "*shape"],
    delta: float = 1.0,
) -> Float[Tensor, ""]:
    """Mean Huber loss over the mask (thesis eq. 5.2): r^2/2 up to `delta`, then linear.

    `delta` has the unit of the input. On values in [0, 1] the default 1 never becomes linear: the
    loss is half the mean squared error there. Empty mask and 16-bit input as in `masked_mse`.
    Raises RigidDepthError unless `delta` > 0.
    """
    _refuse_unless_positive("delta", delta)
    # Value and slope of the two parts agree at delta, so that the loss is smooth there.
    size = _error(pred, target, mask).abs()
    return masked_mean(
        torch.where(size <= delta, size.square() / 2, delta * (size - delta / 2)), mask
    )


def berhu(
    pred: Float[Tensor, "*shape"],
    target: Float[Tensor, "*shape"],
    mask: Bool[Tensor, "*shape"],
    delta: float | str = "batch",
    *,
    share: float = 0.2,
) -> Float[Tensor, ""]:
    """Mean reverse Huber loss over the mask (thesis eq. 5.3): |r|, then (r^2 + d^2)/(2 d).

    It grows with the square of a large error: an outlier counts for more than under the mean
    absolute error and, for `delta` < 0.5, for more than under the mean squared error.

    The thesis does not give the threshold. A number is used as it is, in the unit of the input.
    "batch" (Laina et al., 2016) is `share` times the largest error of the batch, "image" the same
    for each image of the first axis by itself; both follow the predictions, are held constant in
    the gradient, and make the value of an image under "batch" depend on the images beside it.
    Empty mask and 16-bit input as in `masked_mse`. Raises RigidDepthError for another `delta`.
    """
    size = _error(pred, target, mask).abs()
    threshold = _threshold(size.detach(), delta, share)
    # Smooth at the threshold too, which is detached: the largest error must not move its own limit.
    large = (size.square() + threshold**2) / (2 * threshold)
    return masked_mean(torch.where(size <= threshold, size, large), mask)


def _refuse_unless_positive(name: str, value: float) -> None:
    if not value > 0:
        raise RigidDepthError(f"{name} is {value}; allowed is a number above 0")


def _threshold(size: Tensor, delta: float | str, share: float) -> Tensor | float:
    if delta not in ("batch", "image"):
        if isinstance(delta, str):
            raise RigidDepthError(
                f"delta is {delta!r}; allowed are 'batch', 'image' and a number above 0"
            )
        _refuse_unless_positive("delta", delta)
        return delta
    _refuse_unless_positive("share", share)
    dims = tuple(range(1 if delta == "image" else 0, size.ndim))
    return (share * size.amax(dims, keepdim=True)).clamp(min=TINY)
