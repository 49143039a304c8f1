"""Records made by hand for tests of tables."""

from collections.abc import Iterable
from copy import deepcopy

import numpy as np

from rigid_depth.book.runs.results import Run


def branch(errors_m: dict[str, float], delta1: float = 0.6) -> dict:
    """A branch on streets of 1,000 pixels each, with these RMSEs in metres."""
    squares = {street: 1000 * error_m**2 for street, error_m in errors_m.items()}
    pixels = 1000 * len(squares)
    pooled_m = float(np.sqrt(sum(squares.values()) / pixels))
    return {
        "caps": {"80": {"rmse_m": pooled_m, "delta1": delta1, "pixels": pixels}},
        "scenes": {street: [square, 1000] for street, square in squares.items()},
    }


def run(
    experiment: str,
    seed: int,
    shift: float = 0.0,
    group: str = "core",
    splits: Iterable[str] = ("test",),
    **fields,
) -> Run:
    """A run whose six streets have an RMSE of about 9 m plus a shift, with fields of its record."""
    noise = np.random.default_rng(seed).normal(size=6)
    errors_m = 9 + np.arange(6) * 0.3 + 0.01 * noise + shift
    rgb = branch({f"scene-{k}": float(error_m) for k, error_m in enumerate(errors_m)})
    metrics = {split: {"rgb": rgb} for split in splits}
    return Run(group, experiment, seed, deepcopy({"metrics": metrics} | fields))
