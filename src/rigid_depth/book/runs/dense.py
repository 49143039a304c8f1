"""What a row changes over all surfaces, also those that return no beam.

Only a drawn world knows the depth of every pixel. Records hold it for the test streets up to 80 m,
not street by street, so that intervals here allow for seeds alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rigid_depth.book.markdown import table
from rigid_depth.book.runs import measures
from rigid_depth.book.runs.comparison import p_text
from rigid_depth.book.runs.labels import linked
from rigid_depth.book.runs.results import Run
from rigid_depth.book.runs.scatter import Errors, scatter
from rigid_depth.statistics import Estimate, estimate, holm


def dense_m(run: Run, branch: str = "rgb") -> float | None:
    """RMSE over all surfaces up to 80 m of the test streets, in metres; None where unmeasured."""
    return measures.dense(branch)(run.record)


def dense_difference_m(runs: Iterable[Run], first: str, second: str) -> Estimate | None:
    """Error of RGB in one row minus that in another over all surfaces, paired by seed, in metres.

    The scatter over seeds is pooled as for errors at returns. None where no seed has both.
    """
    errors_m = _errors_m(runs)
    apart_m = _paired(errors_m, first, second)
    if not apart_m:
        return None
    return estimate(apart_m, scatter=scatter(errors_m, first, second, "rgb"))


def dense_changes_m(runs: Iterable[Run], first: str, second: str) -> list[float]:
    """Error of RGB in one row minus that in another over all surfaces, seed by seed, in metres."""
    return _paired(_errors_m(runs), first, second)


def dense_differences(
    runs: Iterable[Run], experiments: Sequence[str], reference: str
) -> dict[str, tuple[Estimate, float]]:
    """Experiment -> its difference over all surfaces and the p-value, corrected by Holm.

    Over the rows that have one; the others are left out.
    """
    runs = list(runs)
    lines = {name: dense_difference_m(runs, name, reference) for name in experiments}
    known = {n: found for n, found in lines.items() if found and found.p_value is not None}
    p_values = holm({name: found.p_value for name, found in known.items()})
    return {name: (found, p_values[name]) for name, found in known.items()}


def dense_table(runs: Iterable[Run], experiments: Sequence[str], references: Sequence[str]) -> str:
    """Differences over all surfaces from some references, those from each corrected by Holm.

    A row of the table for each experiment, open where no p-value can be had.
    """
    runs = list(runs)
    found = {reference: dense_differences(runs, experiments, reference) for reference in references}
    rows = [
        [linked(name, runs), *(cell for lines in found.values() for cell in _cells(lines, name))]
        for name in experiments
    ]
    heads = [
        head
        for reference, lines in found.items()
        for head in (f"against {linked(reference, runs)} [m]", "95 %", f"p (Holm of {len(lines)})")
    ]
    return table(["Experiment", *heads], rows)


def _errors_m(runs: Iterable[Run]) -> Errors:
    """The errors of the RGB branch over all surfaces, by group and experiment, then by seed."""
    errors_m: Errors = {}
    for run in runs:
        if (error_m := dense_m(run)) is not None:
            errors_m.setdefault((run.group, run.experiment), {})[run.seed] = error_m
    return errors_m


def _paired(errors_m: Errors, first: str, second: str) -> list[float]:
    """Differences of two rows over the seeds of both; the rows have different names."""
    ours, base = (
        next((errors for (_, name), errors in errors_m.items() if name == row), {})
        for row in (first, second)
    )
    return [ours[seed] - base[seed] for seed in sorted(ours.keys() & base.keys())]


def _cells(lines: dict[str, tuple[Estimate, float]], name: str) -> list[str]:
    """The three cells of a line against one reference."""
    if name not in lines:
        return ["open", "–", "–"]
    found, p_value = lines[name]
    return [f"{found.mean:+.2f}", f"{found.low:+.2f} to {found.high:+.2f}", p_text(p_value)]
