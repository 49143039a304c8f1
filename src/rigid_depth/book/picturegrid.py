"""Grids of published pictures: a row for each branch of a run, a column for each test frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rigid_depth.book.experimentpage import PICTURES
from rigid_depth.book.markdown import plain, table
from rigid_depth.book.tables import BRANCHES, Run
from rigid_depth.experiments.registry import find_experiment

GIVEN = ("rgb", "target")
"""The pictures that are the same for every run: they make the first row."""
RESULTS = "../book/results"
"""Where pictures lie, seen from a notebook."""


def picture_grid(
    runs: Iterable[Run], rows: Sequence[tuple[str, str]], frames: Sequence[int] = (0, 1, 2, 3)
) -> str:
    """A MyST table of pictures, each of which leads to its run.

    The first row has image and LiDAR returns of the frames; each further one the prediction of a
    branch above its error. Rows of experiments without a published picture are open.

    Args:
        runs: published runs; of each experiment the first with pictures is shown.
        rows: (experiment, branch) with a branch of `tables.BRANCHES`.
        frames: which of the fixed test frames, in their order.
    """
    found: dict[str, Run] = {}
    for run in runs:
        if run.record["predictions"]:
            found.setdefault(run.experiment, run)
    lines, heads = [], [f"frame {k}" for k in frames]
    if first := next((found[name] for name, _ in rows if name in found), None):
        heads = [plain(first.record["predictions"][k]["condition"]) for k in frames]
        lines.append(["image, LiDAR", *(_pictures(first, k, GIVEN) for k in frames)])
    for experiment, branch in rows:
        prefix = "" if branch == "rgb" else f"{branch}-"
        kinds = [f"{prefix}{kind}" for kind in ("prediction", "error")]
        run = found.get(experiment)
        cells = [_pictures(run, k, kinds) if run else "open" for k in frames]
        label = plain(find_experiment(experiment).label)
        lines.append([f"{label}: {BRANCHES[branch]}", *cells])
    return table(["", *heads], lines)


def _pictures(run: Run, number: int, kinds: Sequence[str]) -> str:
    """Pictures with their alternative texts, links to the run; a dash where there is none."""
    shown = run.record["predictions"][number]
    where = f"{plain(shown['condition'])}, {plain(run.experiment)}"
    links = []
    for kind in kinds:
        if kind in shown["images"]:
            path = f"{RESULTS}/{run.name}/{shown['images'][kind]}"
            links.append(f"[![{PICTURES[kind]}, {where}]({path})](#{run.label})")
    return " ".join(links) or "–"
