"""What a finished training leaves: metrics on all splits, pictures, the record."""

from __future__ import annotations

from pathlib import Path

from rigid_depth.data import Store
from rigid_depth.experiments.measuring import measure
from rigid_depth.experiments.measuring.alignment import measure_alignment
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.recording import pictures, record
from rigid_depth.experiments.recording.record import RunRecord
from rigid_depth.experiments.settings import placeless
from rigid_depth.experiments.training.feed import network_batch
from rigid_depth.experiments.training.loop import Training
from rigid_depth.experiments.training.speed import resolve_precision
from rigid_depth.models import count_parameters
from rigid_depth.models.two_branch import TwoBranch

SHOWN = ("rgb", "depth", "zero_shot")
"""The branches whose predictions are kept as pictures."""


def write_run(
    plan: Plan, store: Store, sources: dict, predict: measure.Predict, training: Training | None
) -> RunRecord:
    """Evaluates on every split and writes pictures and record into the run's folder.

    All frames of the validation and the test split count, of the training split
    `scale.train_frames` spread evenly. `sources` are the record's `source`, the state of the
    sources when the run began, and `built_on`, the run whose weights it was built on, if there is
    one; `training` is None for a baseline, which has no steps.
    """
    metrics, aligned = _metrics(plan, store, predict), {}
    if training and isinstance(training.model, TwoBranch):
        aligned["alignment"] = measure_alignment(
            training.model, store.split("test"), plan.experiment, plan.scale.batch_size,
            "alignment" if plan.progress else "",
        )  # fmt: skip
    shown = _pictures(plan.folder, store.split("test"), predict)
    data = {
        "schema": record.SCHEMA,
        "experiment": plan.experiment.name,
        "label": plan.label,
        "scale": plan.scale.name,
        "seed": plan.seed,
        "created": record.now(),
        "parameters": plan.parameters(),
        "overrides": plan.overrides,
        **sources,
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


def _metrics(plan: Plan, store: Store, predict: measure.Predict) -> dict:
    """The metrics of every split, by branch."""
    metrics = {}
    for name in ("train", "val", "test"):
        split = store.split(name)
        most = plan.scale.train_frames if name == "train" else len(split)
        bar = f"evaluate {name}" if plan.progress else ""
        chosen = measure.evenly(len(split), most)
        metrics[name] = measure.measure(predict, split, chosen, plan.scale.batch_size, bar)
    for branch in metrics["train"].values():  # few frames, and nothing is compared there by street
        del branch["scenes"]
    return metrics


def _data(plan: Plan, store: Store) -> dict:
    """What the run read; `given` if that is a synthetic world named by its folder."""
    given = plan.dataset == "synthetic" and plan.dataroot is not None
    return {
        "dataset": plan.dataset,
        "version": store.settings["version"],
        "split_by": plan.scale.split_by,
        "fingerprint": store.fingerprint,
        "sky": placeless(store.settings["sky"]),
        "image_size": list(plan.scale.image_size),
        "counts": store.counts,
        **({"given": True} if given else {}),
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


def _pictures(folder: Path, split, predict: measure.Predict) -> list[dict]:
    """Pictures of the fixed test frames and what they show."""
    shown = []
    for number, index in enumerate(pictures.fixed_frames(split.frames)):
        raw, frame = split.batch([index]), split.frames[index]
        device = measure.best_device()
        batch = network_batch({name: values.to(device) for name, values in raw.items()})
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
