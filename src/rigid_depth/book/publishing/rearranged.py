"""Confirms published records by smoke runs made before and after the code was rearranged."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

from rigid_depth.book.publishing.confirm import RECORDS, covered, measured, place_of
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import standing
from rigid_depth.experiments.recording import record
from rigid_depth.experiments.sources import home, source_state
from rigid_depth.studies import records as studies
from rigid_depth.studies.declaration import STUDIES


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

    Raises RigidDepthError where a run is missing in `after`, was made by other code than today's,
    or differs from that in `before` by more than is allowed; nothing is noted then.
    """
    root = root or home(RECORDS)
    old, new = _smoke_runs(before), _smoke_runs(after)
    if not old:
        raise RigidDepthError(f"there are no smoke runs in {before}.")
    found: dict[str, Rearranged] = {}
    for place, was in old.items():
        if place not in new:
            raise RigidDepthError(f"{place} lies in {before} and not in {after}.")
        apart, where = _largest_difference(measured(was), measured(new[place]))
        if apart > allowed:
            raise RigidDepthError(f"{place} differs in {where}: the code gives other numbers.")
        name = was["study"] if "study" in was else was["experiment"]
        today = studies.code_today(name) if "study" in was else standing.code_today(name)
        if standing.code_then(new[place]) != today:
            raise RigidDepthError(f"{place} in {after} was not made by today's code.")
        code = Rearranged(standing.code_then(was), today, apart, allowed)
        if found.setdefault(name, code).before != code.before:
            raise RigidDepthError(f"the smoke runs of {name} in {before} were made by two codes.")
        found[name] = max(found[name], code, key=lambda one: one.apart)
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
    seeds = covered(row, code.before) if code else {}
    if not code or not seeds:
        return [f"{place_of(row)}: stale, and no smoke run is of its code"]
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
    return [f"{place_of(row)}: confirmed, seeds {', '.join(sorted(seeds))}, {how}"]


def _smoke_runs(folder: Path) -> dict[str, dict]:
    """The records of runs and studies in a folder, by where they lie."""
    paths = [*folder.glob(f"*/*/seed-*/{record.FILE}"), *folder.glob("study-*.json")]
    found = {}
    for path in sorted(paths):
        data = json.loads(path.read_text(encoding="utf-8"))
        if "source" not in data:
            raise RigidDepthError(f"{path} is no whole record: it does not name its code.")
        found[path.relative_to(folder).as_posix()] = data
    return found


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
