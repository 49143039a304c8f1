"""Numbers that the tables of the chapters read from records, by the head of their column."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

from rigid_depth.book.tables import HEADLINE_CAP, held_out_rmse_m
from rigid_depth.conventions import BALANCING_EPSILON

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


def scaled(factor: float, measure: Measure) -> Measure:
    """The same in another unit."""

    def read(record: dict) -> float | None:
        value = measure(record)
        return None if value is None else factor * value

    return read


def arriving(summary: Callable[[list[float]], float]) -> Measure:
    """Of the weight of a balanced alignment loss, the percentage that arrives: a / (a + eps).

    `summary` makes one number of the training curve. None where no loss is balanced so.
    """

    def read(record: dict) -> float | None:
        losses = record.get("curves", {}).get("train", {}).get("alignment")
        if not losses or not record["parameters"]["balancing"]:
            return None
        return summary([100 * loss / (loss + BALANCING_EPSILON) for loss in losses])

    return read


ARRIVING: dict[str, Measure] = {
    "weight that arrives, mean over the run [%]": arriving(fmean),
    "at the end [%]": arriving(lambda shares: shares[-1]),
}
"""A loss that has become small beside eps loses the weight that balancing gave it."""

ALIGNMENT: dict[str, Measure] = {
    "relative distance": recorded("alignment", "decoded", "relative_distance"),
    "CKA": recorded("alignment", "decoded", "cka"),
    "probe accuracy": recorded("alignment", "decoded", "probe_accuracy"),
    "Procrustes residual": recorded("alignment", "decoded", "procrustes_residual"),
}
"""Of what the two decoders are given; `latents.alignment_metrics` says what each means."""

ROTATIONS: dict[str, Measure] = {
    "distance of R_rgb to R_rgbd [rad]": recorded("alignment", "rotations", "distance_rad"),
    "spread of R_rgb over images [rad]": recorded("alignment", "rotations", "own_spread_rad"),
    "spread of R_rgbd [rad]": recorded("alignment", "rotations", "guide_spread_rad"),
}

COPYING: dict[str, Measure] = {
    "depth RMSE, usual input [m]": headline("depth", "test"),
    "at given returns, half withheld [m]": recorded("alignment", "copying", "given_rmse_m"),
    "at withheld returns [m]": recorded("alignment", "copying", "withheld_rmse_m"),
    "nearest given return, there [m]": recorded("alignment", "copying", "nearest_rmse_m"),
}
"""All on the test split, on which the probe runs."""

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
    "depth RMSE [m]": headline("depth"),
    "parameters [million]": scaled(1e-6, recorded("cost", "parameters")),
    "training [min]": scaled(1 / 60, recorded("cost", "seconds")),
    "peak memory [GB]": scaled(1e-3, recorded("cost", "peak_memory_mb")),
}
"""What a network reaches and what it costs, on the machine of its runs."""
