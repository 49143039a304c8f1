"""How far equal runs lie apart by chance: the range of some standard normal numbers."""

from __future__ import annotations

from scipy.integrate import quad
from scipy.stats import norm


def expected_range(count: int) -> float:
    """Expected distance of the largest from the least of some standard normal numbers."""

    def apart(x: float) -> float:
        below = norm.cdf(x)
        return 1 - below**count - (1 - below) ** count

    return quad(apart, -10, 10)[0]


def range_within(count: int, width: float) -> float:
    """The probability that some standard normal numbers lie within `width` of each other."""

    def within(x: float) -> float:  # x is the least of them
        return count * norm.pdf(x) * (norm.cdf(x + width) - norm.cdf(x)) ** (count - 1)

    return quad(within, -10, 10)[0]
