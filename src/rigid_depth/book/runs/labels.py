"""What pages call a published run and its pictures, and which chapter discusses it."""

from collections.abc import Iterable

from rigid_depth.book.markdown import plain, slug
from rigid_depth.book.runs.results import Run
from rigid_depth.experiments.registry import EXPERIMENTS, base_of, in_words

PICTURES = {
    "rgb": "image",
    "target": "LiDAR",
    "prediction": "prediction",
    "error": "error",
    "depth-prediction": "RGB-D branch",
    "depth-error": "error of the RGB-D branch",
    "zero_shot-prediction": "zero-shot",
    "zero_shot-error": "error of zero-shot",
}


def label(name: str) -> str:
    """Target of the page of an experiment, `name` as in `core/mse`."""
    return f"experiment-{slug(name)}"


def page_link(group: str, row: str, words: str = "") -> str:
    """A link to the page of a row, by default under its own name."""
    return f"[{words or plain(row)}](#{label(f'{group}/{row}')})"


def linked(experiment: str, runs: Iterable[Run], words: str = "") -> str:
    """The experiment in words, by default its label; a link where one of the runs is its."""
    words = words or plain(in_words(experiment))
    group = next((run.group for run in runs if run.experiment == experiment), None)
    row = experiment.rpartition("/")[2]
    return words if group is None else page_link(group, row, words)


def chapter_of(run: Run) -> str:
    """The text notebook that discusses the experiment, `notebooks/x.md`; empty if none does."""
    known = EXPERIMENTS.get(base_of(run.experiment))
    return known.notebook if known and known.notebook else ""
