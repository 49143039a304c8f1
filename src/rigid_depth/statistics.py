"""How sure a number is: intervals over seeds, bootstrap over scenes, differences of experiments.

The RMSE of a run is pooled over the pixels of unseen scenes, so what is resampled are scenes
(frames of one street are no independent evidence). Functions of runs take the `scenes` entries of
run records, `{seed: {scene: {"squared_error_sum_m2", "pixels", ...}}}`. What may be decided from an
estimate is in `rigid_depth.decisions`. Every interval holds for one training world: the streets a
network learns from are not drawn anew.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from rigid_depth.errors import RigidDepthError

Runs = Mapping[int, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval, all in the unit of what was averaged.

    `std` is the sample standard deviation over the seeds (n - 1), `p_value` two-sided, of a mean of
    0; `error` is the standard error of the mean, `degrees` its degrees of freedom. A single value
    has no `std`, and without scenes no interval, no p-value and no error: they are None.
    """

    mean: float
    std: float | None
    low: float | None
    high: float | None
    p_value: float | None
    count: int
    error: float | None = None
    degrees: float | None = None

    def __str__(self) -> str:
        return f"{self.mean:.3g}" + (f" ± {self.std:.2g}" if self.std is not None else "")


@dataclass(frozen=True)
class Scatter:
    """Variance over seeds of a difference of two runs, and how well it is known."""

    variance: float
    degrees: float


def estimate(
    values: Sequence[float], level: float = 0.95, *, scatter: Scatter | None = None
) -> Estimate:
    """The mean of one value per seed, with the interval of Student's t.

    The variance over seeds is that of `scatter`, or of the values themselves where none is given.
    Raises RigidDepthError for no value, and for a level that is no share between 0 and 1.
    """
    _refuse_level(level)
    count = len(values)
    if not count:
        raise RigidDepthError("no value to take the mean of; at least one run is needed")
    mean = float(np.mean(values))
    std = float(np.std(values, ddof=1)) if count > 1 else None
    if scatter is None:
        if std is None:
            return Estimate(mean, None, None, None, None, 1)
        scatter = Scatter(std**2, count - 1)
    error, degrees = (scatter.variance / count) ** 0.5, scatter.degrees
    return Estimate(mean, std, *_student(mean, error, degrees, level), count, error, degrees)


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
    return _estimate(_rmse(squared_m2, pixels), draws, pixels.shape[1], level)


def paired_difference(
    a: Runs,
    b: Runs,
    *,
    scatter: Scatter | None = None,
    level: float = 0.95,
    resamples: int = 4000,
    generator: np.random.Generator | None = None,
) -> Estimate:
    """Pooled RMSE of `a` minus that of `b` on the same scenes and seeds, interval and p-value.

    As in `pooled_rmse`, of the differences: what scenes and seeds have in common cancels. The
    variance over seeds is that of `scatter`, or of the differences themselves where none is given.
    The p-value is below 1 - level just where the interval leaves out 0. Raises RigidDepthError
    where the scenes, their pixels or the seeds of the two differ.
    """
    _refuse_unpaired(a, b)
    first, second = _table(a), _table({seed: b[seed] for seed in a})
    if not np.array_equal(first[1], second[1]):
        raise RigidDepthError("the experiments were measured on different pixels of the scenes")
    scenes = first[1].shape[1]
    counts = _counts(scenes, resamples, generator)
    draws = _over_scenes(*first, counts) - _over_scenes(*second, counts)
    return _estimate(_rmse(*first) - _rmse(*second), draws, scenes, level, scatter)


def seed_scatter(rows: Mapping[Hashable, Mapping[int, float]]) -> Scatter | None:
    """How far a difference of two rows scatters over seeds, pooled over all rows.

    `rows` holds a number for each row and seed. Row and seed effects are taken out by least squares
    and the rest is pooled, as in an analysis of variance of blocks (the seeds): with two rows it is
    the paired t-test, with k rows of n seeds it has (k - 1)(n - 1) degrees of freedom instead of
    n - 1. Rows may lack seeds. The rows have to scatter alike; None where nothing is left over.
    """
    left, degrees = _left_over(rows)
    return Scatter(2 * left / degrees, degrees) if degrees >= 1 else None


def row_scatter(
    rows: Mapping[Hashable, Mapping[int, float]], row: Hashable
) -> tuple[Scatter, Scatter] | None:
    """How far one row scatters around what its seeds do in the others, and how far those scatter.

    By the extra sum of squares that the row leaves in the least squares of `seed_scatter`: if it
    scatters as the others do, the ratio of the two variances has an F distribution, whatever seeds
    any row lacks. Both are those of a difference of two such rows. None where too few seeds are
    shared to say.
    """
    left, degrees = _left_over(rows)
    rest, free = _left_over({name: found for name, found in rows.items() if name != row})
    if free < 1 or degrees == free or not rest:
        return None
    own = Scatter(2 * (left - rest) / (degrees - free), degrees - free)
    return own, Scatter(2 * rest / free, free)


def _left_over(rows: Mapping[Hashable, Mapping[int, float]]) -> tuple[float, int]:
    """The sum of squares that row and seed effects leave over, and its degrees of freedom."""
    values = [(row, seed, v) for row, found in rows.items() for seed, v in found.items()]
    names, seeds = list(rows), sorted({seed for _, seed, _ in values})
    design = np.zeros((len(values), len(names) + len(seeds)))
    for line, (row, seed, _) in enumerate(values):
        design[line, names.index(row)] = design[line, len(names) + seeds.index(seed)] = 1
    numbers = np.array([value for *_, value in values])
    effects, _, rank, _ = np.linalg.lstsq(design, numbers, rcond=None)
    return float(((numbers - design @ effects) ** 2).sum()), len(values) - int(rank)


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


def expected_range(count: int) -> float:
    """Expected distance of the largest from the least of some standard normal numbers."""

    def apart(x: float) -> float:
        below = ndtr(x)
        return 1 - below**count - (1 - below) ** count

    return _integral(apart)


def range_within(count: int, width: float) -> float:
    """The probability that some standard normal numbers lie within `width` of each other."""

    def within(x: float) -> float:  # x is the least of them
        density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
        return count * density * (ndtr(x + width) - ndtr(x)) ** (count - 1)

    return _integral(within)


def _integral(function: Callable[[float], float]) -> float:
    """The integral over all places where a standard normal number can lie."""
    from scipy.integrate import quad  # here, because it takes long to load and few need it

    return quad(function, -10, 10)[0]


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
    if generator is None:
        return _fixed_counts(scenes, resamples)
    return _drawn(generator, scenes, resamples)


@lru_cache(maxsize=8)
def _fixed_counts(scenes: int, resamples: int) -> np.ndarray:
    """The draws of the fixed generator; every comparison on as many scenes takes the same."""
    return _drawn(np.random.default_rng(0), scenes, resamples)


def _drawn(generator: np.random.Generator, scenes: int, resamples: int) -> np.ndarray:
    draws = max(1, scenes - 1)
    return generator.multinomial(draws, np.full(scenes, 1 / scenes), resamples).astype(float)


def _over_scenes(squared_m2: np.ndarray, pixels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean over seeds of the pooled RMSE in each resample of the scenes."""
    return np.sqrt((counts @ squared_m2.T) / (counts @ pixels.T)).mean(1)


def _estimate(
    by_seed: np.ndarray,
    draws: np.ndarray,
    scenes: int,
    level: float,
    scatter: Scatter | None = None,
) -> Estimate:
    """The mean over seeds with the variance over both: scenes (from the draws) and seeds."""
    _refuse_level(level)
    seeds, mean = len(by_seed), float(by_seed.mean())
    if seeds == scenes == 1:
        raise RigidDepthError("one scene and one seed leave nothing to take an interval from")
    std = float(by_seed.std(ddof=1)) if seeds > 1 else None
    if scatter is None:
        scatter = Scatter(by_seed.var(ddof=1) if seeds > 1 else 0.0, seeds - 1)
    parts = [(scatter.variance / seeds, scatter.degrees), (draws.var(), scenes - 1)]
    variance = float(sum(part for part, _ in parts))
    degrees = float(variance**2 / sum(part**2 / f for part, f in parts if f)) if variance else 1.0
    error = variance**0.5
    return Estimate(mean, std, *_student(mean, error, degrees, level), seeds, error, degrees)


def _student(mean: float, error: float, degrees: float, level: float) -> tuple[float, float, float]:
    """Low and high end and p-value of a mean with its standard error."""
    if error == 0:
        return mean, mean, float(mean == 0)
    half = stdtrit(degrees, (1 + level) / 2) * error
    p_value = 2 * stdtr(degrees, -abs(mean) / error)
    return float(mean - half), float(mean + half), float(p_value)


def _refuse_level(level: float) -> None:
    if not 0 < level < 1:
        raise RigidDepthError(f"level is {level}; allowed is a share between 0 and 1")


def _refuse_unpaired(a: Runs, b: Runs) -> None:
    if sorted(a) != sorted(b):
        raise RigidDepthError(
            f"the seeds {sorted(a)} and {sorted(b)} differ; a paired difference needs the same"
        )
    for seed, scenes in a.items():
        if sorted(scenes) != sorted(b[seed]):
            raise RigidDepthError(f"the experiments were tested on different scenes at seed {seed}")
