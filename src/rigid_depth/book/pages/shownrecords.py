"""Which published records the pages of a build show."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from rigid_depth.book.runs import provenance, regime, results
from rigid_depth.book.runs.labels import chapter_of
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.experiments.registry import base_of
from rigid_depth.studies import STUDIES, published

RESULTS, METHOD = "notebooks/08_results", "notebooks/06b_method"
TAKEN = re.compile(r"results\.published\(")


def tables_shown(page: str, root: Path) -> str:
    """Which published records the tables of a chapter show; empty if none."""
    studies = [name for name, study in STUDIES.items() if study.notebook == f"{page}.md"]
    records = [record.data for name in studies for record in published(name, root)]
    if records:
        return provenance.shown(records, "studies" if len(studies) > 1 else f"study {studies[0]}")
    if not _takes_runs(root / f"{page}.md"):
        return ""
    runs = [run for run in published_runs(root).shown if _shows(page, run)]
    what = provenance.shown([run.record for run in runs], f"scale {PUBLISHED_SCALE}")
    return ", ".join(filter(None, (what, results.stale_words(runs))))


def _takes_runs(text: Path) -> bool:
    """Whether a text notebook takes the published runs of the scale that the book shows."""
    return text.is_file() and bool(TAKEN.search(text.read_text(encoding="utf-8")))


def _shows(page: str, run: results.Run) -> bool:
    """Tells whether the tables of a chapter that takes the published runs show one of them."""
    if page == METHOD:
        return base_of(run.experiment) in (regime.FLOOR, regime.ALONE, regime.GUIDED)
    return page == RESULTS or chapter_of(run) == f"{page}.md"


@cache
def published_runs(root: Path) -> results.Published:
    """The published runs of the book at `root`, none if it has none; read once a build."""
    if not (root / "book" / "results").is_dir():
        return results.Published([], None)
    return results.published(book=root / "book")
