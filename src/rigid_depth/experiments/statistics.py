"""How sure a number is: spread over seeds, bootstrap over scenes, differences between experiments.

The RMSE of a run is pooled over the pixels of the test scenes, so what is resampled are scenes
(frames of one street are no independent evidence). Every function takes the
`scenes` entries of run records, `{seed: {scene: {"squared_error_sum_m2", "pixels", ...}}}`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

from rigid_depth.errors import RigidDepthError

Runs = Mapping[int, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation (n - 1; None for a single value) of n values."""

    mean: float
    std: float | None
    count: int


@dataclass(frozen=True)
class Estimate:
    """A value with the interval that holds it at the given level, in metres."""

    value_m: float
    low_m: float
    high_m: float
    level: float


@dataclass(frozen=True)
class Difference(Estimate):
    """The paired difference a - b of two experiments; `p_value` is two-sided, of no difference."""

    p_value: float


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation over seeds."""
    if not len(values):
        raise RigidDepthError("no value to take the mean of; at least one run is needed")
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(float(np.mean(values)), std, len(values))


def pooled_rmse(
    runs: Runs,
    *,
    level: float = 0.95,
    resamples: int = 4000,
    generator: np.random.Generator | None = None,
) -> Estimate:
    """Mean over seeds of the RMSE pooled over scenes, with its interval.

    The squared standard error is the bootstrap variance over scenes (all seeds kept) plus the
    variance over seeds divided by their number; Student's t with the degrees of freedom of Welch
    and Satterthwaite makes the interval, because percentiles of three seeds would be far too
    narrow. One seed alone says nothing of seeds: the interval is then about the scenes only, as one
    scene alone makes it about the seeds only. The generator defaults to a fixed one. Raises
    RigidDepthError for one scene and one seed, and for runs tested on different scenes.
    """
    squared_m2, pixels = _table(runs)
    draws = _over_scenes(squared_m2, pixels, _counts(pixels.shape[1], resamples, generator))
    return Estimate(*_interval(_rmse(squared_m2, pixels), draws, pixels.shape[1], level)[:4])


def paired_difference(
    a: Runs,
    b: Runs,
    *,
    level: float = 0.95,
    resamples: int = 4000,
    generator: np.random.Generator | None = None,
) -> Difference:
    """Pooled RMSE of `a` minus that of `b` on the same scenes and seeds, interval and p-value.

    As in `pooled_rmse`, of the differences: what scenes and seeds have in common cancels. The
    p-value is below 1 - level just where the interval leaves out 0. Raises RigidDepthError where
    the scenes, their pixels or the seeds of the two differ.
    """
    _refuse_unpaired(a, b)
    first, second = _table(a), _table({seed: b[seed] for seed in a})
    if not np.array_equal(first[1], second[1]):
        raise RigidDepthError("the experiments were measured on different pixels of the scenes")
    scenes = first[1].shape[1]
    counts = _counts(scenes, resamples, generator)
    draws = _over_scenes(*first, counts) - _over_scenes(*second, counts)
    return Difference(*_interval(_rmse(*first) - _rmse(*second), draws, scenes, level))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values of a family of comparisons, adjusted by Holm's step-down method; order is kept."""
    for name, p_value in p_values.items():
        if not 0 <= p_value <= 1:
            raise RigidDepthError(f"the p-value of {name} is {p_value}; it must be from 0 to 1")
    adjusted, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def _table(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """Squared error sums in m^2 and pixels, `[seeds, scenes]`, scenes in alphabetical order."""
    if not runs:
        raise RigidDepthError("no run to measure; at least one seed is needed")
    names = sorted(next(iter(runs.values())))
    for seed, scenes in runs.items():
        if sorted(scenes) != names:
            raise RigidDepthError(f"seed {seed} was tested on other scenes than the first seed")
    rows = [[scenes[name] for name in names] for scenes in runs.values()]
    columns = ("squared_error_sum_m2", "pixels")
    squared_m2, pixels = (np.array([[s[c] for s in row] for row in rows], float) for c in columns)
    if not (pixels.sum(1) > 0).all():
        raise RigidDepthError("a run has no measured pixel in any of its scenes")
    keep = (pixels > 0).all(0)
    return squared_m2[:, keep], pixels[:, keep]


def _rmse(squared_m2: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The pooled RMSE of each seed."""
    return np.sqrt(squared_m2.sum(1) / pixels.sum(1))


def _counts(scenes: int, resamples: int, generator: np.random.Generator | None) -> np.ndarray:
    """How often each scene is drawn, `[resamples, scenes]`.

    n - 1 of n are drawn with replacement: that makes the bootstrap's variance of a mean unbiased
    (Rao and Wu, 1988), which matters with a handful of scenes.
    """
    generator = generator or np.random.default_rng(0)
    draws = max(1, scenes - 1)
    return generator.multinomial(draws, np.full(scenes, 1 / scenes), resamples).astype(float)


def _over_scenes(squared_m2: np.ndarray, pixels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean over seeds of the pooled RMSE in each resample of the scenes."""
    return np.sqrt((counts @ squared_m2.T) / (counts @ pixels.T)).mean(1)


def _interval(
    by_seed: np.ndarray, draws: np.ndarray, scenes: int, level: float
) -> tuple[float, float, float, float, float]:
    """Mean over seeds, low and high end, level, and the p-value of a mean of 0."""
    if not 0 < level < 1:
        raise RigidDepthError(f"level is {level}; allowed is a share between 0 and 1")
    seeds, value = len(by_seed), float(by_seed.mean())
    if seeds == scenes == 1:
        raise RigidDepthError("one scene and one seed leave nothing to take an interval from")
    seed_part = by_seed.var(ddof=1) / seeds if seeds > 1 else 0.0
    parts = [(seed_part, seeds - 1), (draws.var(), scenes - 1)]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return value, value, value, level, float(value == 0)
    freedom = variance**2 / sum(part**2 / f for part, f in parts if f)
    half = student_t.ppf((1 + level) / 2, freedom) * variance**0.5
    p_value = 2 * student_t.sf(abs(value) / variance**0.5, freedom)
    return value, float(value - half), float(value + half), level, float(p_value)


def _refuse_unpaired(a: Runs, b: Runs) -> None:
    if sorted(a) != sorted(b):
        raise RigidDepthError(
            f"the seeds {sorted(a)} and {sorted(b)} differ; a paired difference needs the same"
        )
    for seed, scenes in a.items():
        if sorted(scenes) != sorted(b[seed]):
            raise RigidDepthError(f"the experiments were tested on different scenes at seed {seed}")
