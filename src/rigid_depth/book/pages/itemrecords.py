"""Which published records a figure or a table shows: those that its caption or its rows link to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from rigid_depth.book.executed.figuredata import Item
from rigid_depth.book.markdown import plain
from rigid_depth.book.pages import shownrecords
from rigid_depth.book.runs import provenance
from rigid_depth.book.runs.labels import label, page_link
from rigid_depth.book.runs.results import Run
from rigid_depth.studies import STUDIES, published

MOST_NAMES = 12
"""Of more experiments the number is said, with a link to their list."""


def from_records(item: Item, page: str, root: Path) -> str:
    """The studies or experiments that a figure or table of a chapter shows, as links.

    Where neither its caption nor its rows name one, what all tables of the chapter show.
    """
    said = [*_studies(item.links, root), *_experiments(item.links, root)]
    if not said:
        shown = plain(shownrecords.tables_shown(page, root))
        said = ["[published runs](#published-runs)" + (f" ({shown})" if shown else "")]
    return f"*From {'; '.join(said)}*"


def _studies(links: Sequence[str], root: Path) -> Iterator[str]:
    names = [name for name in STUDIES if f"study-{name}" in links]
    records = [record.data for name in names for record in published(name, root)]
    if names:
        linked = ", ".join(f"[{plain(name)}](#study-{name})" for name in names)
        shown = provenance.shown(records, "studies" if len(names) > 1 else "study")
        yield linked + (f" ({plain(shown)})" if shown else "")


def _experiments(links: Sequence[str], root: Path) -> Iterator[str]:
    """The experiments of each scale that are linked to, or how many they are."""
    reached = targets(root)
    runs = {run.label: run for link in links for run in reached.get(link, ())}.values()
    for group in dict.fromkeys(run.group for run in runs):
        mine = [run for run in runs if run.group == group]
        names = list(dict.fromkeys(run.experiment for run in mine))
        linked = ", ".join(page_link(group, name) for name in names)
        if f"runs-{group}" in links:
            linked = f"[runs](#runs-{group})"
        elif len(names) > MOST_NAMES:
            linked = f"[{len(names)} experiments](#runs-{group})"
        shown = provenance.shown([run.record for run in mine], f"scale {group}")
        yield f"{linked} ({plain(shown)})"


@cache
def targets(root: Path) -> dict[str, list[Run]]:
    """What a link may lead to: a seed, an experiment, all of a scale; and the runs found there."""
    found: dict[str, list[Run]] = {}
    for run in shownrecords.published_runs(root).runs:
        for name in (run.label, label(f"{run.group}/{run.experiment}"), f"runs-{run.group}"):
            found.setdefault(name, []).append(run)
    return found
