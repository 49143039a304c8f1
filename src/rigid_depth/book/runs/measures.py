"""Numbers that the chapters read from records, by the head of their column, and their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from rigid_depth.book.markdown import plain, table
from rigid_depth.book.runs.labels import linked
from rigid_depth.book.runs.results import (
    BRANCHES,
    HEADLINE_CAP,
    Run,
    branch_difference_m,
    held_out_rmse_m,
)
from rigid_depth.conventions import BALANCING_EPSILON
from rigid_depth.experiments.registry import in_words
from rigid_depth.statistics import estimate

Measure = Callable[[dict], float | None]


def recorded(*path: str) -> Measure:
    """Reads a number of a record by its path; None where the record has none."""

    def read(record: dict) -> float | None:
        value = record
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    return read


def headline(branch: str, split: str | None = None) -> Measure:
    """Reads the headline RMSE of a branch in metres, on a split or on the held-out streets."""
    if split is None:
        return lambda record: held_out_rmse_m(record, branch)
    return recorded("metrics", split, branch, "caps", HEADLINE_CAP, "rmse_m")


def dense(branch: str) -> Measure:
    """Reads the RMSE of a branch over all surfaces up to 80 m of the test streets, in metres."""
    return recorded("metrics", "test", branch, "dense", "rmse_m")


def scaled(factor: float, measure: Measure) -> Measure:
    """The same in another unit."""

    def read(record: dict) -> float | None:
        value = measure(record)
        return None if value is None else factor * value

    return read


def arriving(summary: Callable[[list[float]], float]) -> Measure:
    """Of the weight of a balanced alignment loss, the percentage that arrives: a / (a + eps).

    `summary` makes one number of the training curve. None where no loss is balanced so, or where it
    has the weight 0.
    """

    def read(record: dict) -> float | None:
        losses = record.get("curves", {}).get("train", {}).get("alignment")
        settings = record["parameters"]
        if (
            not losses
            or not settings["balancing"]
            or not any(settings.get("alignment_weight", [1]))
        ):
            return None
        return summary([100 * loss / (loss + BALANCING_EPSILON) for loss in losses])

    return read


MEAN_SHARE, END_SHARE = arriving(fmean), arriving(lambda shares: shares[-1])
ARRIVING: dict[str, Measure] = {
    "weight that arrives, mean over the run [%]": MEAN_SHARE,
    "at the end [%]": END_SHARE,
}
"""A loss that has become small beside eps loses the weight that balancing gave it."""

DISTANCE = "relative_distance"
ALIGNMENT: dict[str, Measure] = {
    "relative distance": recorded("alignment", "decoded", DISTANCE),
    "CKA": recorded("alignment", "decoded", "cka"),
    "probe accuracy (chance 0.5)": recorded("alignment", "decoded", "probe_accuracy"),
    "Procrustes residual": recorded("alignment", "decoded", "procrustes_residual"),
}
"""Of what the two decoders are given; `latents.alignment_metrics` says what each means."""


def latent_variance(record: dict) -> float | None:
    """The variances of both latents together: the mean squared distance over the relative one.

    None where no latents are compared.
    """
    read = (recorded("alignment", "decoded", name)(record) for name in ("latent_mse", DISTANCE))
    distance, relative = read
    return distance / relative if distance is not None and relative else None


ROTATIONS: dict[str, Measure] = {
    "distance of R_rgb to R_rgbd [rad]": recorded("alignment", "rotations", "distance_rad"),
    "spread of R_rgb over images [rad]": recorded("alignment", "rotations", "own_spread_rad"),
    "spread of R_rgbd [rad]": recorded("alignment", "rotations", "guide_spread_rad"),
}

COPYING: dict[str, Measure] = {
    "RGB-D RMSE, usual input [m]": headline("depth", "test"),
    "at given returns, half withheld [m]": recorded("alignment", "copying", "given_rmse_m"),
    "at withheld returns [m]": recorded("alignment", "copying", "withheld_rmse_m"),
    "nearest given return, there [m]": recorded("alignment", "copying", "nearest_rmse_m"),
}
"""All on the test split, on which the withholding test runs."""

COMPLEMENTARITY: dict[str, Measure] = {
    "CKA of RGB latent and guide": recorded("alignment", "complementarity", "cka_rgb_guide"),
    "of RGB latent and depth": recorded("alignment", "complementarity", "cka_rgb_depth"),
    "R² of depth from the RGB latent": recorded("alignment", "complementarity", "r2_rgb"),
    "from the guide's": recorded("alignment", "complementarity", "r2_guide"),
    "from both": recorded("alignment", "complementarity", "r2_both"),
}
"""Of the encoders' latents; `experiments.measuring.complementarity` says what each means."""

NETWORK: dict[str, Measure] = {
    "RGB RMSE [m]": headline("rgb"),
    "RGB-D RMSE [m]": headline("depth"),
    "parameters [million]": scaled(1e-6, recorded("cost", "parameters")),
    "training [min]": scaled(1 / 60, recorded("cost", "seconds")),
    "peak memory [GB]": scaled(1e-3, recorded("cost", "peak_memory_mb")),
}
"""What a network reaches and what it costs, on the machine of its runs."""


def branch_table(runs: Iterable[Run], experiments: Sequence[str]) -> str:
    """RMSE of every branch, held-out streets, mean ± spread over seeds, seeds linked to runs.

    A row without a run says so.
    """
    columns = {f"{name} [m]": headline(branch) for branch, name in BRANCHES.items()}
    return measure_table(runs, experiments, columns)


def measure_table(
    runs: Iterable[Run], experiments: Sequence[str], measures: dict[str, Measure]
) -> str:
    """Any numbers of the records of some experiments: mean ± spread over seeds, linked to the runs.

    A cell is a dash where the records have no such number, and says so where only some have it; a
    row without a run is open.
    """
    found = _by_experiment(runs)
    rows = []
    for name in experiments:
        mine = found.get(name, [])
        cells = [_cell([read(run.record) for run in mine]) for read in measures.values()]
        links = " ".join(f"[{run.seed}](#{run.label})" for run in mine)
        label = plain(in_words(name))
        rows.append([label, *(cells if mine else ["open"] * len(cells)), links or "not run yet"])
    return table(["Experiment", *measures, "seeds"], rows)


def rows_run(runs: Iterable[Run], experiments: Sequence[str]) -> list[str]:
    """Those of the experiments that have a run, in their order."""
    found = _by_experiment(runs)
    return [name for name in experiments if name in found]


def gap_table(runs: Iterable[Run], experiments: Sequence[str]) -> str:
    """How far apart the branches of each experiment end: differences with their 95 % intervals.

    `RGB-D - RGB`: what LiDAR at the input is worth; `zero-shot - RGB`: what it costs to decode the
    RGB latent with the RGB-D decoder, and with the control that has only seen RGB-D latents.
    """
    runs, rows = list(runs), []
    found = _by_experiment(runs)
    columns = {branch: label for branch, label in BRANCHES.items() if branch != "rgb"}
    for name in experiments:
        cells = []
        for branch in columns:
            d = branch_difference_m(runs, name, branch, "rgb")
            cells += ["–" if name in found else "open", "–"] if d is None else _difference_cells(d)
        rows.append([linked(name, runs), *cells])
    heads = [head for label in columns.values() for head in (f"{label} - RGB [m]", "95 %")]
    return table(["Experiment", *heads], rows)


def first_lost_steps(runs: Iterable[Run], experiment: str) -> tuple[int, int, int] | None:
    """When less than half of the alignment loss's weight arrives for the first time.

    The loss has then fallen below eps of thesis eq. 6.1. Returns the first such step, least and
    most over seeds, and the last step of the curves; None where it does not happen in every seed.
    """
    curves = [run.record["curves"]["train"] for run in runs if run.experiment == experiment]
    lost = [
        [
            step
            for step, loss in zip(c["step"], c["alignment"], strict=True)
            if loss < BALANCING_EPSILON
        ]
        for c in curves
    ]
    if not lost or not all(lost):
        return None
    first = [steps[0] for steps in lost]
    return min(first), max(first), curves[0]["step"][-1]


def withheld_over_given(runs: Iterable[Run], experiment: str) -> list[float]:
    """Error of the RGB-D branch at withheld returns over that at given ones, a number a seed.

    1: nothing is copied from the input return by return.
    """
    mine = [run.record["alignment"]["copying"] for run in runs if run.experiment == experiment]
    return [f["withheld_rmse_m"] / f["given_rmse_m"] for f in mine if "given_rmse_m" in f]


def _difference_cells(found) -> list[str]:
    return [f"{found.mean:+.2f}", f"{found.low:+.2f} to {found.high:+.2f}"]


def _by_experiment(runs: Iterable[Run]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.experiment, []).append(run)
    return found


def _cell(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    found = estimate(known)
    digits = ".1e" if 0 < abs(found.mean) < 0.001 else ".3f"
    text = f"{found.mean:{digits}}" + ("" if not found.std else f" ± {found.std:{digits}}")
    return text if len(known) == len(values) else f"{text} ({len(known)} of {len(values)})"
