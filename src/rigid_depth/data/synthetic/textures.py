"""Procedural textures: one tile per material, all in one picture with its reduced copies
(mip-map)."""

from functools import lru_cache

import cv2
import numpy as np

from rigid_depth.data.synthetic.materials import NAMES

TILE_PX = 512
LEVELS = 8
COLUMNS = 6
_PAD = 1


def noise(generator, cells: int, size: int = TILE_PX, cells_y: int | None = None) -> np.ndarray:
    """Smooth periodic noise of about -1..1 with ``cells`` cells a side, float32 [size,size]."""
    rows = cells_y or cells
    values = np.pad(generator.standard_normal((rows, cells), dtype=np.float32), 2, mode="wrap")
    large = (round(size * (cells + 4) / cells), round(size * (rows + 4) / rows))
    smooth = cv2.resize(values, large, interpolation=cv2.INTER_CUBIC)
    left, top = (large[0] - size) // 2, (large[1] - size) // 2
    return smooth[top : top + size, left : left + size]


def fractal(generator, cells: int, octaves: int, size: int = TILE_PX) -> np.ndarray:
    """Several octaves of periodic noise, of unit spread."""
    total = sum(noise(generator, min(cells << k, size), size) / 2**k for k in range(octaves))
    return total / total.std()


def _flat(value) -> np.ndarray:
    return np.full((TILE_PX, TILE_PX, 3), value, np.float32)


def _shade(field: np.ndarray, strength: float, base=1.0) -> np.ndarray:
    return np.repeat((base * (1 + strength * field))[..., None], 3, 2)


def _rows(count: int, shift=0.0):
    """Position within bricks of ``count`` rows: (across 0..1, up 0..1, brick number)."""
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float32) / TILE_PX
    row = np.floor(y * count)
    return x, y * count - row, row, shift * (row % 2)


def _bricks(generator, rows, columns, joint, spread, shift=0.5):
    x, up, row, offset = _rows(rows, shift)
    across = x * columns + offset
    column = np.floor(across) % columns
    across -= np.floor(across)
    shades = 1 + spread * generator.standard_normal((rows, columns)).astype(np.float32)
    tone = shades[row.astype(int), column.astype(int)]
    seam = (np.minimum(up, 1 - up) < joint * rows / 2) | (
        np.minimum(across, 1 - across) < joint * columns / 2
    )
    return tone, seam


def _asphalt(g):
    grain = 0.16 * g.standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    field = 0.10 * fractal(g, 3, 4) + 0.10 * noise(g, 256) + grain
    cracks = np.abs(fractal(g, 4, 5)) < 0.012
    tile = _shade(field, 1.0, 0.95)
    tile[cracks] *= 0.55
    return tile, 0


def _paving(g):
    tone, seam = _bricks(g, 4, 4, 0.006, 0.08, 0.0)
    tile = _shade(0.07 * fractal(g, 8, 5) + tone - 1, 1.0)
    tile[seam] *= 0.55
    return tile, 0


def _concrete(g):
    tile = _shade(0.10 * fractal(g, 2, 7), 1.0)
    y = np.arange(TILE_PX)
    tile[(y % 256) < 3] *= 0.7
    return tile, 0


def _kerb(g):
    tile = _shade(0.10 * fractal(g, 4, 6), 1.0)
    tile[(np.arange(TILE_PX) % 256) < 5] *= 0.5
    return tile, 0


def _mark(g):
    wear = fractal(g, 6, 6)
    tile = _shade(0.06 * fractal(g, 16, 4), 1.0)
    tile[wear > 1.5] *= 0.45
    return tile, 0


def _grass(g):
    blades = noise(g, 256, cells_y=100) + noise(g, 400, cells_y=160)
    field = 0.22 * fractal(g, 3, 5) + 0.25 * blades
    tile = _shade(field, 1.0)
    tile[..., 0] *= 1 + 0.25 * np.clip(fractal(g, 2, 4), -1, 2)
    return tile, 0


def _brick(g):
    tone, seam = _bricks(g, 26, 8, 0.004, 0.16)
    tile = _shade(tone - 1 + 0.06 * fractal(g, 8, 6), 1.0)
    tile[seam] = 0.75
    return tile, 0


def _plaster(g):
    streaks = noise(g, 48, cells_y=3)
    return _shade(0.05 * fractal(g, 2, 7) + 0.04 * streaks, 1.0), 0


def _leaves(g):
    field = np.clip(fractal(g, 24, 4), -1.6, 1.6)
    tile = _shade(0.42 * field, 1.0)
    tile[..., 0] *= 1.0 + 0.2 * np.clip(noise(g, 12), -1, 1)
    return tile, 0


def _bark(g):
    return _shade(0.3 * noise(g, 48, cells_y=6) + 0.15 * fractal(g, 8, 5), 1.0), 0


def _tiles(g):
    tone, _ = _bricks(g, 12, 10, 0.004, 0.12)
    _, up, _, _ = _rows(12)
    return _shade(tone - 1 + 0.35 * (up - 0.5), 1.0), 0


def _wood(g):
    x = np.arange(TILE_PX)
    tile = _shade(0.16 * noise(g, 40, cells_y=4) + 0.06 * fractal(g, 8, 5), 1.0)
    tile[:, (x % 64) < 3] *= 0.5
    return tile, 0


def _fabric(g):
    return _shade(0.12 * fractal(g, 6, 6), 1.0), 0


def _clean(g):
    return _shade(0.03 * fractal(g, 2, 6), 1.0), 0


def _rect(mask, x0, x1, y0, y1, value):
    """Fill a rectangle given in shares of the tile, y upwards."""
    n = TILE_PX
    mask[int(y0 * n) : int(y1 * n), int(x0 * n) : int(x1 * n)] = value


def _wall(g, kind):
    if kind == "brick":
        tone, seam = _bricks(g, 40, 14, 0.0035, 0.15)
        tile = _shade(tone - 1 + 0.06 * fractal(g, 4, 6), 1.0, 0.8)
        tile[seam] = 0.72
        return tile
    if kind == "panel":
        tile = _shade(0.05 * fractal(g, 3, 6), 1.0)
        _rect(tile, 0, 1, 0, 0.012, 0.45)
        _rect(tile, 0, 0.01, 0, 1, 0.45)
        return tile
    return _shade(0.05 * fractal(g, 3, 6) + 0.03 * noise(g, 40, cells_y=3), 1.0)


def _pane(g, tile, gloss, x0, x1, y0, y1, bars, frame_tint, curtain=True):
    """One window: frame, dark glass, bars and a hint of a curtain; sets the gloss of the glass."""
    _rect(tile, x0 - 0.025, x1 + 0.025, y0 - 0.025, y1 + 0.025, frame_tint)
    _rect(tile, x0 - 0.05, x1 + 0.05, y0 - 0.055, y0 - 0.025, 1.1)
    dark = np.array([0.07, 0.085, 0.10], np.float32)
    _rect(tile, x0, x1, y0, y1, dark)
    _rect(gloss, x0, x1, y0, y1, 255)
    if curtain:
        width = (x1 - x0) * g.uniform(0.15, 0.3)
        for a in (x0, x1 - width):
            _rect(tile, a, a + width, y0, y1, dark + 0.12)
    for k in range(1, bars + 1):
        x = x0 + (x1 - x0) * k / (bars + 1)
        _rect(tile, x - 0.012, x + 0.012, y0, y1, frame_tint)
        _rect(gloss, x - 0.012, x + 0.012, y0, y1, 0)
    if bars:
        y = y0 + 0.68 * (y1 - y0)
        _rect(tile, x0, x1, y - 0.01, y + 0.01, frame_tint)


def _facade(wall, windows, bars, frame):
    def make(g):
        tile = _wall(g, wall)
        gloss = np.zeros((TILE_PX, TILE_PX), np.float32)
        for x0, x1, y0, y1 in windows:
            _pane(g, tile, gloss, x0, x1, y0, y1, bars, frame)
        return tile, gloss

    return make


def _shop(g):
    tile = _wall(g, "panel")
    gloss = np.zeros((TILE_PX, TILE_PX), np.float32)
    _pane(g, tile, gloss, 0.06, 0.94, 0.12, 0.78, 1, 0.12, curtain=False)
    goods = g.uniform(0.05, 0.5, (3, 9, 3)).astype(np.float32)
    for row in range(3):
        for k in range(9):
            x, y = 0.09 + 0.093 * k, 0.14 + 0.16 * row
            _rect(tile, x, x + 0.07, y, y + g.uniform(0.05, 0.13), goods[row, k])
    return tile, gloss * 0.6


_MAKERS = {
    "asphalt": _asphalt,
    "paving": _paving,
    "concrete": _concrete,
    "kerb": _kerb,
    "mark": _mark,
    "grass": _grass,
    "brick": _brick,
    "plaster": _plaster,
    "leaves": _leaves,
    "bark": _bark,
    "tiles": _tiles,
    "wood": _wood,
    "cloth": _fabric,
    "shop": _shop,
    "facade0": _facade("plaster", [(0.3, 0.7, 0.28, 0.80)], 1, 0.85),
    "facade1": _facade("brick", [(0.27, 0.73, 0.27, 0.82)], 1, 0.8),
    "facade2": _facade("plaster", [(0.12, 0.42, 0.28, 0.78), (0.58, 0.88, 0.28, 0.78)], 0, 0.3),
    "facade3": _facade("panel", [(0.03, 0.97, 0.10, 0.94)], 2, 0.25),
    "facade4": _facade("panel", [(0.0, 1.0, 0.38, 0.82)], 3, 0.35),
    "facade5": _facade("brick", [(0.34, 0.66, 0.10, 0.84)], 1, 0.9),
}


def _reduce(tile: np.ndarray) -> np.ndarray:
    return cv2.resize(tile, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


@lru_cache(maxsize=1)
def atlas():
    """All tiles at all sizes: (uint8 [rows, columns, 4], rows of each level's first tile, tile
    sizes).

    Channels: reflectance relative to the tint (255 = 1.6, linear), and gloss. Tile k of a level
    stands in
    row k // COLUMNS and column k % COLUMNS; each is padded by one pixel of its own far side, so
    that
    interpolation wraps.
    """
    generator = np.random.default_rng(20240607)
    tiles = []
    for name in NAMES:
        rgb, gloss = _MAKERS.get(name, _clean)(generator)
        gloss = np.broadcast_to(np.asarray(gloss, np.float32), rgb.shape[:2])
        tiles.append(np.dstack([np.clip(rgb, 0, 1.6) * (255 / 1.6), gloss]).astype(np.float32))
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
    return image, starts[:-1].astype(np.float32), sizes.astype(np.float32)


def look_up(picture, x, y) -> np.ndarray:
    """Values of a picture at pixel positions x, y [N], interpolated: [N] or [N,channels]."""
    count = len(x)
    padded = -(-max(count, 1) // 1024) * 1024
    maps = [np.resize(m.astype(np.float32, copy=False), padded).reshape(-1, 1024) for m in (x, y)]
    values = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return values.reshape(padded, *picture.shape[2:])[:count]


def sample(material, u, v, level) -> np.ndarray:
    """Texture values float32 [4,N] of tiles ``material`` at (u, v) in periods, at mip ``level``
    (int).

    The first three are reflectances relative to the tint, the last is gloss.
    """
    image, starts, sizes = atlas()
    size = sizes[level]
    step = size + np.float32(2 * _PAD)
    row, col = np.divmod(material, COLUMNS)
    x = col * step + (u - np.floor(u)) * size + np.float32(_PAD - 0.5)
    y = starts[level] + row * step + (v - np.floor(v)) * size + np.float32(_PAD - 0.5)
    values = look_up(image, x, y)
    scale = np.float32([1.6, 1.6, 1.6, 1]) / 255
    return np.stack([values[:, k] * scale[k] for k in range(4)])


@lru_cache(maxsize=1)
def clouds() -> np.ndarray:
    """A periodic field of clouds, float32 [512,512] of unit spread."""
    return fractal(np.random.default_rng(7), 4, 7).astype(np.float32)


@lru_cache(maxsize=1)
def grain() -> np.ndarray:
    """Unit normal noise, float32 [1024,2048,3]: a frame's sensor noise at a random offset."""
    generator = np.random.default_rng(11)
    return cv2.merge(generator.standard_normal((3, 1024, 2048), dtype=np.float32))
