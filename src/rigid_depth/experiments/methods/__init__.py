"""The networks of the experiments: one file per way of training, one entry here.

A method is a module that takes a batch (see `experiments.feed`) and returns encoded depth by
branch, `{"rgb": [B, 1, H, W], ...}`, the leading branch first. Its RGB autoencoder is called `rgb`:
it alone is used at inference.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.settings import Experiment, Scale

METHODS: dict[str, Callable[[Experiment, Scale], nn.Module]] = {"rgb": RgbOnly}


def build_model(experiment: Experiment, scale: Scale) -> nn.Module:
    """The untrained network of an experiment, with weights drawn from PyTorch's global generator.

    Raises RigidDepthError where the experiment's method has no network.
    """
    if experiment.method not in METHODS:
        raise RigidDepthError(f"experiment '{experiment.name}' has no network to train or load.")
    return METHODS[experiment.method](experiment, scale)
