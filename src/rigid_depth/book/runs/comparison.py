"""What a row changes against another one: differences, their verdicts, and tables of both."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import fmean

from rigid_depth.book.markdown import table
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.book.runs.labels import linked
from rigid_depth.book.runs.results import Run, difference_m, shown_of
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.decisions import LOOKS, in_shares, level_at, next_look
from rigid_depth.statistics import holm

LEAST_SEEDS = min(LOOKS)
BETTER, WORSE, NO_DIFFERENCE, OPEN = "better", "worse", "no difference shown", "open"
"""Verdicts of a line; *open* is one with fewer than `LEAST_SEEDS` seeds."""
MARGIN = 0.02
"""Differences below this share of the reference's error are called equivalent."""


def verdicts(
    runs: Iterable[Run],
    experiments: Sequence[str],
    reference: str | Mapping[str, str],
    branch: str = "rgb",
) -> list[dict]:
    """What each experiment changes against a reference, paired over seeds and scenes.

    The reference is one for all or one for each experiment. Rows of `experiment`, `reference`,
    `value_m`, `low_m`, `high_m` (95 %), `reference_m` (its error on those seeds), `p_value`
    (Holm's, over the `lines` that were run), `seeds` and `verdict`: better, worse, no difference
    shown, or open where fewer than `LEAST_SEEDS` seeds are shared. A line with four is judged by
    the first three, as looks in between would cost a level of their own. P-values of the family of
    the reference (see `families`) are corrected over all of it, so that a line has the same verdict
    in every table, and those of other experiments among themselves. The level allows for the looks
    of `decisions.LOOKS`. As shares of the reference's error `low`, `high` (90 %) and `visible`, the
    smallest effect to which such a line gives a verdict in four of five cases, at the level of its
    look and by the first step of Holm's method; `equivalent` says whether the 90 % interval lies
    within `MARGIN`, for each line by itself, and `next` whether the line stops.
    """
    runs = tuple(runs)
    family = FAMILIES.get(reference, ()) if branch == "rgb" and isinstance(reference, str) else ()
    others = [name for name in experiments if name not in family]
    against = dict.fromkeys(others, reference) if isinstance(reference, str) else reference
    rows = _corrected(runs, tuple((name, against[name]) for name in others), branch)
    if len(others) < len(experiments):
        rows += _corrected(runs, tuple((name, reference) for name in family), branch)
    found = {row["experiment"]: row for row in rows}
    return [dict(found[name]) for name in experiments]


def comparable(runs: Iterable[Run], *experiments: str) -> bool:
    """Tells whether these experiments share seeds enough for a verdict."""
    return len(_shared_seeds(runs, experiments)) >= LEAST_SEEDS


def with_verdict(rows: Iterable[dict]) -> list[dict]:
    """Those of some lines that have seeds enough for a verdict."""
    return [row for row in rows if row["verdict"] != OPEN]


@lru_cache(maxsize=512)
def _corrected(
    runs: tuple[Run, ...], pairs: tuple[tuple[str, str], ...], branch: str
) -> tuple[dict, ...]:
    """The rows of `verdicts` for pairs of row and reference, corrected over them.

    Kept, because findings, tables and pages ask for the same family many times in a build.
    """
    rows, estimates = {}, {}
    for name, reference in pairs:
        seeds = _of_last_look(_shared_seeds(runs, (name, reference), branch))
        judged = [r for r in runs if r.experiment not in (name, reference) or r.seed in seeds]
        found = difference_m(judged, name, reference, branch) if len(seeds) >= LEAST_SEEDS else None
        rows[name] = {"experiment": name, "reference": reference, "seeds": len(seeds)}
        rows[name]["verdict"] = OPEN
        if found:
            estimates[name] = found
            mean_m = fmean(run.rmse_m(branch) for run in judged if run.experiment == reference)
            rows[name] |= {"value_m": found.mean, "low_m": found.low, "high_m": found.high}
            rows[name] |= {"reference_m": mean_m}
    for name, p_value in holm({name: e.p_value for name, e in estimates.items()}).items():
        row = rows[name]
        level = level_at(row["seeds"])
        first = level / len(estimates)
        row |= in_shares(estimates[name], row["reference_m"], MARGIN, level=first)
        changed = BETTER if row["value_m"] < 0 else WORSE
        verdict = changed if p_value < level else NO_DIFFERENCE
        row |= {"p_value": p_value, "verdict": verdict, "lines": len(estimates)}
        row["next"] = next_look(p_value, row["p_equivalent"], row["seeds"])
    return tuple(rows.values())


def verdict_table(
    runs: Iterable[Run], experiments: Sequence[str], reference: str, branch: str = "rgb"
) -> str:
    """`verdicts` against one reference as a table, each experiment linked to its page."""
    runs = list(runs)
    found = verdicts(runs, experiments, reference, branch)
    rows = [[linked(r["experiment"], runs), *_verdict_cells(r)] for r in found]
    against = f"Against: {linked(reference, runs)}"
    return table([against, *_verdict_head(found)], rows)


def base_table(runs: Iterable[Run], bases: Mapping[str, str], branch: str = "rgb") -> str:
    """`verdicts` of experiments against a base of their own, a column of the table."""
    runs = list(runs)
    rows, found = [], verdicts(runs, list(bases), bases, branch)
    for row in found:
        base = row["reference"]
        names = [linked(row["experiment"], runs), linked(base, runs, f"`{base}`")]
        rows.append([*names, *_verdict_cells(row)])
    return table(["Experiment", "against", *_verdict_head(found)], rows)


def difference_text(found, digits: int = 2) -> str:
    """A difference in metres with its 95 % interval, in one line of text; "open" for None.

    `found` is what `results.difference_m` and `results.branch_difference_m` give.
    """
    if found is None:
        return OPEN
    value, low, high = (f"{x:+.{digits}f}" for x in (found.mean, found.low, found.high))
    return f"{value} m, 95 % {low} to {high}"


def verdicts_csv(runs: Iterable[Run]) -> str:
    """The verdicts of the scale shown against each baseline as CSV, a line for each row."""
    shown, out = shown_of(runs), io.StringIO()
    columns = ["scale", "experiment", "reference", "value_m", "low_m", "high_m", "reference_m"]
    columns += ["p_value", "lines", "seeds"]
    columns += ["share", "low", "high", "p_equivalent", "equivalent", "visible", "next"]
    writer = csv.DictWriter(out, [*columns, "verdict"], lineterminator="\n")
    writer.writeheader()
    for reference, family in FAMILIES.items() if shown else ():
        lines = verdicts(shown, family, reference)
        writer.writerows({"scale": PUBLISHED_SCALE, **line} for line in lines)
    return out.getvalue()


def p_text(p_value: float) -> str:
    """A p-value as tables show it."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"


def verdict_words(row: dict) -> str:
    """A verdict as tables show it: with a remark where the 95 % interval leaves out zero.

    That interval is corrected neither for the family of the line nor for the level of its look.
    """
    if row["verdict"] != NO_DIFFERENCE or row["low_m"] <= 0 <= row["high_m"]:
        return row["verdict"]
    return f"{row['verdict']} (95 % without zero)"


def _verdict_head(rows: list[dict]) -> list[str]:
    """The columns of a verdict; a p-value depends on how many lines it was corrected for."""
    lines = sorted({row["lines"] for row in with_verdict(rows)})
    p_value = f"p (Holm of {' and '.join(map(str, lines))})" if lines else "p (Holm)"
    share = f"within ±{100 * MARGIN:.0f} % (90 %)"
    return [
        "[verdict](#results-words)",
        "difference [m]",
        "95 %",
        p_value,
        share,
        "visible [%]",
        "seeds",
    ]


def _verdict_cells(row: dict) -> list[str]:
    if row["verdict"] == OPEN:
        return [OPEN, *["–"] * 5, str(row["seeds"])]
    between = f"{row['low_m']:+.3f} to {row['high_m']:+.3f}"
    share = f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f}"
    share = f"{'yes' if row['equivalent'] else 'no'} ({share})"
    numbers = [
        f"{row['value_m']:+.3f}",
        between,
        p_text(row["p_value"]),
        share,
        f"{100 * row['visible']:.1f}",
    ]
    return [verdict_words(row), *numbers, str(row["seeds"])]


def _of_last_look(seeds: set[int]) -> list[int]:
    """The seeds that a line is judged by: no more than the looks fixed in advance ask for."""
    most = max((look for look in LOOKS if look <= len(seeds)), default=len(seeds))
    return sorted(seeds)[:most]


def _shared_seeds(runs: Iterable[Run], experiments: Iterable[str], branch: str = "rgb") -> set[int]:
    """The seeds with which all of them have a run, one that measured the branch."""
    found: dict[str, set[int]] = {name: set() for name in experiments}
    for run in runs:
        if run.experiment in found and run.rmse_m(branch) is not None:
            found[run.experiment].add(run.seed)
    return set.intersection(*found.values())
