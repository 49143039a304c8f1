"""Losses on encoded depth, and how one is weighed against another (thesis, chapters 5 and 6)."""

from rigid_depth.losses.balancing import adjust_loss, balanced, one_cycle_weight
from rigid_depth.losses.depth import masked_mae, masked_mean, masked_mse
from rigid_depth.losses.infinity import infinity_loss

__all__ = [
    "adjust_loss",
    "balanced",
    "infinity_loss",
    "masked_mae",
    "masked_mean",
    "masked_mse",
    "one_cycle_weight",
]
