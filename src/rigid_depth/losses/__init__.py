"""Losses on encoded depth, and how one is weighed against another (thesis, chapters 5 and 6)."""

from rigid_depth.losses.balancing import adjust_loss, balanced, one_cycle_weight
from rigid_depth.losses.coral import coral, covariance
from rigid_depth.losses.depth import masked_mae, masked_mean, masked_mse
from rigid_depth.losses.infinity import infinity_loss
from rigid_depth.losses.normalised_coral import normalised_coral
from rigid_depth.losses.robust import berhu, huber
from rigid_depth.losses.sigmoid import inverse_sigmoid, logit_loss
from rigid_depth.losses.structure import (
    slope_magnitude,
    sobel,
    sobel_loss,
    ssim,
    ssim_loss,
    ssim_map,
)
from rigid_depth.losses.weighting import (
    gradient_balanced_weights,
    gradient_norms,
    softadapt_weights,
)

__all__ = [
    "adjust_loss",
    "balanced",
    "berhu",
    "coral",
    "covariance",
    "gradient_balanced_weights",
    "gradient_norms",
    "huber",
    "infinity_loss",
    "inverse_sigmoid",
    "logit_loss",
    "masked_mae",
    "masked_mean",
    "masked_mse",
    "normalised_coral",
    "one_cycle_weight",
    "slope_magnitude",
    "sobel",
    "sobel_loss",
    "softadapt_weights",
    "ssim",
    "ssim_loss",
    "ssim_map",
]
