"""What can be run: the experiments of the book; the scales are those of `experiments.scales`."""

from __future__ import annotations

from rigid_depth.experiments import rows_beyond, rows_of_ablations, rows_of_the_thesis
from rigid_depth.experiments.scales import SCALES, Table, find_scale
from rigid_depth.experiments.settings import Experiment, Scale

__all__ = [
    "BASELINES", "EXPERIMENTS", "SCALES", "base_of", "find_experiment", "find_scale", "group_of",
    "in_words", "parts_of_group",
]  # fmt: skip

EXPERIMENTS: Table[Experiment] = Table(
    "experiment",
    (
        *rows_of_the_thesis.ROWS,
        *rows_beyond.ROWS,
        *rows_of_ablations.ROWS,
        *rows_of_the_thesis.CONTROLS,
    ),
)
"""Name on the command line -> experiment; the names are those of the book's tables."""

BASELINES = ("constant-depth", "row-mean-depth")
"""Methods without a network: fitted on the training frames in one pass."""


def find_experiment(name: str) -> Experiment:
    """The experiment of that name, or a sentence that lists the names."""
    return EXPERIMENTS[name]


def base_of(row: str) -> str:
    """The experiment behind the label of a row, `[group/]experiment[+name=value...]`."""
    return row.rpartition("/")[2].partition("+")[0]


def group_of(scale: Scale, dataset: str = "") -> str:
    """The folder of runs of a scale: its name, and the data set where it is not the scale's own."""
    own = dataset in ("", scale.dataset)
    return scale.name if own else f"{scale.name}-{dataset}"


def parts_of_group(group: str) -> tuple[str, str]:
    """The scale of a group, and the data set where the group names one."""
    scale, _, dataset = group.partition("-")
    return scale, dataset


def in_words(row: str) -> str:
    """The label of a row, `[group/]experiment[+name=value...]`, and what is changed in it."""
    group, _, row = row.rpartition("/")
    name, *changed = row.split("+")
    words = ", ".join([find_experiment(name).label, *changed])
    return f"{words} ({group})" if group else words
