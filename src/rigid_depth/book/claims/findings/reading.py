"""What findings read off records: errors by split, gaps, latents, and verdicts of one line."""

from __future__ import annotations

from collections.abc import Sequence

from rigid_depth.book.claims.findings.finding import seeds
from rigid_depth.book.runs import comparison
from rigid_depth.book.runs.comparison import NO_DIFFERENCE as NO_DIFFERENCE
from rigid_depth.book.runs.results import HEADLINE_CAP, Run


def rmse_m(run: Run, split: str, branch: str = "rgb") -> float:
    """RMSE of a branch on a split up to the headline cap, in metres."""
    return run.record["metrics"][split][branch]["caps"][HEADLINE_CAP]["rmse_m"]


def paired(runs: Sequence[Run], first: str, second: str) -> list[tuple[Run, Run]]:
    """The runs of two rows that have the same seed, in the order of their seeds."""
    ours, others = seeds(runs, first), seeds(runs, second)
    return [(ours[seed], others[seed]) for seed in sorted(ours.keys() & others.keys())]


def of_shared_seeds(runs: Sequence[Run], names: Sequence[str]) -> dict[str, list[Run]]:
    """The runs of each row with the seeds that all of them have, in the order of their seeds.

    Means of different seeds differ by what the seeds do, too.
    """
    rows = {name: seeds(runs, name) for name in names}
    shared = sorted(set.intersection(*map(set, rows.values())))
    return {name: [row[seed] for seed in shared] for name, row in rows.items()}


def sky_shares(runs: Sequence[Run], experiment: str) -> list[float]:
    """The share of the sky of the test streets that RGB puts beyond 80 m, seed by seed."""
    found = seeds(runs, experiment).values()
    return [run.record["metrics"]["test"]["rgb"]["sky"]["share_beyond_80m"] for run in found]


def gap_m(run: Run, floor: Run, branch: str, split: str = "val") -> float:
    """How much more a branch gains over the mean of each row in training than on another split.

    In metres. Errors of two sets of streets can't be compared as they are: one set is easier. The
    mean of each image row, learned from the training frames, says how much easier.
    """
    in_training, elsewhere = (
        rmse_m(floor, streets) - rmse_m(run, streets, branch) for streets in ("train", split)
    )
    return in_training - elsewhere


def floor(runs: Sequence[Run]) -> Run:
    """The run of the mean of each image row."""
    return next(run for run in runs if run.experiment == "row-mean-depth")


def decoded(runs: Sequence[Run], experiment: str, measure: str) -> list[float]:
    """A measure of the latents that the decoders are given, seed by seed."""
    return [decoded_of(run, measure) for run in seeds(runs, experiment).values()]


def decoded_of(run: Run, measure: str) -> float:
    """A measure of the latents that the decoders of a run are given."""
    return run.record["alignment"]["decoded"][measure]


def turns(runs: Sequence[Run], experiment: str) -> list[dict]:
    """What the records say of R_rgb and R_rgbd, seed by seed."""
    return [run.record["alignment"]["rotations"] for run in seeds(runs, experiment).values()]


def floor_m(runs: Sequence[Run]) -> float:
    """RMSE of the mean of each image row on the held-out streets, in metres."""
    return floor(runs).rmse_m("rgb")


def verdicts(
    runs: Sequence[Run], experiments: Sequence[str], reference: str, branch: str = "rgb"
) -> list[str]:
    """Better, worse or no difference shown, Holm's correction over these experiments."""
    rows = comparison.verdicts(runs, experiments, reference, branch)
    return [row["verdict"] for row in rows]


def better(runs: Sequence[Run], experiments: Sequence[str], reference: str) -> set[str]:
    """The experiments whose RGB branch is better than the reference, corrected over them all."""
    rows = comparison.verdicts(runs, experiments, reference)
    return {row["experiment"] for row in rows if row["verdict"] == "better"}


def ends_near_the_row_mean(runs: Sequence[Run], experiment: str, within_m: float) -> bool:
    """Whether both branches end that near the mean of each row on every split, in every seed."""
    row_mean = floor(runs)
    return all(
        about(rmse_m(run, split, branch), rmse_m(row_mean, split), within_m)
        for run in seeds(runs, experiment).values()
        for split in ("train", "val", "test")
        for branch in ("rgb", "depth")
    )


def about(value: float, expected: float, within: float) -> bool:
    """Whether a number is what a sentence rounds it to."""
    return abs(value - expected) <= within
