"""Aligning point sets (section 3.5, thesis Algorithm 1 and thesis Listing 3.1, corrected)."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Real
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import common_dtype, full_precision, inspectable
from rigid_depth.rotations.procrustes import nearest_orthogonal, special_procrustes


class Similarity(NamedTuple):
    """y = scale * rotation x + translation for column vectors x."""

    rotation: Float[Tensor, "*batch d d"]
    scale: Float[Tensor, "*batch"]
    translation: Float[Tensor, "*batch d"]

    def apply(self, points: Real[Tensor, "*batch n d"]) -> Float[Tensor, "*batch n d"]:
        """The points, one per row, moved: s X R^T + t (the row form of section 3.5, corrected).

        Never in 16 bits, whatever the points or autocast say: metres would move by decimetres.
        """
        return _moved(points, self.rotation, self.scale, self.translation)


@full_precision
def _moved(points: Tensor, rotation: Tensor, scale: Tensor, translation: Tensor) -> Tensor:
    return scale[..., None, None] * (points @ rotation.mT) + translation[..., None, :]


@full_precision
def procrustes_alignment(
    source: Float[Tensor, "*batch n d"],
    target: Float[Tensor, "*batch n d"],
    weights: Float[Tensor, "..."] | None = None,
    with_scale: bool = True,
    with_translation: bool = True,
    with_reflection: bool = False,
) -> Similarity:
    """The similarity that minimises sum_i w_i ||s R x_i + t - y_i||^2 (thesis eq. 3.7, corrected).

    Row i of `source` corresponds to row i of `target`; for a list of pairs (i, j) pass
    `source[i]` and `target[j]`. `weights` holds one number per row, `[*batch, n]`. A
    correspondence with a NaN on either side is missing and ignored, as is one of weight zero,
    whatever it holds. Thesis Algorithm 1 with three corrections: the smallest singular direction
    flips, not the last column of R; the scale uses the flipped singular value,
    s = tr(R^T K) / sum w |x'|^2; t = mu_y - s R mu_x belongs to the model s R x + t.

    The scale is never negative. Without scale s = 1, without translation t = 0 and nothing is
    centred. `with_reflection` allows det R = -1. Units are those of the points; sums are taken in
    float64, so clouds far from the origin, tiny or huge keep their digits. Gradients are exact with
    respect to the points and the weights; where the rotation is not unique see
    `special_procrustes`. Source points that all coincide leave the scale undefined: it is 1.

    Raises RigidDepthError for shapes that differ, negative weights, or no correspondence at all.
    """
    if source.shape != target.shape:
        raise RigidDepthError(
            f"source {list(source.shape)} and target {list(target.shape)} must have one shape: "
            "row i corresponds to row i."
        )
    if weights is not None and weights.shape != source.shape[:-1]:
        raise RigidDepthError(
            f"weights {list(weights.shape)} must hold one number per row of the points, "
            f"{list(source.shape[:-1])}."
        )
    dtype = common_dtype((source, target))
    # In float64 from here: a mean of 10^6 leaves a float32 cloud no digits of its own size.
    source, target, weights = _without_missing(source, target, weights)
    source_mean = (weights[..., None] * source).sum(-2)
    target_mean = (weights[..., None] * target).sum(-2)
    if not with_translation:
        source_mean, target_mean = torch.zeros_like(source_mean), torch.zeros_like(target_mean)
    # For any R and s the best t takes one mean to the other, so both clouds are centred first.
    x, y = source - source_mean[..., None, :], target - target_mean[..., None, :]
    # The fit is computed at unit size, where no square can leave the floating-point range. It does
    # not depend on the unit, so the two sizes may be taken for constants in the derivative.
    x_size, y_size = _size(x, weights), _size(y, weights)
    x, y = x / x_size[..., None, None], y / y_size[..., None, None]
    covariance = (weights[..., None] * y).mT @ x
    # R in the dtype of the points, and s and t for this rounded R: together they fit better.
    nearest = nearest_orthogonal if with_reflection else special_procrustes
    rotation = nearest(covariance.to(dtype)).double()
    if with_scale:
        # Setting the derivative by s to zero: s sum w |x'|^2 = sum w <y', R x'> = tr(R^T K).
        spread = (weights[..., None] * x * x).sum((-2, -1))
        explained = (rotation * covariance).sum((-2, -1))
        ratio = torch.where(spread == 0, 1.0, explained / torch.where(spread == 0, 1.0, spread))
        scale = torch.where(spread == 0, 1.0, ratio * y_size / x_size).to(dtype)
    else:
        scale = torch.ones_like(covariance[..., 0, 0], dtype=dtype)
    if not with_translation:
        return Similarity(rotation.to(dtype), scale, torch.zeros_like(target_mean, dtype=dtype))
    moved_mean = scale.double()[..., None] * (rotation @ source_mean[..., None])[..., 0]
    return Similarity(rotation.to(dtype), scale, (target_mean - moved_mean).to(dtype))


def _without_missing(source: Tensor, target: Tensor, weights: Tensor | None):
    """Points in float64, zero where they are missing, and weights that add up to one."""
    both = torch.cat((source, target), dim=-1)
    is_known = ~both.isnan().any(-1)
    if weights is None:
        weights = torch.ones_like(source[..., 0])
    else:
        # 0 times infinity is NaN, so a row of weight zero must go where its square overflows. Other
        # rows of weight zero stay: the derivative by their weight asks what they hold.
        is_known &= (weights != 0) | both.detach().double().square().sum(-1).isfinite()
    weights = torch.where(is_known, weights, 0.0)
    if inspectable():
        if (weights < 0).any():
            raise RigidDepthError("weights must not be negative.")
        if (weights.sum(-1) == 0).any():
            raise RigidDepthError(
                "no correspondence is left: every weight is zero or every row NaN."
            )
    source = torch.where(is_known[..., None], source, 0.0).double()
    target = torch.where(is_known[..., None], target, 0.0).double()
    weights = weights.double()
    weights = weights / weights.detach().amax(-1, keepdim=True)  # their sum must not overflow
    return source, target, weights / weights.sum(-1, keepdim=True)


def _size(points: Tensor, weights: Tensor) -> Tensor:
    """The largest coordinate among the points that count, 1 where all are zero."""
    counts = torch.where(weights[..., None] > 0, points, 0.0).detach()
    largest = counts.abs().amax((-2, -1))
    return torch.where(largest == 0, 1.0, largest)
