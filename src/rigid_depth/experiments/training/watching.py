"""The curves of a run as they grow, for those who watch long runs: by Lightning's own loggers."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.training.loop import Training

LOGGERS = {"csv": (), "tensorboard": ("tensorboard", "tensorboardX"), "wandb": ("wandb",)}
"""Kinds of loggers -> the packages that write them, of which one is enough."""


def check_logger(kind: str | None) -> None:
    """Raises RigidDepthError for a kind nobody knows, or one whose package is not installed."""
    if kind is None:
        return
    if kind not in LOGGERS:
        raise RigidDepthError(f"logger is '{kind}'; allowed are {', '.join(LOGGERS)}.")
    packages = LOGGERS[kind]
    if packages and not any(map(find_spec, packages)):
        raise RigidDepthError(
            f"logger '{kind}' needs a package that is not installed: pip install {packages[0]}"
        )


def make_logger(kind: str, folder: Path, origin: str) -> Logger:
    """A logger that writes to `logs` in the folder of the run, or to a project of W&B."""
    if kind == "wandb":
        return WandbLogger(name=origin, project="rigid-depth", save_dir=folder)
    if kind == "tensorboard":
        return TensorBoardLogger(folder, name="", version="logs")
    (folder / "logs" / "metrics.csv").unlink(missing_ok=True)  # a run that goes on writes it anew
    return CSVLogger(folder, name="", version="logs")


class CurveWriter(Callback):
    """Hands each new point of the curves to a logger, as `train/loss` or `val/rmse_m` of a step.

    A run that goes on from a checkpoint hands over its earlier points, too.
    """

    def __init__(self, logger: Logger):
        self.logger, self.written = logger, {}

    def on_train_batch_end(
        self, trainer: lightning.Trainer, training: Training, *_: object
    ) -> None:
        self.write(training)

    def on_train_end(self, trainer: lightning.Trainer, training: Training) -> None:
        self.write(training)
        self.logger.finalize("success")

    def write(self, training: Training) -> None:
        """Writes what the curves have got since the last call."""
        for split, curve in training.curves.items():
            since, steps = self.written.get(split, 0), curve["step"]
            for k in range(since, len(steps)):
                values = {f"{split}/{n}": points[k] for n, points in curve.items() if n != "step"}
                self.logger.log_metrics(values, steps[k])
            if since < len(steps):
                self.logger.save()
            self.written[split] = len(steps)


class WatchedTraining(Training):
    """A training whose curves go to the logger of its plan as they grow."""

    def configure_callbacks(self) -> list[Callback]:
        """The writer, beside the trainer's own callbacks."""
        return [CurveWriter(make_logger(self.plan.logger, self.plan.folder, self.plan.origin))]
