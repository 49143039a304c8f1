"""All tiles in one picture with their reduced copies (mip-map), and looking values up in it."""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from street_world.materials import NAMES
from street_world.noise import TILE_PX, fractal
from street_world.tiles import MAKERS, clean

LEVELS = 8
COLUMNS = 6
_PAD = 1


class Atlas(NamedTuple):
    """All tiles at all sizes, `image` uint8 [rows,columns,4].

    Channels: reflectance relative to the tint (255 = 1.6, linear), and gloss. Tile k of level i
    stands in row k // COLUMNS and column k % COLUMNS below image row `starts[i]`; it is `sizes[i]`
    px wide and padded by one pixel of its own far side, so that interpolation wraps.
    """

    image: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    """The atlas, which is the same in every world."""
    tiles = _tiles(np.random.default_rng(20240607))
    sizes = np.array([TILE_PX >> k for k in range(LEVELS)])
    rows_of_tiles = -(-len(tiles) // COLUMNS)
    starts = np.concatenate([[0], np.cumsum((sizes + 2 * _PAD) * rows_of_tiles)])
    image = np.zeros((starts[-1], COLUMNS * (TILE_PX + 2 * _PAD), 4), np.uint8)
    for level, size in enumerate(sizes):
        step = size + 2 * _PAD
        for k, tile in enumerate(tiles):
            y, x = starts[level] + (k // COLUMNS) * step, (k % COLUMNS) * step
            padded = np.pad(tile, ((_PAD, _PAD), (_PAD, _PAD), (0, 0)), mode="wrap")
            image[y : y + step, x : x + step] = np.round(padded)
        tiles = [_reduce(tile) for tile in tiles]
    return Atlas(image, starts[:-1].astype(np.float32), sizes.astype(np.float32))


def _tiles(generator: Generator) -> list[np.ndarray]:
    """The tiles of all materials at full size, float32 [TILE_PX,TILE_PX,4]."""
    tiles = []
    for name in NAMES:
        rgb, gloss = MAKERS.get(name, clean)(generator)
        gloss = np.broadcast_to(np.asarray(gloss, np.float32), rgb.shape[:2])
        tiles.append(np.dstack([np.clip(rgb, 0, 1.6) * (255 / 1.6), gloss]).astype(np.float32))
    return tiles


def _reduce(tile: np.ndarray) -> np.ndarray:
    """The tile at half its size."""
    height, width = tile.shape[:2]
    return cv2.resize(tile, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def look_up(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Values of a picture at pixel positions x, y [N], interpolated: [N] or [N,channels]."""
    count = len(x)
    padded = -(-max(count, 1) // 1024) * 1024
    map_x, map_y = (
        np.resize(m.astype(np.float32, copy=False), padded).reshape(-1, 1024) for m in (x, y)
    )
    values = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return values.reshape(padded, *picture.shape[2:])[:count]


def sample(material: np.ndarray, u: np.ndarray, v: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Texture values float32 [4,N] of tiles `material` at (u, v) in periods, at mip `level` (int).

    The first three are reflectances relative to the tint, the last is gloss.
    """
    image, starts, sizes = atlas()
    size = sizes[level]
    step = size + np.float32(2 * _PAD)
    row, col = np.divmod(material, COLUMNS)
    x = col * step + (u - np.floor(u)) * size + np.float32(_PAD - 0.5)
    y = starts[level] + row * step + (v - np.floor(v)) * size + np.float32(_PAD - 0.5)
    values = look_up(image, x, y)
    scale = np.array([1.6, 1.6, 1.6, 1], np.float32) / 255
    return np.stack([values[:, k] * scale[k] for k in range(4)])


@lru_cache(maxsize=1)
def clouds() -> np.ndarray:
    """A periodic field of clouds, float32 [512,512] of unit spread."""
    return fractal(np.random.default_rng(7), 4, 7).astype(np.float32)


@lru_cache(maxsize=1)
def grain() -> np.ndarray:
    """Unit normal noise, float32 [1024,2048,3]: a frame's sensor noise at a random offset."""
    channels = np.random.default_rng(11).standard_normal((3, 1024, 2048), dtype=np.float32)
    return cv2.merge(list(channels))
