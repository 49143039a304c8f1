"""Chapters 7 and 8: the experiments, their training, measuring and records."""

from typing import TYPE_CHECKING

from rigid_depth.lazy import lazy_names

if TYPE_CHECKING:
    from rigid_depth.experiments.measuring.metrics import depth_metrics
    from rigid_depth.experiments.plan import check_run_parameters, plan_run
    from rigid_depth.experiments.predict import predict_images
    from rigid_depth.experiments.recording.record import RunRecord, read_record
    from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
    from rigid_depth.experiments.runner import run
    from rigid_depth.experiments.settings import Experiment, Scale
    from rigid_depth.experiments.sources import package_hash

__all__ = [
    "EXPERIMENTS",
    "SCALES",
    "Experiment",
    "RunRecord",
    "Scale",
    "check_run_parameters",
    "depth_metrics",
    "package_hash",
    "plan_run",
    "predict_images",
    "read_record",
    "run",
]

__getattr__, __dir__ = lazy_names(__name__)
