"""What the graph is asked for: scale, data, experiments, seeds, and the files that follow."""

import hashlib
import json
import os
import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jupytext
from build import SETTINGS

from rigid_depth.experiments.registry import EXPERIMENTS, SCALES, find_experiment, find_scale
from rigid_depth.experiments.settings import parameters
from rigid_depth.experiments.sources import package_hash
from rigid_depth.sources import PACKAGE, code_files, code_hash


def words(text: object) -> tuple[str, ...]:
    """Splits a list by commas or blanks."""
    return tuple(str(text).replace(",", " ").split())


def book_files(*patterns: str) -> list[str]:
    """Returns the files of the book that match; hidden and generated ones are left out."""
    found = {f for pattern in patterns for f in Path().glob(pattern) if f.is_file()}
    kept = (f for f in found if not any(p == "generated" or p.startswith(".") for p in f.parts))
    return sorted(map(str, kept))


def notebooks() -> list[str]:
    """Returns the names of the text notebooks."""
    return [f.stem for f in sorted(Path("notebooks").glob("*.md"))]


@cache
def run_code(experiment: str, group: str) -> str:
    """Returns what makes a run stale when it changes: the hash of its code, and its settings."""
    chosen = find_experiment(experiment)
    scale, _, dataset = group.partition("-")
    settings = json.dumps(parameters(chosen, find_scale(scale), dataset), sort_keys=True)
    return f"{package_hash(chosen.method)} {hashlib.sha1(settings.encode()).hexdigest()}"


def needed_by(experiment: str, group: str, seed: str) -> list[str]:
    """Returns the record of the run that an experiment is built on, if there is one."""
    needs = find_experiment(experiment).needs
    return [f"runs/{group}/{needs}/seed-{seed}/record.json"] if needs else []


@cache
def notebook_code(notebook: str) -> str:
    """Returns the hash of the package's code that a notebook imports, directly or not."""
    cells = jupytext.read(f"notebooks/{notebook}.md").cells
    text = "\n".join(c.source for c in cells if c.cell_type == "code")
    found = re.findall(r"^(?:from|import) (rigid_depth[\w.]*)(?: import (.+))?", text, re.MULTILINE)
    modules = {module for module, _ in found}
    modules |= {f"{module}.{name}" for module, names in found for name in re.split(r"\W+", names)}
    return code_hash(code_files(*sorted(modules)))


def book_code() -> str:
    """Returns the hash of the code that makes and checks the pages."""
    return code_hash(sorted((PACKAGE / "book").glob("*.py")))


def records_of(notebook: str) -> list[str]:
    """Returns the published records of runs and studies where a notebook speaks of them."""
    text = Path(f"notebooks/{notebook}.md").read_text()
    runs = book_files("book/results/**/record.json") if "results" in text else []
    return runs + (book_files("book/studies/**/*.json") if "studies" in text else [])


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

    def __post_init__(self) -> None:
        find_scale(self.scale)
        for name in self.experiments:
            find_experiment(name)

    @property
    def group(self) -> str:
        """The folder below runs/: the scale, and the data set where it is not the scale's own."""
        own = self.dataset in ("", find_scale(self.scale).dataset)
        return self.scale if own else f"{self.scale}-{self.dataset}"

    @property
    def runs(self) -> list[str]:
        """The folders of the runs asked for."""
        return [f"{self.group}/{e}/seed-{s}" for e in self.experiments for s in self.seeds]

    @property
    def records(self) -> list[str]:
        """The records of the runs asked for."""
        return [f"runs/{run}/record.json" for run in self.runs]

    @property
    def notebooks(self) -> list[str]:
        """The executed notebooks of the runs asked for; controls have none of their own."""
        shown = [run for run in self.runs if EXPERIMENTS[run.split("/")[1]].section]
        return [f"runs/{run}/notebook.ipynb" for run in shown]

    @property
    def published(self) -> list[str]:
        """The marks of publication of these runs, if it is asked for."""
        return [f"_build/published/{run}" for run in self.runs] if self.publish else []

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
        raise ValueError(f"unknown setting {unknown[0]}; allowed: {', '.join(SETTINGS)}")
    experiments = words(config.get("experiments", ""))
    if {"scale", "dataset", "dataroot", "seeds"} & set(config) and not experiments:
        experiments = tuple(EXPERIMENTS)
    seeds = words(config.get("seeds", "0"))
    alone = len(experiments) * len(seeds) < 2
    return Selection(
        scale=str(config.get("scale", "smoke")),
        dataset=str(config.get("dataset", "")),
        dataroot=str(config.get("dataroot", "")),
        experiments=experiments,
        seeds=seeds,
        publish=str(config.get("publish", "")) not in ("", "0", "False"),
        threads=int(config.get("threads") or (os.cpu_count() if alone else 1)),
    )
