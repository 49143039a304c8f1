"""Vectors stored component by component, [3,N]: several times faster than [N,3] in numpy."""

import numpy as np
from numpy.typing import ArrayLike


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar products [N] of vectors [3,N] (or one vector [3])."""
    total = a[0] * b[0]
    total += a[1] * b[1]
    total += a[2] * b[2]
    return total


def turn(rotation: ArrayLike, vectors: np.ndarray) -> np.ndarray:
    """Vectors [3,...] turned by a 3x3 matrix.

    Without BLAS, so that the bytes are the same on any number of threads.
    """
    r = np.asarray(rotation, np.float32)
    return np.stack([dot(r[k], vectors) for k in range(3)])


def column(vector: ArrayLike) -> np.ndarray:
    """One colour or vector as float32 [3,1], to combine with [3,N]."""
    return np.asarray(vector, np.float32).reshape(3, 1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [3,N] of length one."""
    return vectors / np.sqrt(dot(vectors, vectors))
