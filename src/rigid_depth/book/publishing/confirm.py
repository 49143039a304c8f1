"""Confirms published records: the code has changed, the numbers have not.

`confirm_run` and `confirm_study` run one published seed again with today's code. Each leaves a note
beside the seeds of a row (see `experiments.standing`), and the records stay as they are. Smoke runs
made before and after a rearrangement of the code are compared by `rearranged`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import standing
from rigid_depth.experiments.recording import record
from rigid_depth.experiments.sources import home
from rigid_depth.studies import records as studies
from rigid_depth.studies.declaration import STUDIES

RECORDS = "published records"

TOLERANCE_M = 0.15
"""How far the headline RMSE of a seed may lie from its record's if another processor or other
libraries made it. Rounding grows over the steps of a training: chapter 8 shows how far apart the
same seeds of scale `core` end on two processors. On the same processor with the same libraries
every number must be the same."""

TOLERANCE_STD = 2.0
"""The same for each number of a study, in its standard deviations over the published seeds."""


def confirm(
    name: str,
    root: Path | None = None,
    *,
    dataroot: Path | None = None,
    init_from: Path | None = None,
    progress: bool = True,
) -> str:
    """Confirms a study by its name, or a row of runs: `core/rgb`, or by one seed `core/rgb/seed-0`.

    Returns a line that says how close the numbers came. `dataroot` and `init_from` are those of
    `experiments.run`, for runs that need them; a study takes neither, and shows no progress.

    Raises RigidDepthError where nothing of that name is published, its settings or data are others
    today, or the numbers differ by more than is allowed; nothing is noted then.
    """
    if name in STUDIES:
        for option, value in (("--dataroot", dataroot), ("--init-from", init_from)):
            if value is not None:
                raise RigidDepthError(f"{option} belongs to runs, not to the study '{name}'.")
        return confirm_study(name, root)
    row, seed = _row(name, root)
    given = {"dataroot": dataroot, "init_from": init_from, "progress": progress}
    return confirm_run(row, seed, **given)


def confirm_run(row: Path, seed: int, **given: object) -> str:
    """Runs a published seed again and notes for its row how close it came; see `confirm`."""
    import torch  # here, so that comparing needs none

    from rigid_depth.experiments.runner import run

    old = record.read_record(row / f"seed-{seed}").data
    name, today = place_of(row), standing.code_today(old["experiment"])
    if changes := standing.parameter_changes(old):
        raise RigidDepthError(f"{name} has other settings today: {'; '.join(changes)}.")
    if standing.matches(standing.code_then(old), today):
        return f"{name}: current, nothing to confirm"
    if (start := old["parameters"].get("init_from")) and not given.get("init_from"):
        raise RigidDepthError(f"{name} began with the weights of {start['origin']}: --init-from.")
    torch.set_num_threads(old["machine"]["threads"])
    with tempfile.TemporaryDirectory() as out:
        new = run(
            old["experiment"], scale=old["scale"], seed=seed, dataset=old["data"]["dataset"],
            out=out, **given, **old["overrides"],
        ).data  # fmt: skip
    if new["data"]["fingerprint"] != old["data"]["fingerprint"]:
        raise RigidDepthError(f"{name} was run on other data than there are here.")
    apart = abs(_headline_m(new) - _headline_m(old))
    return _settle(row, old, new, today, apart, TOLERANCE_M, "m of the headline RMSE")


def confirm_study(name: str, root: Path | None = None) -> str:
    """Runs a published seed of a study again and notes how close it came; see `confirm`."""
    records = studies.published(name, root)
    if not records:
        raise RigidDepthError(f"study '{name}' has no published record to confirm.")
    old, today = records[0].data, studies.code_today(name)
    if changes := studies.changed_settings(records[0]):
        raise RigidDepthError(f"study '{name}' has other settings today: {'; '.join(changes)}.")
    if standing.matches(standing.code_then(old), today):
        return f"{name}: current, nothing to confirm"
    new = studies.run_study(name, "full", old["seed"]).data
    apart = _most_apart(new["results"], [r.results for r in records])
    row = studies.folder(name, root)
    return _settle(row, old, new, today, apart, TOLERANCE_STD, "standard deviations over seeds")


def _settle(
    row: Path, old: dict, new: dict, today: dict, apart: float, limit: float, unit: str
) -> str:
    """Notes that a seed came close enough, or raises; returns what to tell the user."""
    exact, same = measured(new) == measured(old), _same_machine(old, new)
    if not exact and (same or apart > limit):
        allowed = "on the same machine none is" if same else f"up to {limit:g} is"
        raise RigidDepthError(
            f"today's code gives other numbers for {place_of(row)}, by {apart:.3g} {unit}; "
            f"{allowed} allowed."
        )
    note = {
        "how": "rerun",
        "created": new["created"],
        "seed": old["seed"],
        "exact": exact,
        "difference": f"{apart:.3g} {unit}",
        "allowed": f"{limit:g}",
        "code": today,
        **{key: new["source"][key] for key in ("commit", "dirty")},
        "machine": new["machine"],
        "versions": new["versions"],
        "seeds": covered(row, standing.code_then(old)),
    }
    standing.add_note(row, note)
    return f"{place_of(row)}: confirmed, {'bit for bit' if exact else 'by ' + note['difference']}"


def covered(row: Path, code: dict) -> dict[str, dict]:
    """The seeds of a row that this code made or was confirmed for, each with what made it."""
    found = {}
    for path in sorted([*row.glob(f"seed-*/{record.FILE}"), *row.glob("seed-*.json")]):
        data = json.loads(path.read_text(encoding="utf-8"))
        if standing.matches(standing.code_then(data), code):
            found[str(data["seed"])] = standing.code_then(data)
    for note in standing.notes(row):
        found |= note["seeds"] if note["code"] == code else {}
    return found


def place_of(row: Path) -> str:
    """A row as one names it: its group and its name."""
    return "/".join(row.parts[-2:])


def measured(data: dict) -> dict:
    """What a record measured and on which data: all but when, where, how fast, by which code."""
    kept = ("metrics", "alignment", "curves", "data", "results")
    return {key: data[key] for key in kept if key in data}


def _most_apart(new: object, published: list) -> float:
    """The largest difference of a number from its first record, in standard deviations over all."""
    first = published[0]
    if isinstance(first, dict):
        return max((_most_apart(new[k], [p[k] for p in published]) for k in first), default=0.0)
    if isinstance(first, list):
        items = zip(new, *published, strict=True)
        return max((_most_apart(one, list(others)) for one, *others in items), default=0.0)
    if new == first:
        return 0.0
    values = [value for value in published if value is not None]
    if new is None or first is None or len(values) < 2 or not (std := statistics.stdev(values)):
        return float("inf")
    return abs(new - first) / std


def _headline_m(data: dict) -> float:
    return record.RunRecord(Path(), data).rmse_m()


def _same_machine(old: dict, new: dict) -> bool:
    """Whether two records are of one kind of processor, its threads and arithmetic, and libraries.

    Processors of one name may differ in what they can do: the flags are not recorded.
    """
    machine = ("processor", "gpu", "devices", "threads", "precision")
    alike = all(old["machine"].get(key) == new["machine"].get(key) for key in machine)
    return alike and all(old["versions"][k] == new["versions"][k] for k in ("torch", "numpy"))


def _row(name: str, root: Path | None) -> tuple[Path, int]:
    """The folder of a published row and the seed to run: the one named, or the lowest."""
    results = (root or home(RECORDS)) / "book" / "results"
    path = results / name
    if (path / record.FILE).is_file():
        return path.parent, int(path.name.removeprefix("seed-"))
    seeds = sorted(int(p.name.removeprefix("seed-")) for p in path.glob("seed-*"))
    if not seeds:
        raise RigidDepthError(
            f"nothing is published as '{name}'; allowed are a study ({', '.join(STUDIES)}) and a "
            "row or seed below book/results, as in core/rgb or core/rgb/seed-0."
        )
    return path, seeds[0]
