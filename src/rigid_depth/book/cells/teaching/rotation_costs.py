"""Multiplications that a rotation costs, as a matrix and as a unit quaternion (section 3.3.1).

The operations are written out entry by entry, and counted by calling them with entries that keep
count instead of numbers. Doubling is an addition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Entries = Sequence[Any]


def matrix_times_matrix(first: Sequence[Entries], second: Sequence[Entries]) -> list[list]:
    """The product of two 3x3 matrices, given as rows."""
    columns = list(zip(*second, strict=True))
    return [[_dot(row, column) for column in columns] for row in first]


def matrix_times_point(matrix: Sequence[Entries], point: Entries) -> list:
    """A 3x3 matrix, given as rows, times a point."""
    return [_dot(row, point) for row in matrix]


def quaternion_times_quaternion(first: Entries, second: Entries) -> list:
    """The product of two quaternions (w, x, y, z)."""
    (w, *u), (a, *v) = first, second
    across = _cross(u, v)
    return [w * a - _dot(u, v), *(w * v[i] + a * u[i] + across[i] for i in range(3))]


def quaternion_times_point(quaternion: Entries, point: Entries) -> list:
    """A point turned by a unit quaternion: t = 2 v x p, then p + w t + v x t."""
    w, *v = quaternion
    t = [entry + entry for entry in _cross(v, point)]
    across = _cross(v, t)
    return [point[i] + w * t[i] + across[i] for i in range(3)]


def _dot(first: Entries, second: Entries) -> Any:
    total = first[0] * second[0]
    for a, b in zip(first[1:], second[1:], strict=True):
        total = total + a * b
    return total


def _cross(a: Entries, b: Entries) -> list:
    return [a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))]


OPERATIONS: dict[str, tuple[Callable[..., list], str, str]] = {
    "matrix × matrix": (matrix_times_matrix, "matrix", "matrix"),
    "quaternion × quaternion": (quaternion_times_quaternion, "quaternion", "quaternion"),
    "matrix × point": (matrix_times_point, "matrix", "point"),
    "quaternion × point": (quaternion_times_point, "quaternion", "point"),
}
"""Name -> the operation and what its two arguments are."""


class _Counting:
    """An entry without a value that counts the multiplications it takes part in."""

    def __init__(self):
        self.count = 0

    def __mul__(self, other: object) -> _Counting:
        self.count += 1
        return self

    def __add__(self, other: object) -> _Counting:
        return self

    __sub__ = __add__


def multiplications(name: str) -> int:
    """How many multiplications an operation of `OPERATIONS` needs."""
    operation, *kinds = OPERATIONS[name]
    entry = _Counting()
    shapes = {"matrix": [[entry] * 3] * 3, "quaternion": [entry] * 4, "point": [entry] * 3}
    operation(*(shapes[kind] for kind in kinds))
    return entry.count
