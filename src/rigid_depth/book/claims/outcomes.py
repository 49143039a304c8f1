"""A few sentences on what some rows do to the RGB branch, made from the published runs."""

from __future__ import annotations

from collections.abc import Sequence

from rigid_depth.book.runs.comparison import verdicts, with_verdict
from rigid_depth.book.runs.families import own_reference
from rigid_depth.book.runs.results import Run, shown_of
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import EXPERIMENTS, find_experiment, in_words

AGAINST, WITHOUT = " against ", " without "
TOLD_APART = ("better", "worse")
VISIBLE = "visible difference"
"""A term of the glossary."""
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

    A few sentences on the runs of the scale that the book shows. The verdicts are those of
    `comparison.verdict_table` over the same rows; rows with too few seeds are counted apart. A row
    of another family is compared with the reference of that (`families.own_reference`).
    """
    bases = {name: own_reference(name, reference) for name in experiments}
    shown, rows = shown_of(runs), []
    for base in dict.fromkeys(bases.values()):
        rows += verdicts(shown, [name for name in experiments if bases[name] == base], base)
    judged = with_verdict(rows)
    if not judged:
        names = ", ".join(map(_label, experiments))
        return f"{names}: not enough seeds are published to compare with {_label(reference)}."
    said = []
    for base in dict.fromkeys(row["reference"] for row in judged):
        said += _against(base, [row for row in judged if row["reference"] == base])
    first, *others = said
    seeds = _span([row["seeds"] for row in judged])
    visible = _span([round(100 * row["visible"]) for row in judged])
    is_visible = f"is {visible} %"
    if " to " in visible:
        is_visible = f"lies between {visible.replace(' to ', ' and ')} %, depending on the row"
    others.append(f"the {VISIBLE} with {seeds} seeds {is_visible}")
    if left := len(rows) - len(judged):
        rows_have = "row has" if left == 1 else "rows have"
        others.append(f"{left} more {rows_have} too few seeds so far")
    return " ".join(
        [
            f"At scale {PUBLISHED_SCALE}, at returns, {first}.",
            *(f"{t[0].upper()}{t[1:]}." for t in others),
        ]
    )


def _against(base: str, rows: Sequence[dict]) -> list[str]:
    """The sentences on judged rows of one reference, without a capital and a full stop."""
    apart = [row for row in rows if row["verdict"] in TOLD_APART]
    rest = [row for row in rows if row["verdict"] not in TOLD_APART]
    said = [
        f"the RGB branch of {_label(row['experiment'])} has {abs(row['value_m']):.2f} m "
        f"{'less' if row['value_m'] < 0 else 'more'} error than {_label(base)} ({_interval(row)})"
        for row in apart
    ]
    return [*said, _not_told_apart(rest, bool(apart), _label(base))] if rest else said


def _not_told_apart(rows: Sequence[dict], others: bool, base: str) -> str:
    """That rows are not told apart from the reference, and how far they are from it.

    `others` says that there are rows which are told apart.
    """
    values = [row["value_m"] for row in rows]
    names = [_label(row["experiment"]) for row in rows]
    if len(rows) == 1:
        by = f"{values[0]:+.2f} m, {_interval(rows[0])}"
        return f"the RGB branch of {names[0]} is not told apart from {base} ({by})"
    ends = dict.fromkeys(f"{value:+.2f}" for value in (min(values), max(values)))
    text = f"none of the {len(rows)} {'others' if others else 'rows'} is told apart from {base}"
    if len(rows) <= MOST_NAMED and not others:
        *first, last = names
        text = f"the RGB branches of {', '.join(first)} and {last} are not told apart from {base}"
    text += f" ({' to '.join(ends)} m)"
    return text + _without_zero(rows)


def _without_zero(rows: Sequence[dict]) -> str:
    """How many intervals exclude zero, and on which side of it they lie; empty for none."""
    sides = [row["value_m"] > 0 for row in rows if row["low_m"] > 0 or row["high_m"] < 0]
    if not sides:
        return ""
    verb = "exclude" if len(sides) > 1 else "excludes"
    more, less = sum(sides), len(sides) - sum(sides)
    side = f"{more} on the side of more error and {less} on that of less"
    if not (more and less):
        every = "all " if len(sides) > 1 else ""
        side = f"{every}on the side of {'more' if more else 'less'} error"
    return (
        f"; {len(sides)} of their 95 % intervals {verb} zero, {side}, which is not enough at the "
        "stricter level of a verdict"
    )


def _span(values: Sequence[int]) -> str:
    return " to ".join(str(value) for value in dict.fromkeys((min(values), max(values))))


def _label(name: str) -> str:
    return f"“{in_words(name)}”"


def _interval(row: dict) -> str:
    return f"95 % {row['low_m']:+.2f} to {row['high_m']:+.2f}"
