"""A model of two branches and the trained model it is built on."""

import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.models import Encoder, scaled
from rigid_depth.models.two_branch import Alignment, TwoBranch


def inheriting() -> TwoBranch:
    rgb = scaled(0.25)
    widths = [scale[0][0].out_channels for scale in rgb.encoder.scales]
    return TwoBranch(rgb, Encoder(3, widths), None, Alignment(), inherits=True)


def test_encoders_are_those_of_the_trained_model():
    trained, model = inheriting(), inheriting()
    model.build_on(trained, dict)
    for mine, theirs in ((model.rgb.encoder, trained.rgb.encoder), (model.rgbd, trained.rgbd)):
        for name, values in theirs.state_dict().items():
            assert torch.equal(mine.state_dict()[name], values)


def test_nothing_to_inherit_is_refused():
    with pytest.raises(RigidDepthError, match="needs a trained model"):
        inheriting().build_on(None, dict)
