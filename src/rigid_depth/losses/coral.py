"""CORAL: bringing the second-order statistics of two sets together (thesis, sections 5.2, 7.5)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.losses.depth import _full


def coral(
    source: Float[Tensor, "*batch n d"],
    target: Float[Tensor, "*batch m d"],
    source_mask: Bool[Tensor, "*batch n"] | None = None,
    target_mask: Bool[Tensor, "*batch m"] | None = None,
) -> Float[Tensor, ""]:
    """|C_S - C_T|_F^2 / (4 d^2), rows = samples, columns = features; mean of a batch.

    Thesis eq. 5.12. For latents `[B, C, H, W]` the rows are the B*H*W pixels and the features the
    channels. Blind to the means and to which row belongs to which; 0 if both sets are collapsed; it
    falls with the fourth power of a common scale. A masked row is left out. A set with fewer than
    two rows has no covariance: 0 with gradient 0. Computed in at least float32.
    """
    d = source.shape[-1]
    # A fixed factor, so that the value depends little on the number of channels.
    difference = covariance(source, source_mask) - covariance(target, target_mask)
    loss = difference.square().sum((-1, -2)) / (4 * d**2)
    known = (_rows(source, source_mask) > 1) & (_rows(target, target_mask) > 1)
    return torch.where(known, loss, 0).mean()


def covariance(
    rows: Float[Tensor, "*batch n d"], mask: Bool[Tensor, "*batch n"] | None = None
) -> Float[Tensor, "*batch d d"]:
    """Covariance of the columns over the rows of the mask, divided by n - 1 (section 5.2).

    Centred first: the same value as the formula of the thesis, without its cancellation. The zero
    matrix for fewer than two rows. Computed in at least float32.
    """
    rows = _full(rows)
    if mask is not None:
        rows = torch.where(mask[..., None], rows, 0)
    count = _rows(rows, mask)[..., None, None]
    # E[x x^T] - E[x] E[x]^T as printed subtracts two large numbers where the means are large.
    centred = rows - rows.sum(-2, keepdim=True) / count.clamp(min=1)
    if mask is not None:
        centred = torch.where(mask[..., None], centred, 0)
    with torch.autocast(rows.device.type, enabled=False):
        return centred.mT @ centred / (count - 1).clamp(min=1)


def _rows(rows: Tensor, mask: Tensor | None) -> Tensor:
    """Number of rows that count, one per batch entry."""
    if mask is None:
        return torch.full(rows.shape[:-2], rows.shape[-2], device=rows.device)
    return mask.sum(-1)
