"""Rounded numbers for figures: the same on every processor."""

from __future__ import annotations

import numpy as np

GUARD = 6
"""Decimals kept in the first of two roundings: more than noise, fewer than float64 has."""


def rounded(values, digits: int = 2):
    """Nested lists of numbers, or one number, rounded to `digits` decimals; None for NaN.

    Rounds twice, first to six decimals more: a number that lies half-way by its formula (0.125)
    comes out half-way only up to the last bit, on one side on one processor and on the other on
    another. The first rounding takes that bit away. Give it float64; the noise of float32 is
    larger than the guard.
    """
    array = np.asarray(values, dtype=np.float64)
    array = array.round(digits + GUARD).round(digits) + 0.0
    if np.isnan(array).any():
        return np.where(np.isnan(array), None, array).tolist()
    return array.tolist()
