"""Where a number comes from: the badges of a run and of an executed notebook."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import find_experiment, find_scale
from rigid_depth.experiments.settings import Experiment, override, parameters
from rigid_depth.experiments.sources import blob, package_hash


def is_stale(record: dict) -> bool:
    """Tells whether the code or the settings that the run rests on differ from today's."""
    try:
        experiment, needs = _experiments(record["experiment"])
        today = _parameters_today(record, experiment)
    except RigidDepthError:
        return True  # no such experiment, scale or parameter any more
    then = {k: v for k, v in record["parameters"].items() if k != "init_from"}
    below = record.get("built_on", {}).get("package")
    return (
        then != today
        or record["source"]["package"] != _package_today(experiment.method)
        or (below is not None and (needs is None or below != _package_today(needs.method)))
    )


@cache
def _package_today(method: str) -> str:
    """The hash that a record made now would carry."""
    return package_hash(method)


def _experiments(name: str) -> tuple[Experiment, Experiment | None]:
    """The experiment of that name and the one it is built on."""
    experiment = find_experiment(name)
    return experiment, find_experiment(experiment.needs) if experiment.needs else None


def _parameters_today(record: dict, experiment: Experiment) -> dict:
    """The parameters of the same command today."""
    chosen, scale, _ = override(experiment, find_scale(record["scale"]), record["overrides"])
    return parameters(chosen, scale, record["data"]["dataset"])


def device(record: dict) -> str:
    """Names what computed the run: the GPU, or the processor."""
    machine = record["machine"]
    return machine.get("gpu") or machine.get("processor") or "unknown device"


def commit(record: dict) -> str:
    """The first eight digits of the run's commit, with a plus where the tree differed from it."""
    source = record["source"]
    return (source.get("commit") or "unknown")[:8] + ("+" if source.get("dirty") else "")


def run_badge(record: dict) -> str:
    """HTML of scale, seed, commit, date and device, and STALE where the sources have changed."""
    parts = [
        ("info", f"scale {record['scale']}"),
        ("", f"seed {record['seed']}"),
        ("", f"commit {commit(record)}"),
        ("", record["created"][:10]),
        ("", device(record)),
    ]
    if record["scale"] == "smoke":
        parts.append(("warn", "smoke run: not a result"))
    if is_stale(record):
        parts.append(("warn", "STALE: its code or settings changed since"))
    return badges(parts)


def notebook_badge(stamp: dict, text: Path) -> str:
    """HTML for the top of an executed notebook: its scale, and STALE where its text has changed."""
    parts = [("info", f"executed at scale {stamp['scale']}")] if stamp.get("scale") else []
    if text.is_file() and stamp.get("source_blob") != blob(text):
        parts.append(("bad", "STALE: the text changed since it ran"))
    return badges(parts)


def badges(parts: list[tuple[str, str]]) -> str:
    """HTML of a row of badges, each a kind (`good`, `bad`, `warn`, `info`, none) and a text."""
    return "".join(f'<span class="rd-badge rd-{k}">{escape(t)}</span>' for k, t in parts)
