"""What an estimate lets one decide: equivalence, the smallest visible effect, when to stop.

A difference that is not shown may still be there. Two numbers say how much that means: whether the
difference is shown to be small (two one-sided tests, Schuirmann 1987), and how large it would have
had to be to be seen.
"""

from __future__ import annotations

from scipy.optimize import brentq
from scipy.special import fdtrc, nctdtr, stdtr, stdtrit

from rigid_depth.errors import RigidDepthError
from rigid_depth.statistics import Estimate, Scatter

LEVEL = 0.05
POWER = 0.8
LOOKS = {3: 0.01, 5: 0.04}
"""Seeds at a look -> the share of the level that is spent there; the shares add up to the level.

By Bonferroni's inequality the chance of a false alarm at any look is at most the level, however
the looks depend on each other. Haybittle and Peto spent little early for the same reason."""
STOP_DIFFERENT = "stop: different"
STOP_EQUIVALENT = "stop: equivalent"
STOP_UNDECIDED = "stop: undecided"
MORE_SEEDS = "more seeds"


def equivalence_p(found: Estimate, margin: float) -> float:
    """The p-value of two one-sided tests that a difference lies inside -margin to +margin.

    It is below 0.05 just where the 90 % interval lies inside. Raises RigidDepthError for a margin
    that is not positive, and for an estimate without a standard error.
    """
    if not margin > 0:
        raise RigidDepthError(f"the margin is {margin}; it must be positive")
    if found.error is None or found.degrees is None:
        raise RigidDepthError("an estimate of one value has no standard error to test with")
    if found.error == 0:
        return float(abs(found.mean) >= margin)
    below, above = (margin + found.mean) / found.error, (margin - found.mean) / found.error
    return float(stdtr(found.degrees, -min(below, above)))


def bounds(found: Estimate, level: float = 1 - 2 * LEVEL) -> tuple[float, float]:
    """The interval of an estimate at another level than its own, by default 90 %."""
    half = stdtrit(found.degrees, (1 + level) / 2) * found.error
    return float(found.mean - half), float(found.mean + half)


def smallest_visible(found: Estimate, *, level: float = LEVEL, power: float = POWER) -> float:
    """The true difference that a two-sided t-test with this standard error finds with that power.

    In the unit of the estimate, never negative; it does not depend on the mean that was found.
    """
    threshold = -stdtrit(found.degrees, level / 2)  # the other sign is hardly ever found
    most = 2 * (threshold + stdtrit(found.degrees, power))
    effect = brentq(lambda x: 1 - nctdtr(found.degrees, x, threshold) - power, 0, most)
    return float(found.error * effect)


def in_shares(found: Estimate, reference: float, margin: float, *, level: float = LEVEL) -> dict:
    """A difference as a share of the reference's error, and what it lets one say.

    `share` with its 90 % interval `low` to `high`, `p_equivalent` and `equivalent` for the margin,
    a share too, and `visible`, the smallest visible effect at `level`.
    """
    low, high = (bound / reference for bound in bounds(found))
    p_value = equivalence_p(found, margin * reference)
    return {
        "share": found.mean / reference,
        "low": low,
        "high": high,
        "p_equivalent": p_value,
        "equivalent": p_value < LEVEL,
        "visible": smallest_visible(found, level=level) / reference,
    }


def level_at(seeds: int) -> float:
    """The level a line with so many seeds is judged at: that of its last look."""
    return LOOKS[max((look for look in LOOKS if look <= seeds), default=min(LOOKS))]


def next_look(p_different: float, p_equivalent: float, seeds: int) -> str:
    """Whether a line stops at this many seeds, by its p-values, or gets more.

    `p_different` may be corrected for a family. A line that is neither different nor equivalent
    when the seeds of the last look are there stays undecided; between looks nothing is decided.
    """
    last = max(LOOKS)
    if seeds not in LOOKS and seeds < last:
        return MORE_SEEDS
    if p_different < level_at(seeds):
        return STOP_DIFFERENT
    if p_equivalent < level_at(seeds):
        return STOP_EQUIVALENT
    return STOP_UNDECIDED if seeds >= last else MORE_SEEDS


def own_or_pooled(own: Scatter | None, pooled: Scatter, level: float = 0.01) -> Scatter:
    """The pooled scatter, or the line's own where it is larger than chance allows (F test).

    A line that scatters more than those it is pooled with has no claim to their small error.
    """
    if own is None or own.variance <= pooled.variance:
        return pooled
    return own if larger_p(own, pooled) < level else pooled


def larger_p(own: Scatter, pooled: Scatter) -> float:
    """The p-value that one scatter is no larger than the other, which is not zero (F test)."""
    return float(fdtrc(own.degrees, pooled.degrees, own.variance / pooled.variance))


def at_least(own: Scatter | None, floor: Scatter) -> Scatter:
    """A line's own scatter, but no less than that of lines that have more in common.

    Two degrees of freedom make an own scatter far too small by luck; the floor takes that luck.
    """
    if own is None:
        return floor
    return Scatter(max(own.variance, floor.variance), own.degrees)
