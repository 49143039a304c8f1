"""The run-time check of shapes and types that tests and notebooks switch on."""

import pytest
import torch

from rigid_depth.experiments import depth_metrics
from rigid_depth.losses import masked_mse


def test_an_int_passes_for_a_float():
    depth = torch.full((1, 1, 2, 2), 5.0)
    assert depth_metrics(depth, depth, depth > 0, cap_m=80)["rmse_m"] == 0


def test_a_wrong_dtype_is_named():
    depth = torch.ones(1, 1, 2, 2)
    with pytest.raises(Exception, match="mask"):
        masked_mse(depth, depth, depth)
