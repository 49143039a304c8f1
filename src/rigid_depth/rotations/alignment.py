"""Aligning point sets (thesis section 3.5, algorithm 1 and listing 3.1, corrected)."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import full_precision, inspectable
from rigid_depth.rotations.procrustes import nearest_orthogonal, special_procrustes


class Similarity(NamedTuple):
    """y = scale * rotation x + translation for column vectors x."""

    rotation: Float[Tensor, "*batch d d"]
    scale: Float[Tensor, "*batch"]
    translation: Float[Tensor, "*batch d"]

    def apply(self, points: Float[Tensor, "*batch n d"]) -> Float[Tensor, "*batch n d"]:
        """The points, one per row, moved: s X R^T + t (the row form of section 3.5, corrected)."""
        turned = points @ self.rotation.mT
        return self.scale[..., None, None] * turned + self.translation[..., None, :]


@full_precision
def procrustes_alignment(
    source: Float[Tensor, "*batch n d"],
    target: Float[Tensor, "*batch n d"],
    weights: Float[Tensor, "*batch n"] | None = None,
    with_scale: bool = True,
    with_translation: bool = True,
    with_reflection: bool = False,
) -> Similarity:
    """The similarity that minimises sum_i w_i ||s R x_i + t - y_i||^2 (eq 3.7, corrected).

    Row i of ``source`` corresponds to row i of ``target``; for a list of pairs (i, j) pass
    ``source[i]`` and ``target[j]``. A correspondence with a NaN on either side is missing and
    ignored, as is one of weight zero. Algorithm 1 with three corrections: the smallest singular
    direction flips, not the last column of R; the scale uses the flipped singular value,
    s = tr(R^T K) / sum w |x'|^2; t = mu_y - s R mu_x belongs to the model s R x + t.

    The scale is never negative. Without scale s = 1, without translation t = 0 and nothing is
    centred. ``with_reflection`` allows det R = -1. Units are those of the points. Gradients are
    exact with respect to the points and the weights; where the rotation is not unique see
    ``special_procrustes``. Source points that all coincide leave the scale undefined: it is 1.

    Raises RigidDepthError for shapes that differ, negative weights, or no correspondence at all.
    """
    if source.shape != target.shape:
        raise RigidDepthError(
            f"source {list(source.shape)} and target {list(target.shape)} must have one shape: "
            "row i corresponds to row i."
        )
    source, target, weights = _without_missing(source, target, weights)
    source_mean = (weights[..., None] * source).sum(-2)
    target_mean = (weights[..., None] * target).sum(-2)
    if not with_translation:
        source_mean, target_mean = torch.zeros_like(source_mean), torch.zeros_like(target_mean)
    x, y = source - source_mean[..., None, :], target - target_mean[..., None, :]
    covariance = (weights[..., None] * y).mT @ x
    rotation = (nearest_orthogonal if with_reflection else special_procrustes)(covariance)
    if with_scale:
        spread = (weights[..., None] * x * x).sum((-2, -1))
        explained = (rotation * covariance).sum((-2, -1))
        scale = torch.where(spread == 0, 1.0, explained / torch.where(spread == 0, 1.0, spread))
    else:
        scale = torch.ones_like(covariance[..., 0, 0])
    if not with_translation:
        return Similarity(rotation, scale, torch.zeros_like(target_mean))
    moved_mean = scale[..., None] * (rotation @ source_mean[..., None])[..., 0]
    return Similarity(rotation, scale, target_mean - moved_mean)


def _without_missing(source: Tensor, target: Tensor, weights: Tensor | None):
    """Points with zeros for the missing ones, and weights that add up to one."""
    if weights is None:
        weights = torch.ones_like(source[..., 0])
    is_known = ~(source.isnan() | target.isnan()).any(-1)
    weights = torch.where(is_known, weights, 0.0)
    if inspectable():
        if (weights < 0).any():
            raise RigidDepthError("weights must not be negative.")
        if (weights.sum(-1) == 0).any():
            raise RigidDepthError(
                "no correspondence is left: every weight is zero or every row NaN."
            )
    source = torch.where(is_known[..., None], source, 0.0)
    target = torch.where(is_known[..., None], target, 0.0)
    return source, target, weights / weights.sum(-1, keepdim=True)
