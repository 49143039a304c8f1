"""Losses on the encoded depth, taken over the pixels that have ground truth (thesis, chapter 5)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def masked_mse(
    pred: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"]
) -> Float[Tensor, ""]:
    """Mean squared error over the pixels of the mask (thesis eq. 5.1 on sparse ground truth).

    All pixels of the batch count alike. An empty mask gives 0 with gradient 0. The mask says where
    a return exists (depth in metres > 0): an encoded depth of 0 may be a valid target. 16-bit input
    is accumulated, and the loss returned, in float32. In the squared unit of the input.
    """
    return _error(pred, target, mask).square().sum() / _count(mask)


def masked_mae(
    pred: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"]
) -> Float[Tensor, ""]:
    """Mean absolute error over the pixels of the mask; conventions as in `masked_mse`."""
    return _error(pred, target, mask).abs().sum() / _count(mask)


def masked_mean(values: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Mean of the values where the mask is true; 0 with gradient 0 where it is true nowhere."""
    # `where`, not a product: 0 times NaN is NaN, and pixels without a return may hold anything.
    return torch.where(mask, _full(values), 0).sum() / _count(mask)


def _count(mask: Tensor) -> Tensor:
    """The pixels of a mask, at least 1."""
    return mask.count_nonzero().clamp(min=1)


def _error(pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Prediction minus target, 0 outside the mask: what is not finite there has no gradient."""
    return torch.where(mask, _full(pred) - _full(target), 0)


def _full(values: Tensor) -> Tensor:
    """At least float32: neither a sum over an image nor its number of pixels fits into 16 bits."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
