"""Where the computing of a run starts: what its hash of code is the hash of.

The names here are read as text (`rigid_depth.codehash.code`); nothing imports this module. From
each the search goes on to all that it uses, so that only the starts are listed. Beside them counts
the entry of `METHODS` that the run's experiment names.
"""

from rigid_depth.data import Store, prepare
from rigid_depth.experiments import fields, settings
from rigid_depth.experiments.measuring.alignment import measure_alignment
from rigid_depth.experiments.measuring.measure import evenly, measure, predictor, validator
from rigid_depth.experiments.methods import METHODS, baselines
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.registry import find_scale
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training.feed import anchor_frames
from rigid_depth.experiments.training.loop import Training, train
from rigid_depth.experiments.training.speed import accelerate, resolve_precision
from rigid_depth.experiments.worlds import make_world
from rigid_depth.rotations import _procrustes3

OF_EVERY_RUN = (measure, evenly)
OF_NETWORKS = (Training, train, predictor, validator)
OF_TWO_BRANCHES = (anchor_frames, measure_alignment)
OF_BASELINES = (baselines.fit,)

SETTLED = (
    fields, settings, Plan, METHODS, find_scale,  # the record's parameters
    Store, prepare, make_store, make_world,  # its fingerprint of the frames
    accelerate, resolve_precision, _procrustes3,  # how fast, not what
)  # fmt: skip
"""What stands in the record itself, or is held by a test to give the same as the plain way."""
