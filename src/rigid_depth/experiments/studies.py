"""Studies: the small seeded experiments of chapters 3 to 5, their records and their spread.

A study is a function of its chapter's package, `(seed, **settings) -> nested dict of numbers`, with
settings for a full and a smoke size. Published records of the full size lie in
`book/studies/NAME/seed-K.json`; notebooks take every figure of a finding from them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import t as student_t

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.record import machine, now, versions
from rigid_depth.experiments.sources import SETTLED_ELSEWHERE, repository, source_state
from rigid_depth.experiments.study_registry import SIZES, STUDIES, Study, find_study
from rigid_depth.sources import PACKAGE, code_files, code_hash

__all__ = [
    "SIZES",
    "STUDIES",
    "Interval",
    "Study",
    "StudyRecord",
    "confirm",
    "find_study",
    "interval",
    "is_stale",
    "publish",
    "published",
    "run_study",
    "study_hash",
    "summarise",
]

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


@dataclass(frozen=True)
class Interval:
    """Mean over seeds, sample standard deviation and 95 % interval of the mean (Student's t).

    `std`, `low` and `high` are None for a single value.
    """

    mean: float
    std: float | None
    low: float | None
    high: float | None
    count: int

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value of a mean of 0 (Student's t); None for a single value."""
        if self.std is None:
            return None
        if self.std == 0:
            return float(self.mean == 0)
        return float(2 * student_t.sf(abs(self.mean) / self.std * self.count**0.5, self.count - 1))

    def __str__(self) -> str:
        return f"{self.mean:.3g}" + (f" ± {self.std:.2g}" if self.std is not None else "")


@cache
def study_hash(name: str) -> str:
    """Hash of the code that makes a study's numbers, without comments and docstrings.

    The code that draws the synthetic world is left out: a test holds its pictures.
    """
    module = find_study(name).function.split(":")[0]
    world = "rigid_depth.data.synthetic"
    files = (PACKAGE / "data" / "synthetic").glob("*.py")
    drawing = [world, "rigid_depth.experiments.worlds", *(f"{world}.{p.stem}" for p in files)]
    return code_hash(code_files(module, skip=(*SETTLED_ELSEWHERE, *drawing)))


def run_study(name: str, size: str = "smoke", seed: int = 0) -> StudyRecord:
    """Runs one seed of a study and returns its record; stores nothing.

    Raises:
        RigidDepthError: unknown study or size, or a result that is no finite number.
    """
    import torch  # here, so that pages of studies need none

    study = find_study(name)
    settings = study.settings(size)
    source = source_state(study.notebook, study_hash(name))
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):  # a study may seed the global generator
        results = study.load()(seed, **settings)
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
    path = _folder(name, root) / f"seed-{seed}.json"
    if path.exists() and not is_stale(StudyRecord(json.loads(path.read_text()))):
        return StudyRecord(json.loads(path.read_text()))
    record = run_study(name, "full", seed)
    _write(path, record.data)
    return record


def confirm(name: str, root: Path | None = None) -> bool:
    """Runs one published seed again with today's code; tells whether it gives the same numbers.

    If it does, to the last digit, all records of the study note the code that confirmed them and
    are not stale. Raises RigidDepthError if nothing is published or the settings are others today.
    """
    records = published(name, root)
    if not records:
        raise RigidDepthError(f"study '{name}' has no published record to confirm.")
    if any(_settings_changed(record) for record in records):
        raise RigidDepthError(f"study '{name}' has other settings today; publish it anew.")
    again = run_study(name, "full", records[0].seed)
    if again.results != records[0].results:
        return False
    note = {"seed": again.seed, "created": again.data["created"], **again.data["source"]}
    for record in records:
        source = record.data["source"] | {"confirmed": note}
        _write(_folder(name, root) / f"seed-{record.seed}.json", record.data | {"source": source})
    return True


def published(name: str, root: Path | None = None) -> list[StudyRecord]:
    """The published records of a study by seed; an empty list if there is none."""
    find_study(name)
    records = [json.loads(p.read_text()) for p in _folder(name, root).glob("seed-*.json")]
    return [StudyRecord(data) for data in sorted(records, key=lambda data: data["seed"])]


def is_stale(record: StudyRecord) -> bool:
    """Tells whether the study's settings, or its code without confirmation, are others today."""
    if record.data["study"] not in STUDIES or _settings_changed(record):
        return True
    source = record.data["source"]
    known = {source["package"], source.get("confirmed", {}).get("package")}
    return study_hash(record.data["study"]) not in known


def summarise(records: Sequence[StudyRecord]) -> dict:
    """The results with every number replaced by its `Interval` over the records.

    Lists of one length are summarised element by element. A value that is None in any record
    stays None.
    """
    if not records:
        raise RigidDepthError("no record of the study to summarise; publish one first.")
    return _summarise([record.results for record in records])


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Mean, spread and interval of the mean of some numbers."""
    mean, count = float(np.mean(values)), len(values)
    if count == 1:
        return Interval(mean, None, None, None, 1)
    std = float(np.std(values, ddof=1))
    half = float(student_t.ppf((1 + level) / 2, count - 1)) * std / math.sqrt(count)
    return Interval(mean, std, mean - half, mean + half, count)


def _summarise(values: list) -> object:
    first = values[0]
    if isinstance(first, dict):
        return {key: _summarise([value[key] for value in values]) for key in first}
    if any(value is None for value in values):
        return None
    if isinstance(first, list):
        return [_summarise(list(items)) for items in zip(*values, strict=True)]
    return interval(values)


def _settings_changed(record: StudyRecord) -> bool:
    today = find_study(record.data["study"]).settings("full")
    return record.data["parameters"] != json.loads(json.dumps(today))


def _write(path: Path, data: dict) -> None:
    """Writes a record whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n")
    partial.replace(path)


def _folder(name: str, root: Path | None) -> Path:
    root = root or repository()
    if root is None:
        raise RigidDepthError(
            "published studies lie in the repository; this package is installed without one."
        )
    return root / "book" / "studies" / name


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
