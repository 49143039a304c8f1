"""What a row changes over all surfaces, also those that return no beam.

Only a drawn world knows the depth of every pixel. Records hold it for the test streets up to 80 m,
not street by street, so that intervals here allow for seeds alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rigid_depth.book.markdown import table
from rigid_depth.book.runs import measures
from rigid_depth.book.runs.labels import linked
from rigid_depth.book.runs.results import Run
from rigid_depth.book.runs.scatter import scatter
from rigid_depth.statistics import Estimate, estimate, holm


def dense_m(run: Run, branch: str = "rgb") -> float | None:
    """RMSE over all surfaces up to 80 m of the test streets, in metres; None where unmeasured."""
    return measures.dense(branch)(run.record)


def dense_difference_m(runs: Iterable[Run], first: str, second: str) -> Estimate | None:
    """Error of RGB in one row minus that in another over all surfaces, paired by seed, in metres.

    The scatter over seeds is pooled as for errors at returns. None where no seed has both.
    """
    errors_m: dict[tuple[str, str], dict[int, float]] = {}
    for run in runs:
        if (error_m := dense_m(run)) is not None:
            errors_m.setdefault((run.group, run.experiment), {})[run.seed] = error_m
    ours, base = (_of(errors_m, name) for name in (first, second))
    apart_m = [ours[seed] - base[seed] for seed in sorted(ours.keys() & base.keys())]
    if not apart_m:
        return None
    return estimate(apart_m, scatter=scatter(errors_m, first, second, "rgb"))


def dense_table(runs: Iterable[Run], experiments: Sequence[str], references: Sequence[str]) -> str:
    """Differences over all surfaces from some references, those from each corrected by Holm.

    A row of the table for each experiment; a dash where no p-value can be had.
    """
    runs = list(runs)
    found = {
        reference: {name: dense_difference_m(runs, name, reference) for name in experiments}
        for reference in references
    }
    columns = [_cells(of_reference) for of_reference in found.values()]
    rows = [
        [linked(name, runs), *(cell for column in columns for cell in column[name])]
        for name in experiments
    ]
    heads = [
        head
        for reference, lines in found.items()
        for head in (
            f"against {linked(reference, runs)} [m]",
            "95 %",
            f"p (Holm of {_known(lines)})",
        )
    ]
    return table(["Experiment", *heads], rows)


def _of(errors_m: dict[tuple[str, str], dict[int, float]], experiment: str) -> dict[int, float]:
    """Seed -> error of an experiment."""
    rows = [errors for (_, name), errors in errors_m.items() if name == experiment]
    return rows[0] if rows else {}


def _known(lines: dict[str, Estimate | None]) -> int:
    return sum(found is not None and found.p_value is not None for found in lines.values())


def _cells(lines: dict[str, Estimate | None]) -> dict[str, list[str]]:
    """The three cells of each line against one reference."""
    p_values = holm({n: f.p_value for n, f in lines.items() if f and f.p_value is not None})
    cells = {name: ["open", "–", "–"] for name in lines}
    for name, p_value in p_values.items():
        found = lines[name]
        p_text = f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"
        cells[name] = [f"{found.mean:+.2f}", f"{found.low:+.2f} to {found.high:+.2f}", p_text]
    return cells
