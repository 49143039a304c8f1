"""One sentence on what some rows do to the RGB branch, made from the published runs."""

from __future__ import annotations

from collections.abc import Sequence

from rigid_depth.book.runs.comparison import verdicts
from rigid_depth.book.runs.results import Run
from rigid_depth.conventions import SHOWN_SCALES
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import EXPERIMENTS, find_experiment, in_words

AGAINST, WITHOUT = " against ", " without "
TOLD_APART = ("better", "worse")
MOST_NAMED = 3
"""So many experiments without a difference are named, more are counted."""


def read_question(text: str) -> tuple[list[str], str]:
    """Experiments and their reference from `mse, coral against rgb` or `7.4 against rgb`.

    A number means all experiments of that section, without those that follow a `without`. Raises
    RigidDepthError for anything else.
    """
    rows, found, reference = text.partition(AGAINST)
    if not found:
        raise RigidDepthError(f"write 'EXPERIMENTS{AGAINST}REFERENCE', not '{text}'")
    rows, _, rest = rows.partition(WITHOUT)
    left_out, reference = _names(rest), reference.strip()
    of_section = [e.name for e in EXPERIMENTS.values() if e.section == rows.strip()]
    names = [name for name in of_section or _names(rows) if name not in left_out]
    for name in (*names, *left_out, reference):
        find_experiment(name)
    return names, reference


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def outcome(runs: Sequence[Run], experiments: Sequence[str], reference: str) -> str:
    """Which experiments are better or worse than a reference on the held-out streets, by how much.

    A sentence for each of `SHOWN_SCALES` at which one of them can be judged that could not be
    before. The verdicts are those of `comparison.verdict_table` over the same rows; rows with too
    few seeds are counted apart.
    """
    said, waiting = [], list(experiments)
    for scale in SHOWN_SCALES:
        rows = verdicts([run for run in runs if run.group == scale], experiments, reference)
        rows = [row for row in rows if row["experiment"] in waiting]
        waiting = [row["experiment"] for row in rows if row["verdict"] == "open"]
        if len(waiting) < len(rows):
            said.append(_at_scale(scale, rows, reference))
    if not said:
        names = ", ".join(map(_label, experiments))
        return f"{names}: not enough seeds are published to compare with {_label(reference)}."
    return " ".join(said)


def _at_scale(scale: str, rows: Sequence[dict], reference: str) -> str:
    """The sentence for one scale, of which at least one row is judged."""
    judged = [row for row in rows if row["verdict"] != "open"]
    base = _label(reference)
    said = [
        f"{_label(row['experiment'])} is {row['verdict']} than {base} by "
        f"{abs(row['value_m']):.2f} m ({_interval(row)})"
        for row in judged
        if row["verdict"] in TOLD_APART
    ]
    rest = [row for row in judged if row["verdict"] not in TOLD_APART]
    if rest:
        said.append(_not_told_apart(rest, len(judged), base))
    counts = sorted({row["seeds"] for row in judged})
    seeds = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    left = len(rows) - len(judged)
    more = f"; {left} more {'is' if left == 1 else 'are'} not run at this scale yet" if left else ""
    return (
        f"At scale {scale} {'; '.join(said)} (RGB branch, held-out streets, {seeds} seeds{more})."
    )


def _not_told_apart(rows: Sequence[dict], total: int, base: str) -> str:
    """That rows are not told apart from the reference, how far they are from it, what would show.

    `rows` are those of the `total` judged rows without a difference.
    """
    values = [row["value_m"] for row in rows]
    ends = dict.fromkeys(f"{value:+.2f}" for value in (min(values), max(values)))
    by = f"difference{'s' if len(rows) > 1 else ''} of {' to '.join(ends)} m"
    visible = sorted({f"{100 * row['visible']:.0f}" for row in rows}, key=float)
    span_of = " to ".join(dict.fromkeys((visible[0], visible[-1])))
    row_by_row = " (row by row)" if len(visible) > 1 else ""
    would = (
        f"a difference of {span_of} %{row_by_row} would have been shown in four of five such trials"
    )
    if len(rows) < total:
        verb = "are" if len(rows) > 1 else "is"
        return f"{len(rows)} more {verb} not told apart from it ({by}); {would}"
    if total == 1:
        names = f"{_label(rows[0]['experiment'])} and {base}"
        shown = f"{values[0]:+.2f} m, {_interval(rows[0])}"
        return f"no difference between {names} is shown ({shown}); {would}"
    whom = f"none of {total} experiments"
    if total <= MOST_NAMED:
        *names, last = (_label(row["experiment"]) for row in rows)
        whom = f"none of {', '.join(names)} and {last}"
        if total == 2:
            whom = f"neither {names[0]} nor {last}"
    return f"{whom} is told apart from {base} ({by}); {would}"


def _label(name: str) -> str:
    return f"“{in_words(name)}”"


def _interval(row: dict) -> str:
    return f"95 % {row['low_m']:+.2f} to {row['high_m']:+.2f}"
