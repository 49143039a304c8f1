"""One run from its name to its record: beneath notebooks, command line and workflow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock
from lightning.pytorch.utilities import rank_zero_only
from tqdm import tqdm

from rigid_depth.data import Store
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import baselines, measuring, record, weights
from rigid_depth.experiments.feed import Feed, anchor_frames
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.plan import Plan, plan_run
from rigid_depth.experiments.record import RunRecord
from rigid_depth.experiments.registry import BASELINES, find_experiment
from rigid_depth.experiments.report import write_run
from rigid_depth.experiments.settings import open_fields
from rigid_depth.experiments.sources import package_hash, source_state
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training import Training, train
from rigid_depth.models import count_parameters
from rigid_depth.models.two_branch import TwoBranch

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
    progress: bool = True,
    **overrides: object,
) -> RunRecord:
    """Trains and evaluates an experiment, or returns the finished run with the same parameters.

    Makes the synthetic world and the prepared store where they are missing. A run that was killed
    goes on from its last checkpoint when it is called again. `overrides` name fields of
    `Experiment` and `Scale`. The record lies in `<out>/<scale>/<experiment>/seed-<k>/`, or
    `<out>/<scale>-<dataset>/...` if the data set is not the scale's own, the weights beside it.

    Raises:
        RigidDepthError: unknown names, bad values or data, weights or a checkpoint of another
            experiment, a loss that is not finite. Nothing half-written is left as a record.
    """
    progress = progress and _is_first()  # one process speaks
    plan = plan_run(name, scale=scale, seed=seed, dataset=dataset, out=out, init_from=init_from,
                    overrides=overrides)  # fmt: skip
    _refuse_uneven(plan.scale.batch_size, devices * num_nodes)
    store = make_store(plan.scale, plan.dataset, dataroot, progress=progress)
    identity = {
        "experiment": name,
        "seed": seed,
        "parameters": plan.parameters(),
        "fingerprint": store.fingerprint,
        "package": package_hash(plan.experiment.method),
        "built_on": _code_of_needed(plan),
    }
    plan.folder.mkdir(parents=True, exist_ok=True)
    with _alone(plan.folder):
        finished = find_finished(plan.folder, identity)
        if finished:
            _say(progress, f"{plan.origin} is finished already: {plan.folder}")
            return finished
        (plan.folder / record.FILE).unlink(missing_ok=True)
        return _make(plan, store, identity, dataroot, out, init_from, devices, num_nodes, progress,
                     overrides)  # fmt: skip


def _make(
    plan: Plan, store: Store, identity: dict, dataroot, out, init_from, devices: int,
    num_nodes: int, progress: bool, overrides: dict,
) -> RunRecord:  # fmt: skip
    """Trains, evaluates and writes the record."""
    began = time.perf_counter()
    source = source_state(plan.experiment.notebook, identity["package"])
    built_on = None
    if plan.experiment.method in BASELINES:
        predict, training = baselines.fit(plan.experiment.method, store.split("train")), None
    else:
        trained = None
        if plan.experiment.needs:
            trained = _needed(plan, dataroot, out, devices, num_nodes, progress, overrides)
            built_on = {"origin": trained.origin, "sha256": trained.sha256}
            built_on["package"] = identity["built_on"]
        training = _train(plan, store, identity, init_from, trained, devices, num_nodes, progress)
        if training.global_rank != 0:
            training.trainer.strategy.barrier("record")
            return record.read_record(plan.folder)
        model = training.model.to(measuring.best_device())
        predict = measuring.predictor(model, plan.experiment)
        path = plan.folder / weights.FILE
        weights.save_weights(path, model, plan.experiment, plan.scale, plan.origin)
    result = write_run(plan, store, identity, source, predict, training, built_on=built_on,
                       progress=progress)  # fmt: skip
    (plan.folder / CHECKPOINT).unlink(missing_ok=True)
    if training and training.trainer.world_size > 1:
        training.trainer.strategy.barrier("record")
    seconds = time.perf_counter() - began
    _say(progress, f"{plan.origin}: test RMSE {result.rmse_m():.3f} m at 80 m, {seconds:.0f} s")
    return result


def find_finished(folder: Path, identity: dict) -> RunRecord | None:
    """The record in a folder if it was made with these parameters, data and sources."""
    if not (folder / record.FILE).exists():
        return None
    found = record.read_record(folder)
    data = found.data
    same = {
        "experiment": data["experiment"],
        "seed": data["seed"],
        "parameters": data["parameters"],
        "fingerprint": data["data"]["fingerprint"],
        "package": data["source"]["package"],
        "built_on": data.get("built_on", {"package": identity["built_on"]})["package"],
    }
    return found if same == identity else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lets one call at a time work in the folder of a run; the processes of one run count as one.

    The second to come waits, and finds the run finished.
    """
    if not _is_first():
        yield
        return
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        yield


def _is_first() -> bool:
    """Whether this is the first process of a run, whoever started it: Lightning, torchrun, Slurm.

    Lightning's own rank knows no machine before its trainer starts; NODE_RANK and GROUP_RANK do.
    """
    machine = int(os.environ.get("NODE_RANK") or os.environ.get("GROUP_RANK") or 0)
    return machine == 0 and not rank_zero_only.rank


def _refuse_uneven(batch_size: int, processes: int) -> None:
    """Raises unless every process gets equally many frames of a batch."""
    if batch_size % processes:
        raise RigidDepthError(
            f"a batch of {batch_size} frames cannot be shared evenly by {processes} processes; "
            "allowed are numbers of devices that divide 'batch_size'."
        )


def _code_of_needed(plan: Plan) -> str | None:
    """The hash of the code of the run that this one is built on."""
    needs = plan.experiment.needs
    return package_hash(find_experiment(needs).method) if needs else None


def _needed(
    plan: Plan, dataroot, out, devices: int, num_nodes: int, progress: bool, overrides: dict
) -> weights.Trained:
    """The trained model that an experiment is built on: of the same scale, data and seed.

    It is trained with the same overrides of the scale and of what encoders are and are given.
    """
    shared = {*open_fields(plan.scale), *OF_ENCODERS}
    sizes = {name: value for name, value in overrides.items() if name in shared}
    found = run(
        plan.experiment.needs, scale=plan.scale.name, seed=plan.seed, dataset=plan.dataset,
        dataroot=dataroot, out=out, devices=devices, num_nodes=num_nodes, progress=progress,
        **sizes,
    )  # fmt: skip
    return weights.load_weights(found.folder, only=(plan.experiment.needs,))


def _train(
    plan: Plan,
    store: Store,
    identity: dict,
    init_from,
    trained: weights.Trained | None,
    devices: int,
    num_nodes: int,
    progress: bool,
) -> Training:
    """Trains from the last checkpoint, from given weights or from the start."""
    splits = {name: store.split(name) for name in ("train", "val")}
    if plan.experiment.infinity and store.settings["sky"] is None:
        raise RigidDepthError(
            f"experiment '{plan.experiment.name}' needs sky masks and the frames of {plan.dataset} "
            "have none; say where they come from with the parameter 'sky'."
        )
    torch.manual_seed(plan.seed)
    model = build_model(plan.experiment, plan.scale)
    if isinstance(model, TwoBranch):
        frames = anchor_frames(splits["train"], plan.experiment, plan.seed)
        model.build_on(trained.model if trained else None, frames)
    elif trained:  # RGB alone in two stages: the encoder of the first, a fresh decoder
        model.rgb.encoder.load_state_dict(trained.model.rgb.encoder.state_dict())
    if init_from is not None:
        weights.start_from(model, plan.experiment, init_from)
    checkpoint = plan.folder / CHECKPOINT
    _refuse_other(checkpoint, identity, progress)
    device = measuring.best_device()
    training = Training(model, splits, plan.experiment, plan.scale, plan.seed, identity)
    if progress:
        _announce(plan, training, device, checkpoint.exists())
    validate = measuring.validator(splits["val"], plan.experiment, plan.scale, device)
    train(training, checkpoint, validate, devices=devices, num_nodes=num_nodes, progress=progress)
    return training


def _refuse_other(checkpoint: Path, identity: dict, progress: bool) -> None:
    """Raises for a checkpoint of another experiment; drops one of other settings or sources."""
    if not checkpoint.exists():
        return
    try:
        held = torch.load(checkpoint, map_location="cpu", weights_only=True)
        found = held["rigid_depth"]["identity"]
    except Exception as error:
        raise RigidDepthError(
            f"checkpoint {checkpoint} is not readable ({type(error).__name__}); remove it to "
            "start anew."
        ) from None
    if (found["experiment"], found["seed"]) != (identity["experiment"], identity["seed"]):
        raise RigidDepthError(
            f"checkpoint {checkpoint} belongs to experiment '{found['experiment']}', seed "
            f"{found['seed']}, not to '{identity['experiment']}', seed {identity['seed']}; remove "
            "it or give another --out."
        )
    if found != identity:
        what = [key for key in identity if found.get(key) != identity[key]]
        _say(
            progress, f"other {', '.join(what)} than in the checkpoint: starting from the beginning"
        )
        checkpoint.unlink()


def _announce(plan: Plan, training: Training, device: torch.device, resumed: bool) -> None:
    """Says what the run will cost before it starts."""
    feed = Feed(training.splits["train"], plan.experiment, plan.scale, plan.seed, device=device)
    model = training.model.to(device)
    seconds = measuring.seconds_per_step(model, feed, plan.experiment) * training.steps
    _say(
        True,
        f"{plan.origin}: {training.steps} steps of {plan.scale.batch_size} frames "
        f"{'x'.join(map(str, plan.scale.image_size))}, {count_parameters(model) / 1e6:.2f} M "
        f"parameters, about {seconds:.0f} s on {device.type}"
        + (", continued from the last checkpoint" if resumed else ""),
    )


def _say(progress: bool, text: str) -> None:
    """A line for the person who watches, which a progress bar does not tear apart."""
    if progress:
        tqdm.write(text)
