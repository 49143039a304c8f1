"""Buildings: blocks with window bays and floors, shops, houses with gabled roofs, towers."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from street_world.materials import FACADES, M
from street_world.mesh import Mesh, box, merge, place, quads
from street_world.streets import Street

_WALLS = np.array(
    [
        [0.62, 0.58, 0.50],
        [0.72, 0.70, 0.66],
        [0.55, 0.42, 0.32],
        [0.48, 0.50, 0.52],
        [0.66, 0.52, 0.38],
        [0.40, 0.45, 0.50],
        [0.70, 0.62, 0.48],
        [0.52, 0.34, 0.28],
    ]
)


@dataclass(frozen=True)
class Measures:
    """What the buildings along one street share: heights of floors and widths of bays in m."""

    floor_m: float
    bay_m: float
    ground_m: float
    shops: bool


class Storeys(NamedTuple):
    """Some floors of a wall, of one material, between two heights (m)."""

    low: float
    high: float
    floors: float
    material: int
    tint: np.ndarray
    first: float = 0


def _wall(
    plan: list[tuple[float, float]], k: int, storeys: list[Storeys], bay_m: float, group: int
) -> list[Mesh]:
    """The wall from corner `k` of a ground plan to the next, with texture in bays and floors."""
    a, b = plan[k], plan[(k + 1) % len(plan)]
    bays = max(1, round(np.hypot(b[0] - a[0], b[1] - a[1]) / bay_m))
    parts = []
    for low, high, floors, material, tint, first in storeys:
        corners = [[*a, low], [*b, low], [*b, high], [*a, high]]
        uv = [[0, first], [bays, first], [bays, first + floors], [0, first + floors]]
        parts.append(quads([corners], [uv], material, tint, group))
    return parts


def make_block(
    width: float, depth: float, floors: int, measures: Measures, group: int, generator: Generator
) -> Mesh:
    """A block of flats or shops; x along the street, its front at y = 0 facing -y, ground z = 0."""
    ground_m = measures.ground_m
    tint = _WALLS[generator.integers(len(_WALLS))] * generator.uniform(0.75, 1.15)
    facade = FACADES[generator.integers(len(FACADES))]
    top = ground_m + (floors - 1) * measures.floor_m
    x0, x1 = -width / 2, width / 2
    plan = [(x0, 0), (x1, 0), (x1, depth), (x0, depth)]
    parts = []
    for k in range(4):
        ground = M["shop"] if measures.shops and k == 0 else facade
        storeys = [
            Storeys(-2.0, 0, 0.4, M["concrete"], tint * 0.6),
            Storeys(0, ground_m, 1, ground, tint),
            Storeys(ground_m, top, floors - 1, facade, tint, first=1),
        ]
        parts += _wall(plan, k, storeys, measures.bay_m, group)
    parts.append(box([x0, 0, top], [x1, depth, top + 0.05], M["concrete"], 0.3, group, faces=[4]))
    eaves = generator.uniform(0.1, 0.5)
    low, high = [x0 - eaves, -eaves, top], [x1 + eaves, depth, top + generator.uniform(0.3, 0.9)]
    parts.append(box(low, high, M["plaster"], tint * 0.8, group))
    if measures.shops:
        parts += _awning(x0, x1, ground_m, group, generator)
    elif generator.random() < 0.5:
        parts += _balconies(x0, x1, floors, measures, tint, group)
    if generator.random() < 0.4:
        cx, cy = generator.uniform(x0 * 0.5, x1 * 0.5), depth * generator.uniform(0.3, 0.7)
        low, high = [cx - 2, cy - 2, top], [cx + 2, cy + 2, top + 2.8]
        parts.append(box(low, high, M["plaster"], tint * 0.7, group))
    return merge(parts)


def _awning(x0: float, x1: float, ground_m: float, group: int, generator: Generator) -> list[Mesh]:
    """An awning above the shops, and the board with their names."""
    colour = generator.uniform(0.05, 0.7, 3)
    low, high = [x0 + 0.5, -1.1, ground_m - 0.55], [x1 - 0.5, 0, ground_m - 0.3]
    awning = box(low, high, M["cloth"], colour, group)
    low, high = [x0 + 0.3, -0.12, ground_m - 0.3], [x1 - 0.3, 0, ground_m + 0.25]
    return [awning, box(low, high, M["plaster"], colour[::-1], group)]


def _balconies(
    x0: float, x1: float, floors: int, measures: Measures, tint: np.ndarray, group: int
) -> list[Mesh]:
    """Balconies on every second bay."""
    bays = max(1, round((x1 - x0) / measures.bay_m))
    step = (x1 - x0) / bays
    x, z = np.meshgrid(
        x0 + 0.3 + step * np.arange(0, bays, 2),
        measures.ground_m + measures.floor_m * np.arange(floors - 1),
    )
    low = np.stack([x.ravel(), np.full(x.size, -1.1), z.ravel()], -1)
    wide = step - 0.6
    floor = box(low - [0, 0, 0.12], low + np.array([wide, 1.1, 0.05]), M["concrete"], 0.45, group)
    return [floor, box(low, low + np.array([wide, 0.05, 0.95]), M["metal"], tint * 0.6, group)]


def make_house(
    width: float, depth: float, measures: Measures, group: int, generator: Generator
) -> Mesh:
    """A detached house with a gabled roof; its front at y = 0 facing -y."""
    tint = _WALLS[generator.integers(len(_WALLS))] * generator.uniform(0.8, 1.2)
    floors = int(generator.integers(1, 3))
    eaves = 0.4 + floors * measures.floor_m
    ridge = eaves + depth * generator.uniform(0.28, 0.5)
    facade = FACADES[generator.choice([0, 1, 2, 5])]
    x0, x1 = -width / 2, width / 2
    plan = [(x0, 0), (x1, 0), (x1, depth), (x0, depth)]
    storeys = [
        Storeys(-2.0, 0.4, 0.5, M["concrete"], tint * 0.6),
        Storeys(0.4, eaves, floors, facade, tint),
    ]
    parts = []
    for k in range(4):
        parts += _wall(plan, k, storeys, measures.bay_m, group)
    parts += _roof(width, depth, eaves, ridge, group, generator)
    for x in (x0, x1):
        gable = [[x, 0, eaves], [x, depth, eaves], [x, depth / 2, ridge], [x, depth / 2, ridge]]
        uv = [[0, 0], [depth, 0], [depth / 2, 3], [depth / 2, 3]]
        parts.append(quads([gable], [uv], M["plaster"], tint, group))
    cx = generator.uniform(x0 * 0.6, x1 * 0.6)
    low, high = [cx, depth * 0.4, eaves], [cx + 0.7, depth * 0.4 + 0.7, ridge + 0.7]
    parts.append(box(low, high, M["brick"], (0.3, 0.14, 0.1), group))
    door = x0 + width * generator.uniform(0.2, 0.7)
    wood = generator.uniform(0.05, 0.35, 3)
    parts.append(box([door, -0.06, 0], [door + 1.0, 0, 2.3], M["wood"], wood, group))
    parts.append(box([door - 0.3, -1.0, -1], [door + 1.3, 0, 0.15], M["concrete"], 0.4, group))
    return merge(parts)


def _roof(
    width: float, depth: float, eaves: float, ridge: float, group: int, generator: Generator
) -> list[Mesh]:
    """The two halves of a gabled roof that stands out by 0.45 m."""
    o, tint = 0.45, np.full(3, 0.09)
    if generator.random() < 0.6:
        tint = np.array([0.30, 0.12, 0.08]) * generator.uniform(0.5, 1.3)
    x0, x1 = -width / 2 - o, width / 2 + o
    run = np.hypot(depth / 2 + o, ridge - eaves)
    uv = [[0, 0], [width + 2 * o, 0], [width + 2 * o, run], [0, run]]
    parts = []
    for y in (-o, depth + o):
        low = eaves - 0.2
        corner = [[x0, y, low], [x1, y, low], [x1, depth / 2, ridge], [x0, depth / 2, ridge]]
        parts.append(quads([corner], [uv], M["tiles"], tint, group))
    return parts


def make_tower(width: float, depth: float, height: float, group: int, generator: Generator) -> Mesh:
    """A plain distant tower centred on the origin."""
    tint = _WALLS[generator.integers(len(_WALLS))] * generator.uniform(0.6, 1.0)
    facade = FACADES[generator.integers(len(FACADES))]
    mesh = box([-width / 2, -depth / 2, -3], [width / 2, depth / 2, height], facade, tint, group)
    return replace(mesh, uv=mesh.uv / np.array([3.2, 3.4], np.float32))


def on_street(mesh: Mesh, street: Street, s: float, d_front: float) -> Mesh:
    """The building with its front (y = 0) at offset `d_front`, facing the street."""
    point = street.point(s, d_front)
    _, heading = street.at(s, d_front)
    yaw = float(heading) if d_front > 0 else float(heading) + np.pi
    return place(mesh, point, yaw_rad=yaw)
