"""What the graph is asked for: scale, data, experiments, seeds, and the files that follow."""

import hashlib
import json
import os
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rigid_depth import PACKAGE
from rigid_depth.book.executed import copies
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import FILE
from rigid_depth.experiments.registry import (
    EXPERIMENTS,
    SCALES,
    find_experiment,
    find_scale,
    group_of,
    parts_of_group,
)
from rigid_depth.experiments.settings import parameters
from rigid_depth.experiments.sources import package_hash

SETTINGS = ("scale", "dataset", "dataroot", "experiments", "seeds", "publish", "threads", "execute")
EXECUTE = ("outdated", "all")
TRUTHS = {"": False, "0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}
PUBLISHED = ".graph/published"
"""Where the graph marks what it has published; not in _build, which Jupyter Book empties."""


def whole(name: str, text: object, least: int = 0) -> int:
    """Reads a whole number; raises RigidDepthError that names the setting."""
    if not str(text).isdecimal() or int(str(text)) < least:
        raise RigidDepthError(f"{name} has {text!r}; allowed are whole numbers from {least} on")
    return int(str(text))


def truth(name: str, value: object) -> bool:
    """Reads yes or no; raises RigidDepthError that names the setting."""
    word = str(value).lower()
    if word not in TRUTHS:
        raise RigidDepthError(f"{name} is {value!r}; allowed: {', '.join(filter(None, TRUTHS))}")
    return TRUTHS[word]


def words(text: object) -> tuple[str, ...]:
    """Splits a list by commas or blanks."""
    return tuple(str(text).replace(",", " ").split())


def book_files(*patterns: str) -> list[str]:
    """Returns the files of the book that match; hidden and generated ones are left out."""
    found = {f for pattern in patterns for f in Path().glob(pattern) if f.is_file()}
    kept = (f for f in found if not any(p == "generated" or p.startswith(".") for p in f.parts))
    return sorted(map(str, kept))


@cache
def stamps() -> dict[str, dict[str, str]]:
    """What an execution of each text notebook rests on now, by name."""
    return {text.stem: copies.stamp(text) for text in copies.texts(Path())}


def to_execute(which: str) -> list[str]:
    """The notebooks to execute: `all`, or those that no executed copy is up to date with.

    A copy of this machine counts as asked for, so that the graph may find it up to date.
    """
    if which == "all":
        return list(stamps())
    return [
        name
        for name, stamp in stamps().items()
        if not copies.is_current(Path("notebooks") / f"{name}.ipynb", stamp)
    ]


@cache
def run_code(experiment: str, group: str) -> str:
    """Returns what makes a run stale when it changes: the hash of its code, and its settings."""
    chosen = find_experiment(experiment)
    scale, dataset = parts_of_group(group)
    settings = json.dumps(parameters(chosen, find_scale(scale), dataset), sort_keys=True)
    return f"{package_hash(chosen.method)} {hashlib.sha1(settings.encode()).hexdigest()}"


def needed_by(experiment: str, group: str, seed: str) -> list[str]:
    """Returns the record of the run that an experiment is built on, if there is one."""
    needs = find_experiment(experiment).needs
    return [f"runs/{group}/{needs}/seed-{seed}/{FILE}"] if needs else []


def book_code() -> str:
    """Returns the hash of the package's text: it makes the pages, and docstrings are on them."""
    texts = (path.read_bytes() for path in sorted(PACKAGE.rglob("*.py")))
    return hashlib.sha1(b"\0".join(texts)).hexdigest()


@dataclass(frozen=True)
class Selection:
    """One call of the graph; unknown experiments and scales raise with the names allowed."""

    scale: str
    dataset: str
    dataroot: str
    experiments: tuple[str, ...]
    seeds: tuple[str, ...]
    publish: bool
    threads: int
    execute: str = EXECUTE[0]

    def __post_init__(self) -> None:
        find_scale(self.scale)
        for name in self.experiments:
            find_experiment(name)
        if self.dataset:  # here, so that the graph of a scale's own data needs no torch
            from rigid_depth.experiments.stores import check_dataset

            check_dataset(self.dataset)
        if self.execute not in EXECUTE:
            raise RigidDepthError(f"EXECUTE is {self.execute!r}; allowed: {', '.join(EXECUTE)}")

    @property
    def notebooks_to_execute(self) -> list[str]:
        """The executed copies that the book needs, below _build/executed."""
        return [f"{copies.EXECUTED}/{name}.ipynb" for name in to_execute(self.execute)]

    @property
    def group(self) -> str:
        """The folder below runs/: the scale, and the data set where it is not the scale's own."""
        return group_of(find_scale(self.scale), self.dataset)

    @property
    def runs(self) -> list[str]:
        """The folders of the runs asked for."""
        return [f"{self.group}/{e}/seed-{s}" for e in self.experiments for s in self.seeds]

    @property
    def records(self) -> list[str]:
        """The records of the runs asked for."""
        return [f"runs/{run}/{FILE}" for run in self.runs]

    @property
    def notebooks(self) -> list[str]:
        """The executed notebooks of the runs asked for; controls have none of their own."""
        shown = [run for run in self.runs if EXPERIMENTS[run.split("/")[1]].section]
        return [f"runs/{run}/notebook.ipynb" for run in shown]

    @property
    def published(self) -> list[str]:
        """The marks of publication of these runs, if it is asked for.

        A mark goes first where the book has lost the run that it is of.
        """
        if not self.publish:
            return []
        for run in self.runs:
            if not Path("book/results", run, FILE).is_file():
                Path(PUBLISHED, run).unlink(missing_ok=True)
        return [f"{PUBLISHED}/{run}" for run in self.runs]

    def world_of(self, group: str) -> list[str]:
        """The mark of the synthetic world that a group of runs reads, if it is the graph's own."""
        if group in SCALES and find_scale(group).dataset == "synthetic":
            return [] if group == self.group and self.dataroot else [f"data/synthetic/.{group}"]
        return []

    def options_of(self, group: str) -> str:
        """The options of the command line that name scale and data of a group of runs."""
        pairs = self._data if group == self.group else {"scale": group}
        return " ".join(f"--{name} {shlex.quote(value)}" for name, value in pairs.items())

    @property
    def parameters(self) -> str:
        """The same for papermill."""
        return " ".join(f"-p {name} {shlex.quote(value)}" for name, value in self._data.items())

    @property
    def _data(self) -> dict[str, str]:
        """What names scale and data, where it is given."""
        named = {"scale": self.scale, "dataset": self.dataset, "dataroot": self.dataroot}
        return {name: value for name, value in named.items() if value}


def read_selection(config: dict) -> Selection:
    """Reads the settings given to Snakemake.

    Without any, no run is asked for beyond those inside the notebooks; with a scale, data or seeds
    but no experiments, all are.
    """
    unknown = sorted(set(config) - set(SETTINGS))
    if unknown:
        raise RigidDepthError(f"unknown setting {unknown[0]}; allowed: {', '.join(SETTINGS)}")
    experiments = words(config.get("experiments", ""))
    if {"scale", "dataset", "dataroot", "seeds"} & set(config) and not experiments:
        experiments = tuple(EXPERIMENTS)
    seeds = tuple(str(whole("SEEDS", seed)) for seed in words(config.get("seeds", "0")))
    if not seeds:
        raise RigidDepthError("SEEDS names none; allowed are whole numbers, as in SEEDS=0,1,2")
    alone = len(experiments) * len(seeds) < 2
    return Selection(
        scale=str(config.get("scale", "smoke")),
        dataset=str(config.get("dataset", "")),
        dataroot=str(config.get("dataroot", "")),
        experiments=experiments,
        seeds=seeds,
        publish=truth("PUBLISH", config.get("publish", "")),
        threads=whole("THREADS", config.get("threads", os.cpu_count() if alone else 1), least=1),
        execute=str(config.get("execute") or EXECUTE[0]),
    )
