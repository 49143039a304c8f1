"""The networks of the experiments: one file per way of aligning, one entry here.

A method is a module. Called with a batch (see `experiments.training.feed`) it returns `Outputs`:
encoded depth by branch, `{"rgb": [B, 1, H, W], ...}`, the leading branch first, and the alignment
loss.
`predict(batch)` returns what is measured, `infer(rgb)` what the RGB branch alone says. Its RGB
autoencoder is called `rgb`.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.methods import (
    classes,
    coral,
    coral_normalised,
    dense,
    distilled,
    fresh_decoder,
    mse,
    relative,
    relative_parallel,
    relative_rotation,
    rotation,
    transformer,
    weight_maps,
)
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.settings import Experiment, Scale

METHODS: dict[str, Callable[[Experiment, Scale], nn.Module]] = {
    "rgb": RgbOnly,
    "mse": mse.build,
    "fresh-decoder": fresh_decoder.build,
    "classes": classes.build,
    "dense-as-returned": dense.DenseAsReturned,
    "dense-within-cap": dense.DenseWithinCap,
    "distilled": distilled.Distilled,
    "coral": coral.build,
    "coral-normalised": coral_normalised.build,
    "weight-maps": weight_maps.build,
    "relative": relative.build,
    "relative-parallel": relative_parallel.build,
    "rotation": rotation.build,
    "relative-rotation": relative_rotation.build,
    "transformer": transformer.RgbTransformer,
    "transformer-mse": transformer.build,
}


def build_model(experiment: Experiment, scale: Scale) -> nn.Module:
    """The untrained network of an experiment, with weights drawn from PyTorch's global generator.

    Raises RigidDepthError where the experiment's method has no network.
    """
    if experiment.method not in METHODS:
        raise RigidDepthError(f"experiment '{experiment.name}' has no network to train or load.")
    return METHODS[experiment.method](experiment, scale)
