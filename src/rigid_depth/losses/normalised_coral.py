"""CORAL without a unit: what is left of it when both sets are scaled alike does not count."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.losses.coral import covariance


def normalised_coral(
    source: Float[Tensor, "*batch n d"],
    target: Float[Tensor, "*batch m d"],
    source_mask: Bool[Tensor, "*batch n"] | None = None,
    target_mask: Bool[Tensor, "*batch m"] | None = None,
) -> Float[Tensor, ""]:
    """|C_S - C_T|_F^2 / (tr C_S + tr C_T)^2, rows = samples, columns = features; mean of a batch.

    CORAL (thesis eq. 5.12) of both sets divided by their common scale, times a constant: from 0
    where the covariances agree to 1 where one set has collapsed and the other varies in one
    direction alone. Latents that shrink together gain nothing. 0 with gradient 0 where neither set
    varies. A masked row is left out. Computed in at least float32.
    """
    first, second = covariance(source, source_mask), covariance(target, target_mask)
    # Quadratic over quadratic: what both sets are scaled by falls out.
    variance = (first + second).diagonal(dim1=-2, dim2=-1).sum(-1)
    known = variance > 0
    # Over 1 where nothing varies: a 0/0 would be NaN in the gradient, though `where` drops it.
    shares = (first - second).square().sum((-1, -2)) / torch.where(known, variance, 1).square()
    return torch.where(known, shares, 0).mean()
