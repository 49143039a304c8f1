"""Confirms published records: the code has changed, the numbers have not.

`confirm_run` and `confirm_study` run one published seed again with today's code; `confirm_equal`
compares smoke runs made before and after a rearrangement of the code. Each leaves a note beside
the seeds of a row (see `experiments.standing`), and the records stay as they are.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import standing
from rigid_depth.experiments.recording import record
from rigid_depth.experiments.sources import repository, source_state
from rigid_depth.studies import records as studies
from rigid_depth.studies.declaration import STUDIES

TOLERANCE_M = 0.15
"""How far the headline RMSE of a seed may lie from its record's if another processor or other
libraries made it. Rounding grows over the steps of a training: the same seeds of scale `cpu` ended
up to 0.14 m apart on two processors. On the same processor with the same libraries every number
must be the same."""

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
    """Confirms a study by its name, or a row of runs: `cpu/rgb`, or by one seed `cpu/rgb/seed-0`.

    Returns a line that says how close the numbers came. `dataroot` and `init_from` are those of
    `experiments.run`, for runs that need them.

    Raises:
        RigidDepthError: nothing of that name is published, its settings or data are others today,
            or the numbers differ by more than is allowed; nothing is noted then.
    """
    if name in STUDIES:
        return confirm_study(name, root)
    row, seed = _row(name, root)
    given = {"dataroot": dataroot, "init_from": init_from, "progress": progress}
    return confirm_run(row, seed, **given)


def confirm_run(row: Path, seed: int, **given: object) -> str:
    """Runs a published seed again and notes for its row how close it came; see `confirm`."""
    import torch  # here, so that comparing needs none

    from rigid_depth.experiments.runner import run

    old = record.read_record(row / f"seed-{seed}").data
    name, today = _place(row), standing.code_today(old["experiment"])
    if changes := standing.parameter_changes(old):
        raise RigidDepthError(f"{name} has other settings today: {'; '.join(changes)}.")
    if standing.matches(standing.code_then(old), today):
        return f"{name}: current, nothing to confirm"
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
    exact, same = _numbers(new) == _numbers(old), _same_machine(old, new)
    if not exact and (same or apart > limit):
        allowed = "on the same machine none is" if same else f"up to {limit:g} is"
        raise RigidDepthError(
            f"today's code gives other numbers for {_place(row)}, by {apart:.3g} {unit}; {allowed} "
            "allowed."
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
        "seeds": _covered(row, standing.code_then(old)),
    }
    standing.add_note(row, note)
    return f"{_place(row)}: confirmed, {'bit for bit' if exact else 'by ' + note['difference']}"


def confirm_equal(
    before: Path, after: Path, root: Path | None = None, *, allowed: float = 0.0
) -> list[str]:
    """Confirms all rows whose code made the smoke runs in `before`, by equal ones in `after`.

    Each folder holds runs (`SCALE/NAME/seed-K/record.json`) and studies (`study-NAME.json`, whole
    records) of the smallest size; those in `after` are made with today's code. A row is confirmed
    if its records carry the hash of code of its smoke run in `before`: that run stands for them.
    Numbers may differ by `allowed` times the larger of themselves and 1: where the order of a sum
    changed and nothing else, the last digits do.

    Returns one line for every row that is confirmed, or is stale and not confirmed.

    Raises:
        RigidDepthError: a run is missing in `after`, was made by other code than today's, or
            differs from that in `before` by more than is allowed; nothing is noted then.
    """
    root = _root(root)
    old, new = _smoke_runs(before), _smoke_runs(after)
    if not old:
        raise RigidDepthError(f"there are no smoke runs in {before}.")
    found: dict[str, Rearranged] = {}
    for place, was in old.items():
        if place not in new:
            raise RigidDepthError(f"{place} lies in {before} and not in {after}.")
        apart, where = _largest_difference(_numbers(was), _numbers(new[place]))
        if apart > allowed:
            raise RigidDepthError(f"{place} differs in {where}: the code gives other numbers.")
        name = was["study"] if "study" in was else was["experiment"]
        today = studies.code_today(name) if "study" in was else standing.code_today(name)
        if standing.code_then(new[place]) != today:
            raise RigidDepthError(f"{place} in {after} was not made by today's code.")
        found[name] = Rearranged(standing.code_then(was), today, apart, allowed)
    lines = []
    for row in sorted((root / "book" / "results").glob("*/*")):
        data = [record.read_record(path).data for path in sorted(row.glob("seed-*"))]
        stale = [one for one in data if standing.standing(one, row).state == "stale"]
        lines += _confirm_row(row, found.get(data[0]["experiment"])) if stale else []
    for name in STUDIES:
        records = studies.published(name, root)
        stale = [one for one in records if studies.standing(one, root).state == "stale"]
        lines += _confirm_row(studies.folder(name, root), found.get(name)) if stale else []
    return lines


class Rearranged(NamedTuple):
    """Code before and after it was rearranged, and how far apart the numbers of both are."""

    before: dict
    after: dict
    apart: float
    allowed: float


def _confirm_row(row: Path, code: Rearranged | None) -> list[str]:
    """Notes a row as confirmed by smoke runs of the code that made it; says for which seeds."""
    seeds = _covered(row, code.before) if code else {}
    if not code or not seeds:
        return [f"{_place(row)}: stale, and no smoke run is of its code"]
    note = {
        "how": "smoke",
        "created": record.now(),
        "exact": code.apart == 0,
        "difference": f"{code.apart:.1g}",
        "allowed": f"{code.allowed:.1g}",
        "code": code.after,
        "seeds": seeds,
    }
    state = source_state("", code.after["package"])
    standing.add_note(row, note | {key: state[key] for key in ("commit", "dirty")})
    how = "equal" if note["exact"] else f"apart by {note['difference']}"
    return [f"{_place(row)}: confirmed, seeds {', '.join(sorted(seeds))}, {how}"]


def _covered(row: Path, code: dict) -> dict[str, dict]:
    """The seeds of a row that this code made or was confirmed for, each with what made it."""
    found = {}
    for path in sorted([*row.glob("seed-*/record.json"), *row.glob("seed-*.json")]):
        data = json.loads(path.read_text(encoding="utf-8"))
        if standing.matches(standing.code_then(data), code):
            found[str(data["seed"])] = standing.code_then(data)
    for note in standing.notes(row):
        found |= note["seeds"] if note["code"] == code else {}
    return found


def _place(row: Path) -> str:
    """A row as one names it: its group and its name."""
    return "/".join(row.parts[-2:])


def _smoke_runs(folder: Path) -> dict[str, dict]:
    """The records of runs and studies in a folder, by where they lie."""
    paths = [*folder.glob("*/*/seed-*/record.json"), *folder.glob("study-*.json")]
    found = {}
    for path in sorted(paths):
        data = json.loads(path.read_text(encoding="utf-8"))
        if "source" not in data:
            raise RigidDepthError(f"{path} is no whole record: it does not name its code.")
        found[path.relative_to(folder).as_posix()] = data
    return found


def _numbers(data: dict) -> dict:
    """What a record measured and on which data: all but when, where, how fast, by which code."""
    kept = ("metrics", "alignment", "curves", "data", "results")
    return {key: data[key] for key in kept if key in data}


def _largest_difference(first: object, second: object, where: str = "") -> tuple[float, str]:
    """How far apart two nested results are, and in which place; infinite where they do not match.

    Numbers are measured in the larger of themselves and 1.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        if first.keys() != second.keys():
            return math.inf, f"{where}: {', '.join(sorted(map(str, first.keys() ^ second.keys())))}"
        pairs = [(f"{where}.{key}", first[key], second[key]) for key in first]
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = [(f"{where}[{k}]", *both) for k, both in enumerate(zip(first, second, strict=True))]
    elif isinstance(first, float) and isinstance(second, float):
        return abs(first - second) / max(1.0, abs(first), abs(second)), where
    else:
        return (0.0 if first == second else math.inf), where
    found = (_largest_difference(a, b, place) for place, a, b in pairs)
    return max(found, key=lambda pair: pair[0], default=(0.0, where))


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
    results = _root(root) / "book" / "results"
    path = results / name
    if (path / record.FILE).is_file():
        return path.parent, int(path.name.removeprefix("seed-"))
    seeds = sorted(int(p.name.removeprefix("seed-")) for p in path.glob("seed-*"))
    if not seeds:
        raise RigidDepthError(
            f"nothing is published as '{name}'; allowed are a study ({', '.join(STUDIES)}) and a "
            "row or seed below book/results, as in cpu/rgb or cpu/rgb/seed-0."
        )
    return path, seeds[0]


def _root(root: Path | None) -> Path:
    root = root or repository()
    if root is None:
        raise RigidDepthError(
            "published records lie in the repository; this package is installed without one."
        )
    return root
