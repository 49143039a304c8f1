"""One run from its name to its record: beneath notebooks, command line and workflow."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn
from tqdm import tqdm

from rigid_depth.data import Store
from rigid_depth.data.manifest import checksum
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.identity import differences, drop_other, identify, identity_of
from rigid_depth.experiments.measuring import measure
from rigid_depth.experiments.methods import baselines, build_model
from rigid_depth.experiments.plan import Plan, plan_run
from rigid_depth.experiments.recording import record, weights
from rigid_depth.experiments.recording.folder import (
    alone_in,
    is_first_process,
    leaving_nothing_half,
    make_folder,
)
from rigid_depth.experiments.recording.record import RunRecord
from rigid_depth.experiments.recording.report import write_run
from rigid_depth.experiments.refusals import refuse_data, refuse_training, refuse_uneven
from rigid_depth.experiments.registry import BASELINES
from rigid_depth.experiments.settings import open_fields
from rigid_depth.experiments.sources import source_state
from rigid_depth.experiments.stores import as_given, make_store
from rigid_depth.experiments.training.cost import expected_cost
from rigid_depth.experiments.training.feed import anchor_frames
from rigid_depth.experiments.training.loop import Training, train
from rigid_depth.experiments.training.watching import WatchedTraining, check_logger

CHECKPOINT = "last.ckpt"
OF_ENCODERS = (
    "attention", "dropout", "rgbd_dropout", "rgbd_width", "shared_encoder", "encoding",
    "max_depth_m", "lidar_share", "lidar_noise", "flip", "jitter",
)  # fmt: skip
"""Settings of an experiment that the run it is built on has in common with it."""


def run(
    name: str,
    *,
    scale: str = "smoke",
    seed: int = 0,
    dataset: str | None = None,
    dataroot: str | Path | None = None,
    out: str | Path = "runs",
    init_from: str | Path | None = None,
    devices: int = 1,
    num_nodes: int = 1,
    logger: str | None = None,
    progress: bool = True,
    **overrides: object,
) -> RunRecord:
    """Trains and evaluates an experiment, or returns the finished run with the same parameters.

    Makes the synthetic world and the prepared store where they are missing. A run that was killed
    goes on from its last checkpoint when it is called again. `overrides` name fields of
    `Experiment` and `Scale`. The record lies in `<out>/<scale>/<experiment>/seed-<k>/`, or
    `<out>/<scale>-<dataset>/...` if the data set is not the scale's own, the weights beside it.
    `logger` (csv, tensorboard or wandb) follows the curves while the run goes on.

    Raises RigidDepthError for unknown names, bad values or data, weights or a checkpoint of another
    experiment, a loss that is not finite, and a folder that cannot be written. Nothing half-written
    is left as a record.
    """
    plan = plan_run(
        name, scale=scale, seed=seed, dataset=dataset, overrides=overrides, dataroot=dataroot,
        out=out, init_from=init_from, devices=devices, num_nodes=num_nodes, logger=logger,
        progress=progress and is_first_process(),  # one process speaks
    )  # fmt: skip
    check_logger(logger)
    refuse_uneven(plan)
    given = as_given(plan.scale, plan.dataset, dataroot, plan.changes)
    plan = replace(plan, scale=given, init=_read_init(plan), encoder=_read_encoder(plan))
    store = make_store(plan.scale, plan.dataset, dataroot, progress=plan.progress)
    refuse_data(plan, store)
    identity = identify(plan, store)
    make_folder(plan.folder)
    told = f"another call is working on {plan.origin}: waiting for it to end"
    with alone_in(plan.folder, partial(_say, plan, told)):
        if (plan.folder / record.FILE).exists():
            finished = record.read_record(plan.folder)
            others = differences(identity_of(finished), identity)
            if not others:
                _say(plan, f"{plan.origin} is finished already: {plan.folder}")
                return finished
            _say(plan, f"{plan.folder} has this run with other {others}: it is replaced at the end")
        return _make(plan, store, identity)


def _make(plan: Plan, store: Store, identity: dict) -> RunRecord:
    """Trains, evaluates and writes the record."""
    began = time.perf_counter()
    sources = {"source": source_state(plan.experiment.notebook, identity["package"])}
    if plan.experiment.method in BASELINES:
        predict, training = baselines.fit(plan.experiment.method, store.split("train")), None
    else:
        trained = _needed(plan) if plan.experiment.needs else None
        if trained:
            below = {"origin": trained.origin, "sha256": trained.sha256}
            sources["built_on"] = below | {"package": identity["built_on"]}
        training = _train(plan, store, identity, trained)
        if training.global_rank != 0:
            training.trainer.strategy.barrier("record")
            return record.read_record(plan.folder)
        model = training.model.to(measure.best_device())
        predict = measure.predictor(model, plan.experiment)
    (plan.folder / record.FILE).unlink(missing_ok=True)  # of a former run, whose files go now
    if training:
        path = plan.folder / weights.FILE
        weights.save_weights(path, model, plan.experiment, plan.scale, plan.origin, plan.dataset)
    result = write_run(plan, store, sources, predict, training)
    (plan.folder / CHECKPOINT).unlink(missing_ok=True)
    if training and training.trainer.world_size > 1:
        training.trainer.strategy.barrier("record")
    seconds = time.perf_counter() - began
    error_m = result.rmse_m()
    said = "no test return" if error_m is None else f"test RMSE {error_m:.3f} m"
    _say(plan, f"{plan.origin}: {said} up to 80 m, {seconds:.0f} s")
    return result


def _read_init(plan: Plan) -> dict | None:
    """Where the weights to start from came from; raises if they may not start this experiment."""
    if plan.init_from is None:
        return None
    chosen = plan.experiment
    if chosen.method in BASELINES:
        raise RigidDepthError(f"experiment '{chosen.name}' has no weights to start from.")
    trained = weights.load_weights(plan.init_from, only=(chosen.name, *chosen.starts_from))
    return {"origin": trained.origin, "sha256": trained.sha256}


def _read_encoder(plan: Plan) -> str | None:
    """The SHA-256 of the weights of an encoder, whose name alone does not tell what is in them."""
    _, _, file = plan.experiment.encoder_weights.partition(":")
    if not file:
        return None
    if not Path(file).is_file():
        raise RigidDepthError(f"there are no weights for the encoder at {file}.")
    return checksum(Path(file))


def _needed(plan: Plan) -> weights.Trained:
    """The trained model that an experiment is built on: of the same scale, data and seed.

    It is trained with the same changes to the scale and to what encoders are and are given.
    """
    needs = plan.experiment.needs
    shared = {*open_fields(plan.scale), *OF_ENCODERS}
    changes = {name: value for name, value in plan.changes.items() if name in shared}
    found = run(
        needs, scale=plan.scale.name, seed=plan.seed, dataset=plan.dataset,
        dataroot=plan.dataroot, out=plan.out, devices=plan.devices, num_nodes=plan.num_nodes,
        logger=plan.logger, progress=plan.progress, **changes,
    )  # fmt: skip
    return weights.load_weights(found.folder, only=(needs,))


def _train(plan: Plan, store: Store, identity: dict, trained: weights.Trained | None) -> Training:
    """Trains from the last checkpoint, from given weights or from the start."""
    splits = {name: store.split(name) for name in ("train", "val")}
    model = _begin(plan, splits["train"], trained)
    checkpoint = plan.folder / CHECKPOINT
    if others := drop_other(checkpoint, identity):
        _say(plan, f"other {others} than in the checkpoint: starting from the beginning")
    device = measure.best_device()
    training = (WatchedTraining if plan.logger else Training)(model, splits, plan, identity)
    refuse_training(training, store)
    if plan.progress:
        resumed = ", continued from the last checkpoint" if checkpoint.exists() else ""
        _say(plan, f"{plan.origin}: {expected_cost(training, device)}{resumed}")
    validate = measure.validator(splits["val"], plan.experiment, plan.scale)
    with leaving_nothing_half(checkpoint):
        try:
            train(training, checkpoint, validate)
        except SIGTERMException:  # which would end the process as if all were done
            sys.exit(128 + signal.SIGTERM)
    return training


def _begin(plan: Plan, split, trained: weights.Trained | None) -> nn.Module:
    """The network before its first step."""
    torch.manual_seed(plan.seed)
    model = build_model(plan.experiment, plan.scale)
    frames = partial(anchor_frames, split, plan.experiment, plan.seed)
    model.build_on(trained.model if trained else None, frames)
    if plan.init_from is not None:
        weights.start_from(model, plan.experiment, plan.init_from)
    return model


def _say(plan: Plan, text: str) -> None:
    """A line for the person who watches, which a progress bar does not tear apart."""
    if plan.progress:
        tqdm.write(text)
