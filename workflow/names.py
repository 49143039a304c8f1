"""The names of the experiments and scales, loaded without torch: the graph is read in a blink."""

import importlib.util
import sys

PACKAGE = "rigid_depth.experiments"

light = PACKAGE not in sys.modules
if light:  # an empty package stands in for the true one, whose __init__ imports torch for seconds
    spec = importlib.util.find_spec(PACKAGE)
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)

from rigid_depth.experiments.registry import (  # noqa: E402
    EXPERIMENTS,
    SCALES,
    find_experiment,
    find_scale,
)
from rigid_depth.experiments.sources import package_hash  # noqa: E402

if light:
    del sys.modules[PACKAGE]

__all__ = ["EXPERIMENTS", "SCALES", "find_experiment", "find_scale", "package_hash"]
