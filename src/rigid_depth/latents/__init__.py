"""Latent spaces: as point clouds, relative to anchors, mapped onto each other (thesis, chapter 4).

Points are rows: n points in d dimensions are `[n, d]`, and a linear map acts from the right.
"""

from rigid_depth.latents.clouds import from_point_clouds, rotation_as_convolution, to_point_clouds
from rigid_depth.latents.maps import KINDS, LatentMap, fit_map, pairs_needed
from rigid_depth.latents.metrics import (
    alignment_metrics,
    linear_cka,
    probe_accuracy,
    procrustes_residual,
    relative_distance,
    retrieval,
)
from rigid_depth.latents.relative import relative_projection

__all__ = [
    "KINDS",
    "LatentMap",
    "alignment_metrics",
    "fit_map",
    "from_point_clouds",
    "linear_cka",
    "pairs_needed",
    "probe_accuracy",
    "procrustes_residual",
    "relative_distance",
    "relative_projection",
    "retrieval",
    "rotation_as_convolution",
    "to_point_clouds",
]
