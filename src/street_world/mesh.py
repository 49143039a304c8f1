"""Triangle soups: the shapes everything in the synthetic world is built from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from street_world.vectors import dot


@dataclass(frozen=True)
class Mesh:
    """Triangles with what the renderer and the LiDAR need to know of each.

    `triangles` [F,3,3] in metres, `uv` [F,3,2] in metres (facades: bays and floors), `material`
    [F], `tint` [F,3] linear colour, `group` [F] the object's number (0 = the street itself).
    """

    triangles: np.ndarray
    uv: np.ndarray
    material: np.ndarray
    tint: np.ndarray
    group: np.ndarray


_FIELDS = ("triangles", "uv", "material", "tint", "group")


class Model(NamedTuple):
    """A thing that may stand in the street: x forward, z up, the ground at 0.

    `size` is the (width, length, height) of its box in m, `category` that of nuScenes.
    """

    kind: str
    mesh: Mesh
    size: tuple[float, float, float]
    category: str


def model(kind: str, mesh: Mesh, category: str) -> Model:
    """The mesh with its box centred over the origin and its lowest point on the ground."""
    corners = mesh.triangles.reshape(-1, 3)
    low, high = corners.min(0), corners.max(0)
    centre = (low + high) / 2
    width, length, height = (high - low)[[1, 0, 2]]
    size = (float(width), float(length), float(height))
    return Model(kind, place(mesh, [-centre[0], -centre[1], -low[2]]), size, category)


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """All triangles of several meshes, in order."""
    return Mesh(*(np.concatenate([getattr(m, name) for m in meshes]) for name in _FIELDS))


def select(mesh: Mesh, chosen: np.ndarray) -> Mesh:
    """The triangles of a mesh that are `chosen` [F]."""
    return Mesh(*(getattr(mesh, name)[chosen] for name in _FIELDS))


def soup(
    triangles: np.ndarray, uv: np.ndarray, material: int, tint: ArrayLike, group: int = 0
) -> Mesh:
    """A mesh whose triangles share what is given once (material, tint, group)."""
    count = len(triangles)
    colours = np.empty((count, 3), np.float32)
    colours[:] = tint
    numbers = np.empty((2, count), np.int32)
    numbers[0], numbers[1] = material, group
    return Mesh(
        np.asarray(triangles, np.float32),
        np.asarray(uv, np.float32),
        numbers[0],
        colours,
        numbers[1],
    )


_SPLIT = np.array([[0, 1, 2], [0, 2, 3]])


def quads(
    corners: ArrayLike, uv: ArrayLike, material: int, tint: ArrayLike, group: int = 0
) -> Mesh:
    """Two triangles for every four corners [Q,4,3] with texture coordinates [Q,4,2].

    `tint` is given once or per quad [Q,3].
    """
    corners, uv = np.asarray(corners, np.float32), np.asarray(uv, np.float32)
    tint = np.asarray(tint, np.float32)
    if tint.ndim == 2:
        tint = np.repeat(tint, 2, axis=0)
    return soup(
        corners[:, _SPLIT].reshape(-1, 3, 3), uv[:, _SPLIT].reshape(-1, 3, 2), material, tint, group
    )


def grid(
    points: np.ndarray, uv: np.ndarray, material: int, tint: ArrayLike, group: int = 0
) -> Mesh:
    """A surface over a grid of points [R,C,3] with texture coordinates [R,C,2]."""
    return quads(_cells(points), _cells(uv), material, tint, group)


def _cells(a: np.ndarray) -> np.ndarray:
    """The four corners [Q,4,*] of every cell of a grid [R,C,*]."""
    around = np.stack([a[:-1, :-1], a[:-1, 1:], a[1:, 1:], a[1:, :-1]], 2)
    return around.reshape(-1, 4, a.shape[-1])


_BOX = np.array(
    [  # corner signs of the faces front, back, left, right, top, bottom, seen from outside
        [[1, -1, -1], [1, 1, -1], [1, 1, 1], [1, -1, 1]],
        [[-1, 1, -1], [-1, -1, -1], [-1, -1, 1], [-1, 1, 1]],
        [[1, 1, -1], [-1, 1, -1], [-1, 1, 1], [1, 1, 1]],
        [[-1, -1, -1], [1, -1, -1], [1, -1, 1], [-1, -1, 1]],
        [[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]],
        [[-1, 1, -1], [1, 1, -1], [1, -1, -1], [-1, -1, -1]],
    ]
)


_BOX_ACROSS, _BOX_UP = np.array([1, 1, 0, 0, 0, 0]), np.array([2, 2, 2, 2, 1, 1])
_UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)


def box(
    low: ArrayLike, high: ArrayLike, material: int, tint: ArrayLike, group: int = 0,
    faces: Iterable[int] = range(6),
) -> Mesh:  # fmt: skip
    """Axis-aligned boxes from `low` to `high` ([3] or [N,3], m), textures in metres."""
    low, high = np.atleast_2d(np.asarray(low, float)), np.atleast_2d(np.asarray(high, float))
    faces = list(faces)
    size = high - low
    corners = ((low + high) / 2)[:, None, None] + _BOX[faces] * size[:, None, None] / 2
    across, up = size[:, _BOX_ACROSS[faces]], size[:, _BOX_UP[faces]]
    uv = _UNIT * np.stack([across, up], -1)[:, :, None]
    tint = np.asarray(tint, np.float32)
    if tint.ndim == 2:
        tint = np.repeat(tint, len(faces), axis=0)
    return quads(corners.reshape(-1, 4, 3), uv.reshape(-1, 4, 2), material, tint, group)


def tube(
    bottom: ArrayLike, top: ArrayLike, radius_bottom: float, radius_top: float, material: int,
    tint: ArrayLike, *, sides: int = 8, caps: bool = True,
) -> Mesh:  # fmt: skip
    """A cylinder or cone between two points (m)."""
    bottom, top = np.asarray(bottom, float), np.asarray(top, float)
    axis = top - bottom
    length = np.linalg.norm(axis)
    axis = axis / length
    helper = np.array([1.0, 0, 0]) if abs(axis[0]) < 0.9 else np.array([0, 1.0, 0])
    side = _cross(axis, helper)
    side /= np.linalg.norm(side)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * _cross(axis, side)
    points = np.stack([bottom + radius_bottom * ring, top + radius_top * ring])
    around = angle * max(radius_bottom, radius_top)
    uv = np.stack([np.stack([around, np.full_like(around, z)], -1) for z in (0.0, length)])
    parts = [grid(points, uv, material, tint)]
    if caps:
        for centre, rim in ((bottom, points[0][::-1]), (top, points[1])):
            fan = np.stack([np.broadcast_to(centre, (sides, 3)), rim[:-1], rim[1:]], 1)
            parts.append(soup(fan, fan[..., :2] - centre[:2], material, tint))
    return merge(parts)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross product of two vectors [3], without the general one's overhead."""
    (x, y, z), (u, v, w) = a.tolist(), b.tolist()
    return np.array([y * w - z * v, z * u - x * w, x * v - y * u])


class Section(NamedTuple):
    """A cross-section of a hull at `x`: heights and half widths of its bottom and top, in m."""

    x: float
    bottom: float
    top: float
    half_bottom: float
    half_top: float


class Sheath(NamedTuple):
    """The materials of a hull between two sections; None leaves it open."""

    side: int
    top: int
    bottom: int | None


def loft(
    sections: Sequence[Section], sheaths: Sequence[Sheath], tint: ArrayLike, ends: int
) -> Mesh:
    """A hull through cross-sections, with a sheath for each gap, closed by the material `ends`."""
    rings = np.array(
        [[[x, wb, zb], [x, wt, zt], [x, -wt, zt], [x, -wb, zb]] for x, zb, zt, wb, wt in sections]
    )
    parts = []
    for k, (side, top, bottom) in enumerate(sheaths):
        a, b = rings[k], rings[k + 1]
        for i, material in enumerate((side, top, side, bottom)):
            if material is None:
                continue
            j = (i + 1) % 4
            corner = np.array([[a[i], b[i], b[j], a[j]]])
            uv = corner[..., [0, 2]] if i != 1 else corner[..., [0, 1]]
            parts.append(quads(corner, uv, material, tint))
    for ring, flip in ((rings[0], 1), (rings[-1], -1)):
        parts.append(quads(ring[None, ::flip], ring[None, ::flip][..., 1:], ends, tint))
    return merge(parts)


def place(
    mesh: Mesh, position: ArrayLike, rotation: np.ndarray | None = None, *, yaw_rad: float = 0.0,
    group: int | None = None,
) -> Mesh:  # fmt: skip
    """The mesh turned by `rotation` [3,3] (or by a heading) and moved to `position` [3] (m)."""
    if rotation is None:
        c, s = np.cos(yaw_rad), np.sin(yaw_rad)
        rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    points = mesh.triangles.reshape(-1, 3).astype(np.float64)
    moved = (points @ rotation.T + np.asarray(position)).reshape(-1, 3, 3)
    number = mesh.group if group is None else np.full(len(mesh.group), group, np.int32)
    return Mesh(moved.astype(np.float32), mesh.uv, mesh.material, mesh.tint, number)


def normals(mesh: Mesh) -> np.ndarray:
    """Unit normals [F,3] of the triangles, of arbitrary side."""
    corner, *others = mesh.triangles.transpose(1, 2, 0)
    (a, b, c), (u, v, w) = (other - corner for other in others)
    n = np.stack([b * w - c * v, c * u - a * w, a * v - b * u])
    return (n / np.maximum(np.sqrt(dot(n, n)), 1e-12)).T
