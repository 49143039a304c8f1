"""What a finished training leaves: metrics on all splits, pictures, the record."""

from __future__ import annotations

from pathlib import Path

from rigid_depth.data import Store
from rigid_depth.experiments import measuring, pictures, record
from rigid_depth.experiments.alignment import measure_alignment
from rigid_depth.experiments.feed import as_input
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.record import RunRecord
from rigid_depth.experiments.settings import placeless
from rigid_depth.experiments.speed import resolve_precision
from rigid_depth.experiments.training import Training
from rigid_depth.models import count_parameters
from rigid_depth.models.two_branch import TwoBranch

SHOWN = ("rgb", "depth", "zero_shot")
"""The branches whose predictions are kept as pictures."""


def write_run(
    plan: Plan,
    store: Store,
    identity: dict,
    source: dict,
    predict: measuring.Predict,
    training: Training | None,
    *,
    built_on: dict | None = None,
    progress: bool = True,
) -> RunRecord:
    """Evaluates on every split and writes pictures and record into the run's folder.

    All frames of the validation and the test split count, of the training split
    `scale.train_frames` spread evenly. `source` is the state of the sources when the run began,
    `training` None for a baseline, which has no steps; `built_on` names the run whose weights it
    was built on.
    """
    metrics = {}
    for name in ("train", "val", "test"):
        split = store.split(name)
        most = plan.scale.train_frames if name == "train" else len(split)
        metrics[name] = measuring.measure(
            predict,
            split,
            measuring.spread(len(split), most),
            device=measuring.best_device(),
            batch_size=plan.scale.batch_size,
            progress=progress,
            name=name,
        )
    model = training.model if training else None
    aligned = {}
    if isinstance(model, TwoBranch):
        split = store.split("test")
        aligned["alignment"] = measure_alignment(
            model, split, range(len(split)), plan.experiment,
            device=measuring.best_device(), batch_size=plan.scale.batch_size, progress=progress,
        )  # fmt: skip
    shown = _pictures(plan.folder, store.split("test"), predict)
    data = {
        "schema": record.SCHEMA,
        "experiment": plan.experiment.name,
        "label": plan.label,
        "scale": plan.scale.name,
        "seed": plan.seed,
        "created": record.now(),
        "parameters": identity["parameters"],
        "overrides": plan.overrides,
        "source": source,
        **({"built_on": built_on} if built_on else {}),
        "data": _data(plan, store),
        "machine": record.machine(resolve_precision(plan.scale.precision), _devices(training)),
        "versions": record.versions(),
        "cost": _cost(training) | {"peak_memory_mb": round(record.peak_memory_mb(), 1)},
        "metrics": metrics,
        **aligned,
        "curves": training.curves if training else {"train": {}, "val": {}},
        "predictions": shown,
    }
    return record.write_record(plan.folder, data)


def _data(plan: Plan, store: Store) -> dict:
    return {
        "dataset": plan.dataset,
        "version": store.settings["version"],
        "split_by": plan.scale.split_by,
        "fingerprint": store.fingerprint,
        "sky": placeless(store.settings["sky"]),
        "image_size": list(plan.scale.image_size),
        "counts": store.counts,
    }


def _devices(training: Training | None) -> int:
    return training.trainer.world_size if training else 1


def _cost(training: Training | None) -> dict:
    """Steps, seconds, speed, size; the time is that of training with its validation passes."""
    if training is None:
        return {"steps": 0, "seconds": 0.0, "train_images_per_s": None, "parameters": 0}
    seconds = max(training.spent_s, 1e-9)
    return {
        "steps": training.steps,
        "seconds": round(training.spent_s, 2),
        "train_images_per_s": round(training.steps * training.scale.batch_size / seconds, 2),
        "waiting_share": round(training.waited_s / seconds, 4),
        "parameters": count_parameters(training.model),
    }


def _pictures(folder: Path, split, predict: measuring.Predict) -> list[dict]:
    """Pictures of the fixed test frames and what they show."""
    shown = []
    for number, index in enumerate(pictures.fixed_frames(split.frames)):
        raw, frame = split.batch([index]), split.frames[index]
        device = measuring.best_device()
        batch = as_input({name: values.to(device) for name, values in raw.items()})
        preds_m = {b: m[0, 0].cpu().numpy() for b, m in predict(batch).items() if b in SHOWN}
        images = pictures.write_pictures(
            folder,
            number,
            raw["rgb"][0].permute(1, 2, 0).numpy(),
            batch["depth_m"][0, 0].cpu().numpy(),
            raw["dense_depth_m"][0].numpy(),
            preds_m,
        )
        described = {name: frame[name] for name in ("token", "scene", "condition")}
        shown.append({**described, "images": images})
    return shown
