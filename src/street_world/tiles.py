"""One texture tile per material."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from street_world.noise import TILE_PX, fractal, noise

PANE = np.array([0.07, 0.085, 0.10], np.float32)


class Tile(NamedTuple):
    """A texture [TILE_PX,TILE_PX,3], relative to the tint, and its gloss (0 to 255)."""

    rgb: np.ndarray
    gloss: np.ndarray | float = 0.0


def _grey(field: np.ndarray, base: float = 1.0) -> np.ndarray:
    """A grey tile that is lighter where the field [TILE_PX,TILE_PX] is above 0."""
    return np.repeat((base * (1 + field))[..., None], 3, 2)


def _courses(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position across (0 to 1) and within `count` courses of bricks (0 to 1); the course."""
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float32) / TILE_PX
    course = np.floor(y * count)
    return x, y * count - course, course


class Bricks(NamedTuple):
    """The shade of every brick (about 1) and where the joints are, both [TILE_PX,TILE_PX]."""

    tone: np.ndarray
    seam: np.ndarray


def _bricks(
    g: Generator, rows: int, columns: int, joint: float, spread: float, shift: float = 0.5
) -> Bricks:
    """Bricks whose every second row is shifted, with joints in shares of the tile."""
    x, up, row = _courses(rows)
    across = x * columns + shift * (row % 2)
    column = np.floor(across) % columns
    across -= np.floor(across)
    shades = 1 + spread * g.standard_normal((rows, columns)).astype(np.float32)
    tone = shades[row.astype(int), column.astype(int)]
    seam = (np.minimum(up, 1 - up) < joint * rows / 2) | (
        np.minimum(across, 1 - across) < joint * columns / 2
    )
    return Bricks(tone, seam)


def _asphalt(g: Generator) -> Tile:
    grain = 0.16 * g.standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    field = 0.10 * fractal(g, 3, 4) + 0.10 * noise(g, 256) + grain
    cracks = np.abs(fractal(g, 4, 5)) < 0.012
    tile = _grey(field, 0.95)
    tile[cracks] *= 0.55
    return Tile(tile)


def _paving(g: Generator) -> Tile:
    tone, seam = _bricks(g, 4, 4, 0.006, 0.08, 0.0)
    tile = _grey(0.07 * fractal(g, 8, 5) + tone - 1)
    tile[seam] *= 0.55
    return Tile(tile)


def _concrete(g: Generator) -> Tile:
    tile = _grey(0.10 * fractal(g, 2, 7))
    y = np.arange(TILE_PX)
    tile[(y % 256) < 3] *= 0.7
    return Tile(tile)


def _kerb(g: Generator) -> Tile:
    tile = _grey(0.10 * fractal(g, 4, 6))
    tile[(np.arange(TILE_PX) % 256) < 5] *= 0.5
    return Tile(tile)


def _mark(g: Generator) -> Tile:
    wear = fractal(g, 6, 6)
    tile = _grey(0.06 * fractal(g, 16, 4))
    tile[wear > 1.5] *= 0.45
    return Tile(tile)


def _grass(g: Generator) -> Tile:
    blades = noise(g, 256, cells_y=100) + noise(g, 400, cells_y=160)
    field = 0.22 * fractal(g, 3, 5) + 0.25 * blades
    tile = _grey(field)
    tile[..., 0] *= 1 + 0.25 * np.clip(fractal(g, 2, 4), -1, 2)
    return Tile(tile)


def _brick(g: Generator) -> Tile:
    tone, seam = _bricks(g, 26, 8, 0.004, 0.16)
    tile = _grey(tone - 1 + 0.06 * fractal(g, 8, 6))
    tile[seam] = 0.75
    return Tile(tile)


def _plaster(g: Generator) -> Tile:
    streaks = noise(g, 48, cells_y=3)
    return Tile(_grey(0.05 * fractal(g, 2, 7) + 0.04 * streaks))


def _leaves(g: Generator) -> Tile:
    field = np.clip(fractal(g, 24, 4), -1.6, 1.6)
    tile = _grey(0.42 * field)
    tile[..., 0] *= 1.0 + 0.2 * np.clip(noise(g, 12), -1, 1)
    return Tile(tile)


def _bark(g: Generator) -> Tile:
    return Tile(_grey(0.3 * noise(g, 48, cells_y=6) + 0.15 * fractal(g, 8, 5)))


def _tiles(g: Generator) -> Tile:
    tone, _ = _bricks(g, 12, 10, 0.004, 0.12)
    _, up, _ = _courses(12)
    return Tile(_grey(tone - 1 + 0.35 * (up - 0.5)))


def _wood(g: Generator) -> Tile:
    x = np.arange(TILE_PX)
    tile = _grey(0.16 * noise(g, 40, cells_y=4) + 0.06 * fractal(g, 8, 5))
    tile[:, (x % 64) < 3] *= 0.5
    return Tile(tile)


def _fabric(g: Generator) -> Tile:
    return Tile(_grey(0.12 * fractal(g, 6, 6)))


def clean(g: Generator) -> Tile:
    """A smooth surface, for all materials without a tile of their own."""
    return Tile(_grey(0.03 * fractal(g, 2, 6)))


class Window(NamedTuple):
    """A pane of glass, in shares of the tile, y upwards."""

    x0: float
    x1: float
    y0: float
    y1: float


def _rect(
    picture: np.ndarray, x0: float, x1: float, y0: float, y1: float, value: ArrayLike
) -> None:
    """Fills a rectangle given in shares of the tile, y upwards."""
    n = TILE_PX
    picture[int(y0 * n) : int(y1 * n), int(x0 * n) : int(x1 * n)] = value


def _wall(g: Generator, kind: str) -> np.ndarray:
    """What is between the windows: "brick", "panel" or "plaster"."""
    if kind == "brick":
        tone, seam = _bricks(g, 40, 14, 0.0035, 0.15)
        rgb = _grey(tone - 1 + 0.06 * fractal(g, 4, 6), 0.8)
        rgb[seam] = 0.72
        return rgb
    if kind == "panel":
        rgb = _grey(0.05 * fractal(g, 3, 6))
        _rect(rgb, 0, 1, 0, 0.012, 0.45)
        _rect(rgb, 0, 0.01, 0, 1, 0.45)
        return rgb
    return _grey(0.05 * fractal(g, 3, 6) + 0.03 * noise(g, 40, cells_y=3))


def _glaze(rgb: np.ndarray, gloss: np.ndarray, window: Window, frame: float) -> None:
    """Draws a frame, a sill and dark glass, which is set to gloss, in place."""
    x0, x1, y0, y1 = window
    _rect(rgb, x0 - 0.025, x1 + 0.025, y0 - 0.025, y1 + 0.025, frame)
    _rect(rgb, x0 - 0.05, x1 + 0.05, y0 - 0.055, y0 - 0.025, 1.1)
    _rect(rgb, x0, x1, y0, y1, PANE)
    _rect(gloss, x0, x1, y0, y1, 255)


def _curtains(g: Generator, rgb: np.ndarray, window: Window) -> None:
    """Draws a hint of a curtain on both sides of a window, in place."""
    x0, x1, y0, y1 = window
    width = (x1 - x0) * g.uniform(0.15, 0.3)
    for a in (x0, x1 - width):
        _rect(rgb, a, a + width, y0, y1, PANE + 0.12)


def _bars(rgb: np.ndarray, gloss: np.ndarray, window: Window, bars: int, frame: float) -> None:
    """Draws the upright bars of a window, and a level one if there are any, in place."""
    x0, x1, y0, y1 = window
    for k in range(1, bars + 1):
        x = x0 + (x1 - x0) * k / (bars + 1)
        _rect(rgb, x - 0.012, x + 0.012, y0, y1, frame)
        _rect(gloss, x - 0.012, x + 0.012, y0, y1, 0)
    if bars:
        y = y0 + 0.68 * (y1 - y0)
        _rect(rgb, x0, x1, y - 0.01, y + 0.01, frame)


def _facade(wall: str, windows: list[Window], bars: int, frame: float) -> Callable[..., Tile]:
    """The maker of a bay of a facade, one floor high."""

    def make(g: Generator) -> Tile:
        rgb, gloss = _wall(g, wall), np.zeros((TILE_PX, TILE_PX), np.float32)
        for window in windows:
            _glaze(rgb, gloss, window, frame)
            _curtains(g, rgb, window)
            _bars(rgb, gloss, window, bars, frame)
        return Tile(rgb, gloss)

    return make


def _shop(g: Generator) -> Tile:
    rgb, gloss = _wall(g, "panel"), np.zeros((TILE_PX, TILE_PX), np.float32)
    window = Window(0.06, 0.94, 0.12, 0.78)
    _glaze(rgb, gloss, window, 0.12)
    _bars(rgb, gloss, window, 1, 0.12)
    goods = g.uniform(0.05, 0.5, (3, 9, 3)).astype(np.float32)
    for row in range(3):
        for k in range(9):
            x, y = 0.09 + 0.093 * k, 0.14 + 0.16 * row
            _rect(rgb, x, x + 0.07, y, y + g.uniform(0.05, 0.13), goods[row, k])
    return Tile(rgb, gloss * 0.6)


MAKERS = {
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
    "facade0": _facade("plaster", [Window(0.3, 0.7, 0.28, 0.80)], 1, 0.85),
    "facade1": _facade("brick", [Window(0.27, 0.73, 0.27, 0.82)], 1, 0.8),
    "facade2": _facade(
        "plaster", [Window(0.12, 0.42, 0.28, 0.78), Window(0.58, 0.88, 0.28, 0.78)], 0, 0.3
    ),
    "facade3": _facade("panel", [Window(0.03, 0.97, 0.10, 0.94)], 2, 0.25),
    "facade4": _facade("panel", [Window(0.0, 1.0, 0.38, 0.82)], 3, 0.35),
    "facade5": _facade("brick", [Window(0.34, 0.66, 0.10, 0.84)], 1, 0.9),
}
