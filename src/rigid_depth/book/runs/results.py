"""Published runs, their errors, and the differences between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean

from rigid_depth.book.markdown import slug
from rigid_depth.book.runs.scatter import scatter
from rigid_depth.conventions import HEADLINE_CAP_M, HELD_OUT, PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.sources import repository
from rigid_depth.experiments.standing import standing
from rigid_depth.statistics import Estimate, paired_difference

HEADLINE_CAP = str(HEADLINE_CAP_M)
"""As records name it."""
BRANCHES = {
    "rgb": "RGB",
    "depth": "RGB-D",
    "zero_shot": "zero-shot",
    "zero_shot_control": "zero-shot, control",
}
"""Branch of a record -> what tables call it."""
CONTROL = "zero_shot_control"
CONTROL_OF_LATENTS = frozenset({"relative-rotation"})
"""Rows whose control decoder learned from RGB-D latents while RGB gives codes: it tests nothing."""
SEEDS_NEEDED = 3
OF_A_SCENE = ("squared_error_sum_m2", "pixels")
"""What a record holds of each street."""


@dataclass(frozen=True, eq=False)
class Run:
    """A run record with its place, `<group>/<experiment>/seed-<seed>`.

    `experiment` may have its group before it, where rows of two groups are compared (`beside`). A
    run equals itself alone, so that what was found of some runs can be kept.
    """

    group: str
    experiment: str
    seed: int
    record: dict

    @property
    def name(self) -> str:
        row = self.experiment.rpartition("/")[2]
        return f"{self.group}/{row}/seed-{self.seed}"

    @property
    def slug(self) -> str:
        return slug(self.name)

    @property
    def label(self) -> str:
        return f"run-{self.slug}"

    def rmse_m(self, branch: str, cap: str = HEADLINE_CAP) -> float | None:
        """RMSE on the held-out streets, pooled over pixels, in metres; None where there is none."""
        asked = branch, cap
        if asked not in self._known_m:
            self._known_m[asked] = held_out_rmse_m(self.record, branch, cap)
        return self._known_m[asked]

    @cached_property
    def _known_m(self) -> dict[tuple[str, str], float | None]:
        """What `rmse_m` has found: tables and findings ask each run hundreds of times a build."""
        return {}

    @cached_property
    def is_stale(self) -> bool:
        """Whether today's code or settings are others than the run's, unless it was confirmed."""
        return standing(self.record).state == "stale"

    def scenes(self, branch: str) -> dict[str, dict]:
        """Squared errors and pixels of every held-out street, up to the headline cap.

        A record holds the two as a list; older ones name them.
        """
        found: dict[str, dict] = {}
        for metrics in _held_out(self.record, branch):
            for name, scene in metrics["scenes"].items():
                mine = found.setdefault(name, dict.fromkeys(OF_A_SCENE, 0))
                numbers = scene if isinstance(scene, list) else [scene[key] for key in OF_A_SCENE]
                for key, value in zip(OF_A_SCENE, numbers, strict=True):
                    mine[key] += value
        return found


def held_out_rmse_m(record: dict, branch: str, cap: str = HEADLINE_CAP) -> float | None:
    """RMSE of a record on validation and test streets together, in metres; None without one.

    Nothing was selected on either. Where both are the same streets they count once. None, too, for
    the control of a row of `CONTROL_OF_LATENTS`.
    """
    if branch == CONTROL and record.get("experiment") in CONTROL_OF_LATENTS:
        return None
    caps = [m.get("caps", {}).get(cap, {}) for m in _held_out(record, branch)]
    caps = [found for found in caps if found.get("rmse_m") is not None]
    if len(caps) < 2:
        return caps[0]["rmse_m"] if caps else None
    squared_m2 = sum(found["rmse_m"] ** 2 * found["pixels"] for found in caps)
    return (squared_m2 / sum(found["pixels"] for found in caps)) ** 0.5


def _held_out(record: dict, branch: str) -> list[dict]:
    """The metrics of a branch on each of the held-out splits there are, the same streets once."""
    found: list[dict] = []
    for split in HELD_OUT:
        metrics = record["metrics"].get(split, {}).get(branch)
        if metrics and metrics not in found:
            found.append(metrics)
    return found


@dataclass(frozen=True)
class Published:
    """What the book has to show: every published run, and the scale whose runs are shown."""

    runs: list[Run]
    scale: str | None

    @property
    def shown(self) -> list[Run]:
        """The runs of the scale shown."""
        return [run for run in self.runs if run.group == self.scale]

    @property
    def at_scale(self) -> str:
        """A sentence for captions that names the scale."""
        return f"Published scale: {self.scale or 'none yet'}."

    def records(self, experiment: str) -> dict[int, dict]:
        """The records of an experiment at the scale shown, by seed; empty where there is none."""
        return {run.seed: run.record for run in self.shown if run.experiment == experiment}


def book_folder() -> Path:
    """The folder `book` of the repository, found through the package wherever Python was started.

    Raises `RigidDepthError` where the package is not installed from a clone of the repository.
    """
    if (root := repository()) is None:
        raise RigidDepthError(
            "the book's records lie in its repository, and rigid_depth is not installed from a "
            "clone of it: pip install --editable CLONE"
        )
    return root / "book"


def published(scale: str | None = None, *, book: Path | None = None) -> Published:
    """Reads the published runs; those of `scale` are shown, by default `PUBLISHED_SCALE`.

    `book` is another folder than the repository's. Raises `RigidDepthError` where the folder of
    results is missing, and where no run of the `scale` asked for is published.
    """
    folder = (book or book_folder()) / "results"
    runs = read_runs(folder)
    groups = sorted({run.group for run in runs})
    if scale is not None and scale not in groups:
        raise RigidDepthError(f"no run of scale {scale!r} in {folder}; there are: {groups}")
    return Published(runs, scale or shown_scale(runs))


def thesis_table(name: str, *, book: Path | None = None) -> list[dict]:
    """The rows of a table of the thesis, `table_8_2` or `table_8_5`, with the numbers printed.

    Raises `RigidDepthError` for another name.
    """
    path = (book or book_folder()) / "thesis_tables.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    names = sorted(key for key in found if key.startswith("table_"))
    if name not in names:
        raise RigidDepthError(f"{path.name} has no table {name!r}; there are: {names}")
    return found[name]


def printed_table(name: str) -> dict[str, dict]:
    """A table of the thesis, experiment -> its printed numbers."""
    return {row["experiment"]: row for row in thesis_table(name)}


def beside(shown: Sequence[Run], runs: Iterable[Run], names: Iterable[str]) -> list[Run]:
    """The runs shown, and those of rows of other groups, under their names with the group before.

    So `core-repeated/mse` can be compared with a row of `core`.
    """
    others = {name for name in names if "/" in name}
    if not others:  # mostly so, and findings ask hundreds of times a build
        return list(shown)
    named = ((f"{run.group}/{run.experiment}", run) for run in runs)
    return [*shown, *(replace(run, experiment=name) for name, run in named if name in others)]


def mean_rmse_m(runs: Iterable[Run], experiment: str, branch: str = "rgb") -> float | None:
    """Mean over seeds of an experiment's RMSE on held-out streets; None without a run."""
    found = [run.rmse_m(branch) for run in runs if run.experiment == experiment]
    known = [value for value in found if value is not None]
    return fmean(known) if known else None


def read_runs(folder: Path) -> list[Run]:
    """Reads every record below `folder`, sorted by group, experiment and seed.

    Raises `RigidDepthError` where there is no such folder: nothing published is an empty one.
    """
    if not folder.is_dir():
        raise RigidDepthError(f"there is no folder {folder} to read run records from")
    runs = []
    for path in folder.glob("*/*/seed-*/record.json"):
        group, experiment, seed = path.parts[-4:-1]
        record = json.loads(path.read_text(encoding="utf-8"))
        runs.append(Run(group, experiment, int(seed.removeprefix("seed-")), record))
    return sorted(runs, key=lambda run: (run.group, run.experiment, run.seed))


def stale_words(runs: Iterable[Run]) -> str:
    """How many of some runs are stale, as *STALE* or *3 of 12 runs STALE*; empty if none is."""
    states = [run.is_stale for run in runs]
    if all(states):
        return "STALE" if states else ""
    return f"{sum(states)} of {len(states)} runs STALE" if any(states) else ""


def shown_of(runs: Iterable[Run]) -> list[Run]:
    """The runs of the scale that the book shows, `PUBLISHED_SCALE`."""
    return [run for run in runs if run.group == PUBLISHED_SCALE]


def shown_scale(runs: Iterable[Run]) -> str | None:
    """The scale the book shows, `PUBLISHED_SCALE`; None while none of its runs is published."""
    return PUBLISHED_SCALE if shown_of(runs) else None


def difference_m(
    runs: Iterable[Run], first: str, second: str, branch: str = "rgb"
) -> Estimate | None:
    """RMSE of one experiment minus that of another over the seeds of both; None if there is none.

    In metres, on the held-out streets; streets and seeds are paired, see
    `statistics.paired_difference`. Give all runs of a scale: the rest says how far seeds scatter.
    """
    found, errors_m = {first: {}, second: {}}, {}
    for run in runs:
        if (error_m := run.rmse_m(branch)) is None:
            continue
        errors_m.setdefault((run.group, run.experiment), {})[run.seed] = error_m
        if run.experiment in found:
            found[run.experiment][run.seed] = run.scenes(branch)
    seeds = sorted(set(found[first]) & set(found[second]))
    if not seeds:
        return None
    pair = ({s: found[name][s] for s in seeds} for name in (first, second))
    return paired_difference(*pair, scatter=scatter(errors_m, first, second, branch))


def branch_difference_m(
    runs: Iterable[Run], experiment: str, first: str, second: str
) -> Estimate | None:
    """RMSE of one branch of an experiment minus that of another; None if a branch is missing.

    Like `difference_m`; both branches were measured on the same pixels by the same runs.
    """
    mine = [run for run in runs if run.experiment == experiment]
    mine = [run for run in mine if None not in (run.rmse_m(first), run.rmse_m(second))]
    if not mine:
        return None
    return paired_difference(
        *({r.seed: r.scenes(branch) for r in mine} for branch in (first, second))
    )
