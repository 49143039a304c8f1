"""Relative representations: points by their angles to anchors (thesis, section 4.2)."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def relative_projection(
    points: Float[Tensor, "*batch n d"],
    anchors: Float[Tensor, "*batch k d"],
    *,
    centre: bool = False,
) -> Float[Tensor, "*batch n k"]:
    """Cosine of every point with every anchor (thesis eq. 4.2), in [-1, 1]; 0 for a zero vector.

    The geodesic distance on the unit sphere is the arc cosine of the value, not the value itself.
    Rotating, reflecting or scaling points and anchors together (parallel anchors: the same samples
    through each encoder) changes nothing. Another linear map does, and so does a translation unless
    `centre` first takes the mean of the anchors from both. Anchors that stay where they are while
    the points turn (section 7.7's shared, learned anchors) give no invariance at all.
    """
    if centre:
        mean = anchors.mean(-2, keepdim=True)
        points, anchors = points - mean, anchors - mean
    # Products of unit vectors are cosines.
    return F.normalize(points, dim=-1) @ F.normalize(anchors, dim=-1).mT
