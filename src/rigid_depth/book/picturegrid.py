"""Grids of published pictures: fixed test frames beside each other, a row for each picture kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rigid_depth.book.markdown import plain, table
from rigid_depth.book.runpage import PICTURES
from rigid_depth.book.tables import Run
from rigid_depth.experiments.registry import find_experiment

GIVEN = ("rgb", "target")
"""Kinds that are the same for every run."""
RESULTS = "../book/results"
"""Where pictures lie, seen from a notebook."""


def picture_grid(
    runs: Iterable[Run], rows: Sequence[tuple[str, str]], frames: Sequence[int] = (0, 1, 2, 3)
) -> str:
    """A MyST table of pictures; every picture leads to the page of the run it is from.

    Args:
        runs: published runs; of each experiment the first with pictures is shown.
        rows: (experiment, kind) with a kind of `runpage.PICTURES`; a row without a run is open.
        frames: which of the fixed test frames, in their order.
    """
    found = {}
    for run in runs:
        if run.record["predictions"]:
            found.setdefault(run.experiment, run)
    first = next(iter(found.values()), None)
    heads = [f"frame {k}" for k in frames]
    if first:
        heads = [plain(first.record["predictions"][k]["condition"]) for k in frames]
    lines = []
    for experiment, kind in rows:
        label = PICTURES[kind]
        if kind not in GIVEN:
            label = f"{plain(find_experiment(experiment).label)}: {label}"
        run = found.get(experiment)
        cells = [_picture(run, k, kind) if run else "open" for k in frames]
        lines.append([label, *cells])
    return table(["", *heads], lines)


def _picture(run: Run, number: int, kind: str) -> str:
    """The picture with its alternative text, as a link to the run; a dash where there is none."""
    shown = run.record["predictions"][number]
    if kind not in shown["images"]:
        return "–"
    alt = f"{PICTURES[kind]}, {plain(shown['condition'])}, {plain(run.experiment)}"
    return f"[![{alt}]({RESULTS}/{run.name}/{shown['images'][kind]})](#{run.label})"
