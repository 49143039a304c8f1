"""The page *What the released code does*: thesis, the author's code and this book, item by item.

An item of `book/released-code.yaml` says in our words what each of the three does; the head of that
file names its fields. Where a run of ours can do as the released code, the item has the parameters
and the experiments that show what they change. Those numbers are read from the published records,
and an experiment without enough of them is *not run yet*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml

from rigid_depth.book.markdown import plain
from rigid_depth.book.pages.ledgerpages import row_label
from rigid_depth.book.runs import comparison, measures
from rigid_depth.book.runs.labels import page_link
from rigid_depth.book.runs.metrictables import mean_text
from rigid_depth.book.runs.results import Run, difference_m, shown_of
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import find_experiment, find_scale
from rigid_depth.experiments.settings import as_text, open_fields, override

REPOSITORY = (
    "https://github.com/DanHalp/"
    "TUM-MSc-thesis-Monocular-Depth-Estimation-by-Domain-Transfer-Using-Rigid-Transformations"
)
COMMIT = "4fb18a880ce5b3a0674be21c45ade5f64a325879"
"""The state that the page describes, of 27 March 2025."""
WHOLE = "released-code"
"""The experiment that does at once what a parameter can."""
WHOLE_AGAINST = "rotation-global-16-latent"
"""The row of the thesis's tables that is nearest to it."""
WHOLE_SHOWS = "as-released-one-rotation-answers-all-and-rgb-is-not-shown-to-change"

MEASURES = {
    **measures.ROTATIONS,
    "RMSE [m], pooled, up to 100 m": measures.recorded(
        "metrics", "test", "rgb", "caps", "100", "rmse_m"
    ),
    "RMSE [m], mean over images, up to 100 m": measures.recorded(
        "metrics", "test", "rgb", "caps", "100", "rmse_image_mean_m"
    ),
}
"""What an item may give beside differences, by the name it is shown under."""


@dataclass(frozen=True)
class Item:
    """One thing the three do alike or not; the head of the file says what the fields mean."""

    id: str
    part: str
    title: str
    thesis: str
    code: str
    lines: tuple[str, ...]
    here: str
    settings: tuple[str, ...] = ()
    base: str = ""
    compare: Mapping[str, str] = field(default_factory=dict)
    show: str = ""
    measures: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    ledger: tuple[str, ...] = ()

    @property
    def experiments(self) -> set[str]:
        """Every experiment that the item names."""
        return {self.base, self.show, *self.compare, *self.compare.values()} - {""}


def load(path: Path) -> list[Item]:
    """Reads the items; raises `RigidDepthError` for a field that is unknown, missing or empty."""
    known = {item.name for item in fields(Item)}
    needed = {"id", "part", "title", "thesis", "code", "lines", "here"}
    items = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        where = f"{path.name}, item {entry.get('id', '?')}"
        if unknown := set(entry) - known:
            raise RigidDepthError(f"{where}: unknown field {min(unknown)}; known: {sorted(known)}.")
        if missing := {name for name in needed if not entry.get(name)}:
            raise RigidDepthError(f"{where}: the field {min(missing)} is missing.")
        if bool(entry.get("settings")) and not entry.get("base"):
            raise RigidDepthError(f"{where}: settings need a base, the experiment they change.")
        if strange := set(entry.get("measures", ())) - set(MEASURES):
            raise RigidDepthError(f"{where}: no measure {min(strange)}; known: {list(MEASURES)}.")
        texts = {name: tuple(map(str, v)) for name, v in entry.items() if isinstance(v, list)}
        items.append(Item(**{**entry, **texts}))
    return items


def page(items: Sequence[Item], runs: Iterable[Run]) -> str:
    """The page: an introduction, then a definition list for each item, part by part."""
    shown = shown_of(runs)
    parts = [_introduction(), _whole(items, shown)]
    for name in dict.fromkeys(item.part for item in items):
        parts.append(f"## {name}\n")
        parts += [_item(item, shown) for item in items if item.part == name]
    return "\n".join(parts)


def link(place: str) -> str:
    """Where `file line` or `file first-last` of the released code stands, as a link."""
    file, _, lines = place.rpartition(" ")
    first, _, last = lines.partition("-")
    anchor = f"L{first}-L{last}" if last else f"L{first}"
    words = f"{file.rpartition('/')[2]} {lines.replace('-', '–')}"
    return f"[{plain(words)}]({REPOSITORY}/blob/{COMMIT}/src/{file}#{anchor})"


def _introduction() -> str:
    return f"""(the-released-code)=
# What the released code does

The author of the thesis {{cite:p}}`halperin2024thesis` published [code]({REPOSITORY})
{{cite:p}}`halperin2025code` in March 2025, with the thesis as PDF. This page compares it with
the text and with this book. It describes the state of [27 March 2025]({REPOSITORY}/tree/{COMMIT}),
and every item links to the lines it speaks of. Nothing of it is copied here: it has no licence.

**What it is.** One state of a code that ran many experiments: local point clouds with 16 numbers a
point, and the MSE of the turned latents. Of the other experiments some classes remain, which
nothing calls. There are no data, no list of the split, no weights and no seeds; paths of one
machine have to be set, and `Trainer.py` calls a `test` that it lacks. So it can say what the
author's code did at that time, and not what each number of the tables was made with.

**How to read an item.** It says in our words what the thesis, the released code and this book do.
Where they differ and a parameter leads from this book to the released code, the command has it.
*What it changes* is the RMSE at scale `{PUBLISHED_SCALE}` on the held-out streets (validation and
test together) minus that of the experiment named after *against*, mean and 95 % interval over
streets and seeds, each by itself and not corrected for their number. Where book and code agree, it
is about the alternative that the item names. *In our runs* has other measures, of the test streets
alone. *Not run yet* turns into a number when the runs are published.
"""


def _whole(items: Sequence[Item], runs: list[Run]) -> str:
    """All differences at once: the experiment, what it sets and what not, what its runs say."""
    ours, theirs = find_experiment(WHOLE_AGAINST), find_experiment(WHOLE)
    changed = [
        f"`{name}={_as_typed(getattr(theirs, name))}`"
        for name in open_fields(theirs)
        if getattr(theirs, name) != getattr(ours, name)
    ]
    kept = [f"`{setting}`" for item in items for setting in item.settings if _keeps(setting)]
    text = (
        f"**All together.** `rigid-depth run {WHOLE}` differs from `{WHOLE_AGAINST}` in "
        f"{', '.join(changed)}."
    )
    if kept:
        text += f" It does not set {', '.join(dict.fromkeys(kept))}."
    changes = f"{_compared(WHOLE, WHOLE_AGAINST, (), runs)} {{finding}}`{WHOLE_SHOWS}`"
    return f"{text}\n\n{changes}\n"


def _as_typed(value: object) -> str:
    """A value as one types it after `-p name=`."""
    return ",".join(map(as_text, value)) if isinstance(value, tuple) else as_text(value)


def _keeps(setting: str) -> bool:
    """Whether the experiment that does everything lacks a setting."""
    name, _, value = setting.partition("=")
    return bool(override(find_experiment(WHOLE), find_scale("smoke"), {name: value})[2])


def _item(item: Item, runs: list[Run]) -> str:
    entries = [
        ("Thesis", item.thesis),
        ("Released code", f"{item.code.strip()} {', '.join(map(link, item.lines))}."),
        ("This book", item.here),
    ]
    if item.settings:
        options = " ".join(f"-p {setting}" for setting in item.settings)
        entries.append(("To do as the released code", f"`rigid-depth run {item.base} {options}`"))
    if changes := _changes(item, runs):
        entries.append(("What it changes" if item.compare else "In our runs", changes))
    if item.ledger:
        rows = ", ".join(f"[{plain(name)}](#{row_label(name)})" for name in item.ledger)
        entries.append(("Ledger", rows))
    body = "\n\n".join(f"{name}\n: {text.strip()}" for name, text in entries)
    return f"(released-{item.id})=\n### {item.title}\n\n{body}\n"


def _changes(item: Item, runs: list[Run]) -> str:
    """What the runs say of an item, a sentence for each comparison; nothing where none is asked."""
    said = [_compared(*pair, item.measures, runs) for pair in item.compare.items()]
    if item.show:
        said.append(_shown(item, runs))
    said += [f"{{finding}}`{name}`." for name in item.finding]
    return "\n\n  ".join(said)


def _compared(name: str, against: str, measures: Sequence[str], runs: list[Run]) -> str:
    if not comparison.comparable(runs, name, against):
        return f"`{name}`, against `{against}`: not run yet."
    found = {"RGB": difference_m(runs, name, against)}
    found["guide"] = difference_m(runs, name, against, "depth")
    changed = [
        f"{branch} {comparison.difference_text(difference)}"
        for branch, difference in found.items()
        if difference is not None
    ]
    changed += [
        f"{measure} {_mean(runs, name, measure)}, there {_mean(runs, against, measure)}"
        for measure in measures
    ]
    links = (page_link(PUBLISHED_SCALE, experiment) for experiment in (name, against))
    return f"{', against '.join(links)}: {'; '.join(changed)}."


def _shown(item: Item, runs: list[Run]) -> str:
    if not comparison.comparable(runs, item.show):
        return f"`{item.show}`: not run yet."
    values = [f"{measure}: {_mean(runs, item.show, measure)}" for measure in item.measures]
    return f"{page_link(PUBLISHED_SCALE, item.show)}: {'; '.join(values)}."


def _mean(runs: list[Run], name: str, measure: str) -> str:
    """Mean and standard deviation over seeds, or a dash where the records have no such number."""
    read = MEASURES[measure]
    values = [read(run.record) for run in runs if run.experiment == name]
    known = [value for value in values if value is not None]
    return mean_text(known) if known else "–"
