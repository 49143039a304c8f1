"""Runs of studies, their records and their spread.

Published records of the full size lie in `book/studies/NAME/seed-K.json`; notebooks take every
figure of a finding from them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import machine, now, versions
from rigid_depth.experiments.sources import (
    function_defaults,
    function_hash,
    home,
    source_state,
)
from rigid_depth.experiments.standing import Standing, code_then, differences, judge, notes
from rigid_depth.statistics import estimate
from rigid_depth.studies.declaration import STUDIES, find_study
from rigid_depth.whole import write_whole

SCHEMA = 1


@dataclass(frozen=True)
class StudyRecord:
    """What one seed of a study gave, and all that is needed to get it again."""

    data: dict

    @property
    def results(self) -> dict:
        """The numbers, nested as the study's function returned them; None where there is none."""
        return self.data["results"]

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.data["seed"]


def study_hash(name: str) -> str:
    """Hash of the code that makes a study's numbers (`experiments.sources.function_hash`).

    The synthetic world is left out: `street_world` is a package of its own, held by its tests.
    """
    return function_hash(find_study(name).computes)


def run_study(name: str, size: str = "smoke", seed: int = 0) -> StudyRecord:
    """Runs one seed of a study and returns its record; stores nothing.

    Raises RigidDepthError for an unknown study or size, and a result that is no finite number.
    """
    import torch  # here, so that pages of studies need none

    study = find_study(name)
    settings = study.settings(size)
    source = source_state(study.notebook, study_hash(name))
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):  # a study may seed the global generator
        results = study.function(seed, **settings)
    seconds = time.perf_counter() - began
    _refuse_strange(results, name)
    return StudyRecord(
        json.loads(
            json.dumps(
                {
                    "schema": SCHEMA,
                    "study": name,
                    "label": study.label,
                    "size": size,
                    "seed": seed,
                    "created": now(),
                    "parameters": settings,
                    "source": source,
                    "machine": machine("32-true", 1),
                    "versions": versions(),
                    "cost": {"seconds": round(seconds, 1)},
                    "results": results,
                }
            )
        )
    )


def publish(name: str, seed: int, root: Path | None = None) -> StudyRecord:
    """The published record of a seed: the one that is there and fresh, else a new full-size run."""
    path = folder(name, root) / f"seed-{seed}.json"
    if path.exists():
        found = StudyRecord(json.loads(path.read_text()))
        if standing(found, root).state != "stale":
            return found
    record = run_study(name, "full", seed)
    text = json.dumps(record.data, indent=1, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: partial.write_text(text))
    return record


def published(name: str, root: Path | None = None) -> list[StudyRecord]:
    """The published records of a study by seed; an empty list if there is none."""
    find_study(name)
    records = [json.loads(p.read_text()) for p in folder(name, root).glob("seed-*.json")]
    return [StudyRecord(data) for data in sorted(records, key=lambda data: data["seed"])]


def standing(record: StudyRecord, root: Path | None = None) -> Standing:
    """Whether a record is current, confirmed or stale (`experiments.standing`), and why."""
    name = record.data["study"]
    if name not in STUDIES:
        return Standing("stale", f"STALE: there is no study '{name}' any more")
    if changes := changed_settings(record):
        return Standing("stale", "STALE: " + "; ".join(changes))
    return judge(code_then(record.data), code_today(name), record.seed, notes(folder(name, root)))


def code_today(name: str) -> dict:
    """The hashes that a record of this study would carry if it were made now."""
    return {"package": study_hash(name), "built_on": None}


def changed_settings(record: StudyRecord) -> list[str]:
    """Which settings of the published size are others today, in words."""
    study = find_study(record.data["study"])
    defaults = function_defaults(study.computes)
    then, today = (
        json.loads(json.dumps(defaults | settings))
        for settings in (record.data["parameters"], study.settings("full"))
    )
    return differences(then, today)


def summarise(records: Sequence[StudyRecord]) -> dict:
    """The results with every number replaced by its `Estimate` over the records.

    Lists of one length are summarised element by element. A value that is None in any record
    stays None.
    """
    if not records:
        raise RigidDepthError("no record of the study to summarise; publish one first.")
    return _summarise([record.results for record in records])


def _summarise(values: list) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _summarise([value[key] for value in values]) for key in first}
    if any(value is None for value in values):
        return None
    if isinstance(first, list):
        return [_summarise(list(items)) for items in zip(*values, strict=True)]
    return estimate(values)


def folder(name: str, root: Path | None = None) -> Path:
    """Where the records of a study are published, below the repository or another root."""
    return (root or home("published studies")) / "book" / "studies" / name


def _refuse_strange(value: object, where: str) -> None:
    """Raises unless the value is made of dicts, lists, None and finite numbers."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_strange(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            _refuse_strange(inner, where)
    elif value is not None and (not isinstance(value, int | float) or not math.isfinite(value)):
        raise RigidDepthError(f"study result {where} is {value!r}; allowed are finite numbers.")
