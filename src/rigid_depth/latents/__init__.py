"""Latent spaces: as point clouds, relative to anchors, mapped onto each other (thesis, chapter 4).

Points are rows: n points in d dimensions are `[n, d]`, and a linear map acts from the right.
"""

from rigid_depth.latents.clouds import from_point_clouds, rotation_as_convolution, to_point_clouds
from rigid_depth.latents.digits import Images, load_images
from rigid_depth.latents.freedom import CloudFreedom, cloud_freedom
from rigid_depth.latents.maps import KINDS, LatentMap, fit_map, pairs_needed
from rigid_depth.latents.metrics import (
    alignment_metrics,
    linear_cka,
    probe_accuracy,
    procrustes_residual,
    relative_distance,
    retrieval,
)
from rigid_depth.latents.parallel import ParallelMLP, train
from rigid_depth.latents.receptive import (
    Influence,
    ReceptiveField,
    convolution_chain,
    measure_receptive_field,
    receptive_field,
    without_normalisation,
)
from rigid_depth.latents.relative import relative_projection
from rigid_depth.latents.stitching import (
    FULL,
    LADDER,
    SMOKE,
    StitchingSettings,
    stitch_digits,
    summarise,
    train_autoencoders,
)

__all__ = [
    "FULL",
    "KINDS",
    "LADDER",
    "SMOKE",
    "CloudFreedom",
    "Images",
    "Influence",
    "LatentMap",
    "ParallelMLP",
    "ReceptiveField",
    "StitchingSettings",
    "alignment_metrics",
    "cloud_freedom",
    "convolution_chain",
    "fit_map",
    "from_point_clouds",
    "linear_cka",
    "load_images",
    "measure_receptive_field",
    "pairs_needed",
    "probe_accuracy",
    "procrustes_residual",
    "receptive_field",
    "relative_distance",
    "relative_projection",
    "retrieval",
    "rotation_as_convolution",
    "stitch_digits",
    "summarise",
    "to_point_clouds",
    "train",
    "train_autoencoders",
    "without_normalisation",
]
