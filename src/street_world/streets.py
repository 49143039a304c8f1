"""Streets: terrain, the course of the road, its surface, marks, kerbs and pavements.

Places are given as (s, d): metres along the street and metres to the left of its centre line.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from street_world.materials import M
from street_world.mesh import Mesh, grid, merge, quads, select
from street_world.style import Look

KERB_M = 0.14
MARK_LIFT_M = 0.006
LINE_M = 0.12  # width of painted lines
STEP_M = 2.0
EGO_START_M = 60.0  # where on the street the ego car begins its drive

Gaps = tuple[tuple[float, float], ...]
"""Stretches (s0, s1) of a street in m, sorted and disjoint."""


@dataclass(frozen=True)
class Terrain:
    """A smooth landscape: an inclined plane and a few long waves."""

    slope: np.ndarray  # [2]
    waves: np.ndarray  # [K,4]: wave vector x, y (1/m), phase (rad), amplitude (m)

    def height(self, xy: ArrayLike) -> np.ndarray:
        """Height in m above the datum at points [*,2]."""
        xy = np.asarray(xy, float)
        phase = xy @ self.waves[:, :2].T + self.waves[:, 2]
        return np.asarray(xy @ self.slope + np.sin(phase) @ self.waves[:, 3])


@dataclass(frozen=True)
class Street:
    """A road of half width `half_road` between pavements of width `pavement` (m).

    `course` [N,3] holds x, y (m) and heading (rad) for every metre from `start`; `lanes` of width
    `lane_m` lead in each direction; houses stand `setback` m behind the pavement.
    """

    course: np.ndarray
    start: float
    half_road: float
    pavement: float
    setback: float
    lanes: int
    lane_m: float
    terrain: Terrain

    @property
    def end(self) -> float:
        """Where the street ends, in metres along it."""
        return self.start + len(self.course) - 1

    def at(self, s: ArrayLike, d: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Ground plan position [*,2] (m) and heading [*] (rad) at (s, d)."""
        s, d = np.asarray(s, float), np.asarray(d, float)
        k = np.minimum(np.maximum(s - self.start, 0), len(self.course) - 1)
        low = np.minimum(k.astype(int), len(self.course) - 2)
        part = (k - low)[..., None]
        place = self.course[low] * (1 - part) + self.course[low + 1] * part
        x, y, heading = place[..., 0], place[..., 1], place[..., 2]
        xy = np.empty((*np.broadcast_shapes(s.shape, d.shape), 2))
        xy[..., 0], xy[..., 1] = x - d * np.sin(heading), y + d * np.cos(heading)
        return xy, heading

    def point(self, s: ArrayLike, d: ArrayLike, lift: ArrayLike = 0.0) -> np.ndarray:
        """World position [*,3] at (s, d), `lift` metres above the terrain."""
        xy, _ = self.at(s, d)
        return np.concatenate([xy, (self.terrain.height(xy) + lift)[..., None]], -1)


def make_terrain(generator: Generator) -> Terrain:
    """A random landscape with slopes of up to some percent."""
    heading = generator.uniform(0, 2 * np.pi)
    grade = generator.normal(0, 0.018)
    count = 4
    wavelength = generator.uniform(110, 320, count)
    angle = generator.uniform(0, 2 * np.pi, count)
    vector = (2 * np.pi / wavelength)[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    amplitude = generator.uniform(0.1, 0.9, count) * wavelength / 200
    phase = generator.uniform(0, 2 * np.pi, count)
    slope = grade * np.array([np.cos(heading), np.sin(heading)])
    return Terrain(slope, np.column_stack([vector, phase, amplitude]))


def make_course(length_m: int, bend: float, heading: float, generator: Generator) -> np.ndarray:
    """A course [N,3] of `length_m` metres with bends of curvature up to about `bend` (1/m)."""
    s = np.arange(length_m + 1.0)
    curvature = np.zeros_like(s)
    centre = generator.uniform(10, 60)
    while centre < length_m:
        width = generator.uniform(12, 40)
        curvature += generator.uniform(-bend, bend) * np.exp(-(((s - centre) / width) ** 2))
        centre += generator.uniform(40, 110)
    curvature = np.clip(curvature, -1 / 45, 1 / 45)
    theta = heading + np.cumsum(curvature) - curvature[0]
    x = np.concatenate([[0], np.cumsum(np.cos(theta[:-1]))])
    y = np.concatenate([[0], np.cumsum(np.sin(theta[:-1]))])
    return np.column_stack([x, y, theta])


class Band(NamedTuple):
    """A band along a street: offsets `d0`, `d1` of its edges, their heights above the terrain."""

    d0: float
    d1: float
    lift0: float
    lift1: float
    material: str
    tint: np.ndarray


def strip(street: Street, s: np.ndarray, band: Band) -> Mesh:
    """The surface of a band through the places `s` [N], with texture in metres."""
    d0, d1, lift0, lift1, material, tint = band
    d = np.array([d0, d1], float)
    points = street.point(s[:, None], d[None], np.array([lift0, lift1])[None])
    across = np.array([0.0, np.hypot(d1 - d0, lift1 - lift0)]) + min(d0, d1)
    uv = np.stack(np.broadcast_arrays(across[None], s[:, None]), -1)
    return grid(points, uv, M[material], tint)


class Patch(NamedTuple):
    """Rectangles on a street between places and offsets, [Q] or single."""

    s0: ArrayLike
    s1: ArrayLike
    d0: ArrayLike
    d1: ArrayLike


def rectangles(
    street: Street, patch: Patch, tint: ArrayLike, lift: float = MARK_LIFT_M, material: str = "mark"
) -> Mesh:
    """Short rectangles on the street, one quad each; `tint` is [3] or [Q,3]."""
    s0, s1, d0, d1 = np.broadcast_arrays(*np.atleast_1d(*patch))
    s, d = np.stack([s0, s1, s1, s0], -1), np.stack([d0, d0, d1, d1], -1)
    return quads(street.point(s, d, lift), np.stack([d, s], -1), M[material], tint)


def line(street: Street, s0: float, s1: float, d: float, tint: np.ndarray) -> Mesh:
    """A long painted line at offset `d`."""
    half = LINE_M / 2
    band = Band(d - half, d + half, MARK_LIFT_M, MARK_LIFT_M, "mark", tint)
    return strip(street, _steps(s0, s1), band)


def stretches(low: float, high: float, gaps: Gaps) -> list[tuple[float, float]]:
    """What is left of [low, high] without the gaps."""
    edges = [low, *[e for gap in gaps for e in gap], high]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def _steps(a: float, b: float) -> np.ndarray:
    """Places [N] from a to b, at most STEP_M apart."""
    return np.linspace(a, b, max(2, int(np.ceil((b - a) / STEP_M)) + 1))


def surface(street: Street, gaps: Gaps, look: Look) -> Mesh:
    """Road, kerbs, pavements and verges; at `gaps`, the crossings, the sides are open."""
    w, p = street.half_road, street.pavement
    road = Band(-w, w, 0, 0, "asphalt", look.asphalt)
    parts = [strip(street, _steps(street.start, street.end), road)]
    front = w + p + street.setback
    bands = [
        Band(w, w, 0, KERB_M, "kerb", look.kerb),
        Band(w, w + 0.16, KERB_M, KERB_M, "kerb", look.kerb),
        Band(w + 0.16, w + p, KERB_M, KERB_M, look.pavement_material, look.pavement),
        Band(w + p, front, KERB_M, KERB_M + 0.02, look.verge_material, look.verge),
        Band(front, front + 22, KERB_M + 0.02, -0.1, "grass", look.grass),
    ]
    for a, b in stretches(street.start, street.end, gaps):
        s = _steps(a, b)
        for side in (-1, 1):
            for band in bands:
                parts.append(strip(street, s, band._replace(d0=side * band.d0, d1=side * band.d1)))
    return merge(parts)


def marks(street: Street, gaps: Gaps, look: Look, side: int, generator: Generator) -> Mesh:
    """Lane marks, stop lines, zebra crossings, repaired patches and manhole covers."""
    white = np.array([0.8, 0.8, 0.78]) * look.mark_wear
    yellow = np.array([0.75, 0.5, 0.08]) * look.mark_wear
    centre = yellow if look.yellow_centre else white
    parts = []
    for a, b in stretches(street.start, street.end, gaps):
        if b - a > 14:
            parts += _lines(street, a + 5, b - 5, look, white, centre)
    for gap in gaps:
        for s, towards in ((gap[0] - 3.8, 1), (gap[1] + 0.8, -1)):
            if street.start < s < street.end - 5:
                parts += _zebra(street, s, white) if look.zebra else []
                stop = s - 1.6 if towards > 0 else s + 4.2
                half = -street.half_road * side * towards
                d0, d1 = sorted((0.15 * np.sign(half), half * 0.96))
                parts.append(rectangles(street, Patch(stop, stop + 0.4, d0, d1), white))
    return merge(parts + _repairs(street, look, generator))


def _lines(
    street: Street, a: float, b: float, look: Look, white: np.ndarray, centre: np.ndarray
) -> list[Mesh]:
    """The lines along one stretch between crossings."""
    parts = []
    if look.double_centre:
        parts += [line(street, a, b, d, centre) for d in (-0.14, 0.14)]
    offsets = [(k + 1) * street.lane_m * side for k in range(street.lanes - 1) for side in (-1, 1)]
    offsets += [] if look.double_centre else [0.0]
    s = np.arange(a, b - look.dash_m, look.dash_m * look.dash_gap)
    for d in offsets:
        dashes = Patch(s, s + look.dash_m, d - 0.07, d + 0.07)
        parts.append(rectangles(street, dashes, centre if d == 0 else white))
    if look.edge_line:
        edge = street.lanes * street.lane_m - 0.1
        parts += [line(street, a, b, d, white) for d in (-edge, edge)]
    return parts


def _zebra(street: Street, s: float, tint: np.ndarray) -> list[Mesh]:
    """The bars of one zebra crossing."""
    bars = np.arange(-street.half_road + 0.4, street.half_road - 0.6, 1.0)
    return [rectangles(street, Patch(s, s + 3, bars, bars + 0.5), tint)]


def _repairs(street: Street, look: Look, generator: Generator) -> list[Mesh]:
    """Patches of other asphalt and manhole covers."""
    draw, extent, half = generator.uniform, street.end - street.start, street.half_road
    count = int(generator.poisson(extent / 22)) + 1
    s = draw(street.start, street.end - 12, count)
    length, width = draw(0.7, 4, count), draw(0.6, 3, count)
    d = draw(-half, half - width)
    tint = look.asphalt * draw(0.55, 1.35, (count, 1))
    patches = Patch(s, s + length, d, d + width)
    count = int(generator.poisson(extent / 30)) + 1
    s = draw(street.start, street.end - 2, count)
    d = draw(0.4 - half, half - 1.2, count)
    covers = Patch(s, s + 0.7, d, d + 0.7)
    return [
        rectangles(street, patches, tint, 0.003, "asphalt"),
        rectangles(street, covers, (0.08, 0.075, 0.07), 0.004, "metal"),
    ]


def landscape(
    terrain: Terrain, centre: np.ndarray, grass: np.ndarray, generator: Generator
) -> Mesh:
    """The ground far and near, ending in distant hills that close the horizon."""
    parts = []
    for half, cell, hole in ((420.0, 12.0, 0.0), (2400.0, 120.0, 360.0)):
        axis = np.arange(-half, half + cell, cell)
        xy = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1) + centre
        radius = np.linalg.norm(xy - centre, axis=-1)
        rise = np.clip((radius - 420) / 1500, 0, 1) * generator.uniform(0, 110)
        bumps = 1 + 0.5 * np.sin(xy[..., 0] / 170 + 1) * np.cos(xy[..., 1] / 210)
        fade = np.exp(-np.clip(radius - 420, 0, None) / 300)
        z = terrain.height(xy) * fade - 0.45 + rise * bumps - 1.5 * (hole > 0)
        points = np.concatenate([xy, z[..., None]], -1)
        mesh = grid(points, xy, M["grass"], grass)
        outside = np.abs(mesh.triangles[:, :, :2] - centre).max(axis=(1, 2)) > hole
        parts.append(select(mesh, outside))
    return merge(parts)
