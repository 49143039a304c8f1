"""Training by Lightning: optimiser, schedules, curves, checkpoints, exact resume."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, TQDMProgressBar
from torch import Tensor, nn

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import decode_depth
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.settings import Scale
from rigid_depth.experiments.training.feed import Feed, generator_at
from rigid_depth.experiments.training.objective import objective
from rigid_depth.experiments.training.speed import accelerate, resolve_precision
from rigid_depth.models.two_branch import Outputs

CURVES = {"rgb": "rmse_m", "depth": "depth_rmse_m"}
"""The branches whose RMSE is followed, and the name of their curve."""


def count_steps(scale: Scale, frames: int) -> int:
    """Optimiser steps of a run over that many training frames."""
    return scale.steps or -(-scale.epochs * frames // scale.batch_size)


def device_seed(seed: int, step: int, rank: int) -> int:
    """The seed of what a device draws in a step, dropout and noise; no other stream has it."""
    return generator_at(seed, step, 3).initial_seed() + (rank << 32)


class Training(lightning.LightningModule):
    """One run: the network, its loss and its optimiser, with the curves it has drawn so far.

    Everything random is a function of (seed, step): the frames, their augmentation and, since the
    global generator is seeded anew at each step, dropout. A run resumed from a checkpoint therefore
    goes on as if it had never stopped.
    """

    def __init__(self, model: nn.Module, splits: dict, plan: Plan, identity: dict):
        super().__init__()
        self.model = accelerate(model, plan.scale)
        self.splits, self.plan, self.identity = splits, plan, identity
        self.experiment, self.scale = plan.experiment, plan.scale
        self.steps = count_steps(plan.scale, len(splits["train"]))
        self.feed: Feed | None = None
        self.pending: list[tuple[int, Tensor, dict[str, Tensor]]] = []
        self.window: dict[str, float] = {}
        self.curves: dict[str, dict[str, list]] = {"train": {"step": []}, "val": {"step": []}}
        self.spent_s = self.waited_s = 0.0

    def configure_optimizers(self) -> dict:
        """RAdam with decoupled weight decay and the one-cycle learning rate (6.2).

        A scale that multiplies the rate divides the decay: their product, the share of the weights
        that a step takes away, is what the thesis's numbers fix.
        """
        factor = self.scale.learning_rate_factor
        peak = self.experiment.peak_learning_rate * factor
        optimiser = torch.optim.RAdam(
            self.model.parameters(),
            lr=peak,
            weight_decay=self.experiment.weight_decay / factor,
            decoupled_weight_decay=True,
            foreach=True,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            max_lr=peak,
            total_steps=self.steps + 1,  # the scheduler is asked once more after the last step
            pct_start=self.experiment.warmup,
            div_factor=self.experiment.learning_rate_div,
            final_div_factor=self.experiment.learning_rate_final_div,
            anneal_strategy="cos",
            cycle_momentum=False,
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_fit_start(self) -> None:
        """Brings the frames to the device that trains."""
        ranks = self.trainer.world_size
        self.feed = Feed(self.splits["train"], self.plan, self.device, self.global_rank, ranks)

    def training_step(self, step: int, _: int) -> Tensor:
        """The loss of a step; keeps what the curve and the check for NaN need, without waiting."""
        torch.manual_seed(device_seed(self.plan.seed, step, self.global_rank))
        batch = self.feed.batch(step)
        outputs = self.model(batch)
        loss = sum(objective(outputs, batch, self.experiment, step, self.steps).values())
        self.pending.append((step, loss.detach(), self._sums(outputs, batch["depth_m"])))
        return loss

    def on_train_batch_end(self, *_: object) -> None:
        """Looks at the losses: at every step on a CPU, at every point of the curve on a GPU."""
        done = self.global_step
        if self.device.type == "cpu" or done % self.scale.log_every == 0 or done == self.steps:
            self.look()

    def look(self) -> None:
        """Moves the losses of the last steps into the curve.

        Raises RigidDepthError where one of them is not finite; says which step and which frames.
        """
        for step, loss, sums in self.pending:
            if not torch.isfinite(loss):
                frames = self.splits["train"].frames
                tokens = [frames[i]["token"] for i in self.feed.indices(step)]
                raise RigidDepthError(
                    f"the loss is {loss.item()} at step {step} of {self.steps}, in the batch of "
                    f"frames {', '.join(tokens)}; the last good checkpoint is kept."
                )
            for name, value in {"loss": loss, "steps": 1, **sums}.items():
                self.window[name] = self.window.get(name, 0.0) + float(value)
            if (step + 1) % self.scale.log_every == 0 or step + 1 == self.steps:
                self._close_window(step + 1)
        self.pending.clear()

    def _close_window(self, step: int) -> None:
        window, self.window = self.window, {}
        values = {"step": step}
        values |= {k: window[k] / window["steps"] for k in ("loss", "alignment") if k in window}
        for branch, name in CURVES.items():
            if branch in window:
                values[name] = (window[branch] / max(window["pixels"], 1)) ** 0.5
        add_point(self.curves["train"], values)

    @torch.no_grad()
    def _sums(self, outputs: Outputs, depth_m: Tensor) -> dict[str, Tensor]:
        """Squared errors in m^2 of the branches and their pixels, up to 80 m; alignment loss."""
        valid = (depth_m > 0) & (depth_m <= HEADLINE_CAP_M)
        sums = {"pixels": valid.sum()}
        for branch in CURVES.keys() & outputs.depth:
            y = outputs.depth[branch].detach().float()
            pred_m = decode_depth(y, self.experiment.encoding, self.experiment.max_depth_m)
            sums[branch] = torch.where(valid, pred_m - depth_m, 0.0).square().sum()
        if outputs.alignment is not None:
            sums["alignment"] = outputs.alignment.detach()
        return sums

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        """Adds what Lightning does not know of: curves, cost so far, whose run it is."""
        checkpoint["rigid_depth"] = {
            "curves": self.curves,
            "window": self.window,
            "spent_s": self.spent_s,
            "waited_s": self.waited_s,
            "identity": self.identity,
        }

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        """Takes it back."""
        kept = checkpoint["rigid_depth"]
        self.curves, self.window = kept["curves"], kept["window"]
        self.spent_s, self.waited_s = kept["spent_s"], kept["waited_s"]


def add_point(curve: dict[str, list], values: dict[str, float]) -> None:
    """One more point of a curve and of those drawn with it."""
    for name, value in values.items():
        curve.setdefault(name, []).append(value)


class Steps:
    """The numbers of the steps of a run; Lightning's batches, which a checkpoint remembers."""

    def __init__(self, steps: int):
        self.done, self.steps = 0, steps

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[int]:
        while self.done < self.steps:
            self.done += 1
            yield self.done - 1

    def state_dict(self) -> dict[str, int]:
        """How many steps are done."""
        return {"done": self.done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Goes on from there."""
        self.done = state["done"]


class Keeper(Callback):
    """Validates and writes the checkpoint at fixed steps; only a run that is sound is written."""

    def __init__(self, path: Path, validate):
        self.path, self.validate = path, validate
        self.since = time.perf_counter()

    def on_train_start(self, trainer: lightning.Trainer, training: Training) -> None:
        self.since = time.perf_counter()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, training: Training, *_: object
    ) -> None:
        done, scale = trainer.global_step, training.scale
        last = done == training.steps
        if done % scale.validate_every == 0 or last:
            add_point(training.curves["val"], {"step": done, **self.validate(training.model)})
        if done % scale.checkpoint_every == 0 or last:
            training.look()
            now = time.perf_counter()
            training.spent_s, self.since = training.spent_s + now - self.since, now
            training.waited_s, training.feed.waited_s = (
                training.waited_s + training.feed.waited_s,
                0.0,
            )
            self._write(trainer, training)

    def _write(self, trainer: lightning.Trainer, training: Training) -> None:
        if not all(torch.isfinite(p).all() for p in training.model.parameters()):
            return  # the next loss will not be finite either, and stops the run
        partial = self.path.with_suffix(".partial")
        trainer.save_checkpoint(partial)
        if trainer.is_global_zero:
            os.replace(partial, self.path)


def train(training: Training, checkpoint: Path, validate) -> lightning.Trainer:
    """Trains from the checkpoint if there is one, else from the start, to the last step.

    `validate` takes the network and returns validation errors in metres by the names of their
    curves. Raises RigidDepthError if the loss stops being finite.
    """
    _quieten()
    plan = training.plan
    trainer = lightning.Trainer(
        max_steps=training.steps,
        max_epochs=-1,
        accelerator="gpu" if torch.cuda.is_available() else "cpu",
        devices=plan.devices,
        num_nodes=plan.num_nodes,
        strategy="ddp_find_unused_parameters_true" if plan.devices * plan.num_nodes > 1 else "auto",
        precision=resolve_precision(plan.scale.precision),
        callbacks=[Keeper(checkpoint, validate), *([Bar(refresh_rate=5)] if plan.progress else [])],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=plan.progress,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(
        training,
        train_dataloaders=Steps(training.steps),
        ckpt_path=str(checkpoint) if checkpoint.exists() else None,
        weights_only=True,
    )
    return trainer


def _quieten() -> None:
    """Leaves Lightning its warnings and errors, without tips and advice on data loaders."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for message in (".*does not have many workers.*", ".*LeafSpec.*"):
        warnings.filterwarnings("ignore", message=message, module="lightning.*")


class Bar(TQDMProgressBar):
    """Lightning's progress bar over the steps of the run, with the RMSE of the last window."""

    def get_metrics(self, trainer: lightning.Trainer, training: Training) -> dict:
        curves = training.curves
        shown = {f"{split} m": curves[split].get("rmse_m", [])[-1:] for split in curves}
        return {name: f"{value[0]:.2f}" for name, value in shown.items() if value}
