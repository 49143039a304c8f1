"""How a claim about differences of rows is judged.

*Reproduced* is what the runs show; *not reproduced* what they exclude; what they can do neither
with is *undecided at this scale*. That a method brings nothing is reproduced only where equivalence
is shown. Every judgement says how small a difference its runs could have seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rigid_depth.book.claims.findings.finding import (
    NOT_REPRODUCED,
    REPRODUCED,
    UNDECIDED,
    Judgement,
)
from rigid_depth.book.runs import comparison
from rigid_depth.book.runs.comparison import MARGIN
from rigid_depth.book.runs.results import BRANCHES, Run
from rigid_depth.decisions import POWER, smallest_visible
from rigid_depth.experiments.registry import find_experiment
from rigid_depth.statistics import Estimate

SHOWN = {-1: comparison.BETTER, 1: comparison.WORSE}


def improves(
    shown: Sequence[Run],
    experiments: Sequence[str],
    reference: str,
    claimed: float | Mapping[str, float] = MARGIN,
) -> Judgement:
    """Whether RGB is better in one of the rows than in the reference, corrected over its family.

    `claimed` is the gain that is claimed, a share of the error, for all or for each row; where the
    thesis names none, `MARGIN`. It is excluded where every 90 % interval ends before it.
    """
    return _changes(-1, shown, experiments, reference, claimed, "rgb")


def worsens(
    shown: Sequence[Run],
    experiments: Sequence[str],
    reference: str,
    claimed: float = MARGIN,
    *,
    branch: str = "rgb",
) -> Judgement:
    """Whether a branch is worse in one of the rows than in the reference; as `improves`."""
    return _changes(1, shown, experiments, reference, claimed, branch)


def brings_nothing(
    shown: Sequence[Run], experiments: Sequence[str], reference: str, *, branch: str = "rgb"
) -> Judgement:
    """Whether no row is better: reproduced where each is worse, or equivalent within `MARGIN`."""
    rows = comparison.verdicts(shown, experiments, reference, branch)
    shows = " ".join(_sentence(row, branch) for row in rows)
    if any(row["verdict"] == "better" and not row["equivalent"] for row in rows):
        return Judgement(NOT_REPRODUCED, shows)
    done = all(row["verdict"] == "worse" or row["equivalent"] for row in rows)
    return Judgement(REPRODUCED if done else UNDECIDED, shows)


def exceeds(found: Estimate, bound_m: float, words: str) -> Judgement:
    """Whether a difference in metres is larger than a bound, by its 95 % interval."""
    return _against(found, bound_m, words, above=REPRODUCED, below=NOT_REPRODUCED)


def stays_below(found: Estimate, bound_m: float, words: str) -> Judgement:
    """Whether a difference in metres is smaller than a bound, by its 95 % interval."""
    return _against(found, bound_m, words, above=NOT_REPRODUCED, below=REPRODUCED)


def in_every_seed(differences: Sequence[float], words: str) -> Judgement:
    """Whether all differences are positive; excluded where none is, else undecided."""
    values = ", ".join(f"{value:+.2f}" for value in differences)
    verdict = UNDECIDED
    if all(value > 0 for value in differences):
        verdict = REPRODUCED
    elif not any(value > 0 for value in differences):
        verdict = NOT_REPRODUCED
    return Judgement(verdict, f"{words}, seed by seed: {values} m.")


def observed(said: bool, shows: str) -> Judgement:
    """A property of the runs themselves that no chance has to be allowed for."""
    return Judgement(REPRODUCED if said else NOT_REPRODUCED, shows)


def all_of(*parts: Judgement) -> Judgement:
    """A claim of several parts: it falls with one and stands with all."""
    return _first(parts, NOT_REPRODUCED, UNDECIDED, REPRODUCED)


def any_of(*parts: Judgement) -> Judgement:
    """A claim that one of several things is so."""
    return _first(parts, REPRODUCED, UNDECIDED, NOT_REPRODUCED)


def compared(runs: Sequence[Run], pair: str) -> str:
    """What the runs show of "row/reference" or "row/reference/branch", in a sentence.

    Raises RigidDepthError for a row that no experiment has.
    """
    experiment, reference, *branch = pair.split("/")
    for name in (experiment, reference):
        find_experiment(name)
    branch = branch[0] if branch else "rgb"
    (row,) = comparison.verdicts(runs, [experiment], reference, branch)
    return _sentence(row, branch)


def _changes(sign, shown, experiments, reference, claimed, branch) -> Judgement:
    rows = comparison.verdicts(shown, experiments, reference, branch)
    sizes = claimed if isinstance(claimed, Mapping) else dict.fromkeys(experiments, claimed)
    shows = " ".join(_sentence(row, branch, sign * sizes[row["experiment"]]) for row in rows)
    if any(row["verdict"] == SHOWN[sign] for row in rows):
        return Judgement(REPRODUCED, shows)

    def excluded(row: dict) -> bool:
        most = max(sign * row["low"], sign * row["high"])
        return row["verdict"] != comparison.OPEN and most < sizes[row["experiment"]]

    return Judgement(NOT_REPRODUCED if all(map(excluded, rows)) else UNDECIDED, shows)


def _sentence(row: dict, branch: str, claimed: float | None = None) -> str:
    """One difference in percent of the reference's error, and what could have been seen."""
    what = f"`{row['experiment']}` against `{row['reference']}`"
    if branch != "rgb":
        what += f" ({BRANCHES[branch]})"
    if row["verdict"] == comparison.OPEN:
        return f"{what}: open."
    looked_for = "" if claimed is None else f"; looked for: {100 * claimed:+.1f} %"
    return (
        f"{what}: {100 * row['share']:+.1f} % (90 % {100 * row['low']:+.1f} to "
        f"{100 * row['high']:+.1f}){looked_for}; a difference of {100 * row['visible']:.1f} % "
        f"would be seen in {_share()}."
    )


def _against(found: Estimate, bound_m: float, words: str, *, above: str, below: str) -> Judgement:
    """What is so if a 95 % interval lies above a bound or below it; undecided if it holds it."""
    verdict = above if found.low > bound_m else below if found.high < bound_m else UNDECIDED
    return Judgement(verdict, _in_metres(found, words))


def _first(parts: Sequence[Judgement], *order: str) -> Judgement:
    """All parts as one, with the verdict that comes first in an order."""
    verdict = min((part.verdict for part in parts), key=order.index)
    return Judgement(verdict, " ".join(part.shows for part in parts))


def _in_metres(found: Estimate, words: str) -> str:
    return (
        f"{words}: {found.mean:+.2f} m (95 % {found.low:+.2f} to {found.high:+.2f}); a difference "
        f"of {smallest_visible(found):.2f} m would be seen in {_share()}."
    )


def _share() -> str:
    return f"{100 * POWER:.0f} of 100 such trials"
