"""Smooth periodic noise, from which textures and clouds are made."""

import cv2
import numpy as np
from numpy.random import Generator

TILE_PX = 512


def noise(generator: Generator, cells: int, *, size: int = TILE_PX, cells_y: int = 0) -> np.ndarray:
    """Smooth periodic noise of about -1..1 with `cells` cells a side, float32 [size,size]."""
    rows = cells_y or cells
    values = np.pad(generator.standard_normal((rows, cells), dtype=np.float32), 2, mode="wrap")
    large = (round(size * (cells + 4) / cells), round(size * (rows + 4) / rows))
    smooth = cv2.resize(values, large, interpolation=cv2.INTER_CUBIC)
    left, top = (large[0] - size) // 2, (large[1] - size) // 2
    return smooth[top : top + size, left : left + size]


def fractal(generator: Generator, cells: int, octaves: int) -> np.ndarray:
    """Several octaves of periodic noise, of unit spread, float32 [TILE_PX,TILE_PX]."""
    fields = [noise(generator, min(cells << k, TILE_PX)) / 2**k for k in range(octaves)]
    total = np.sum(fields, axis=0)
    return total / total.std()
