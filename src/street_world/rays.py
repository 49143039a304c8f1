"""Ray casting by Embree: what stands still and what moves, asked for first hits and for shadows."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import ArrayLike

_UNKNOWN = -2


@dataclass(frozen=True)
class Geometry:
    """Acceleration structures over the static triangles (numbered first) and the moving ones."""

    static: EmbreeScene
    moving: EmbreeScene | None
    static_count: int


class Hits(NamedTuple):
    """What rays hit first: distance in units of the direction, number of the triangle or -1."""

    distance: np.ndarray
    triangle: np.ndarray


def corners(triangles: np.ndarray) -> np.ndarray:
    """Triangles [F,3,3] (m) as Python's floats, for those of which `build` makes many scenes.

    `TriangleMesh` asks for every number by itself, which is most of the time that a small image
    takes; a number that is an object already it gets a third sooner.
    """
    return triangles.astype(np.float32).astype(object)


def build(corners: np.ndarray) -> EmbreeScene:
    """The acceleration structure over the triangles whose `corners` [F,3,3] are given."""
    scene = EmbreeScene()
    TriangleMesh(scene, corners)
    return scene


def _rays(origins: ArrayLike, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Origins [3] or [3,N] and directions [3,N] as Embree wants them, [N,3]."""
    directions = np.ascontiguousarray(directions.T, np.float32)
    origins = np.asarray(origins, np.float32).T
    return np.ascontiguousarray(np.broadcast_to(origins, directions.shape)), directions


def first_hits(geometry: Geometry, origins: ArrayLike, directions: np.ndarray) -> Hits:
    """The first hit of each ray; origins [3] or [3,N], directions [3,N] of any length."""
    rays = _rays(origins, directions)
    hit = geometry.static.run(*rays, output=1)
    distance, triangle = hit["tfar"], hit["primID"]
    if geometry.moving is not None:
        hit = geometry.moving.run(*rays, distance.copy(), output=1)  # no farther than the static
        nearer = (hit["primID"] >= 0) & ((triangle < 0) | (hit["tfar"] < distance))
        distance = np.where(nearer, hit["tfar"], distance)
        triangle = np.where(nearer, hit["primID"] + geometry.static_count, triangle)
    return Hits(distance, triangle)


def blocked(
    geometry: Geometry, origins: ArrayLike, directions: np.ndarray, reach_m: float = 1e4
) -> np.ndarray:
    """Whether anything lies on each ray within `reach_m` (directions of length 1), bool [N]."""
    rays = _rays(origins, directions)
    reach = np.full(len(rays[1]), reach_m, np.float32)
    answer = geometry.static.run(*rays, reach, query="OCCLUDED") != -1
    if geometry.moving is not None:
        answer |= geometry.moving.run(*rays, reach, query="OCCLUDED") != -1
    return answer


def camera_hits(geometry: Geometry, origin: ArrayLike, directions: np.ndarray) -> Hits:
    """Depth (camera z, m; 0 = none) and triangle number (-1 = none) of every pixel, both [H,W].

    `directions` [3,H,W] have camera z = 1. Every second pixel of every second row is cast; between
    samples that saw the same triangle the inverse depth is linear, so their mean is exact; all
    other pixels are cast too.
    """
    shape = directions.shape[1:]
    distance, sampled = first_hits(geometry, origin, directions[:, ::2, ::2].reshape(3, -1))
    small = directions[0, ::2, ::2].shape
    sampled = sampled.reshape(small)
    inverse = np.where(sampled >= 0, 1 / distance.reshape(small), 0)
    triangle = np.full(shape, _UNKNOWN, np.int32)
    depth = np.zeros(shape, np.float32)
    triangle[::2, ::2], depth[::2, ::2] = sampled, inverse
    numbers, inverses = _corners(sampled, _UNKNOWN), _corners(inverse.astype(np.float64), 0)
    for (row, col), corners in (((0, 1), [0, 1]), ((1, 0), [0, 2]), ((1, 1), [0, 1, 2, 3])):
        between, depths = triangle[row::2, col::2], depth[row::2, col::2]
        rows, cols = between.shape
        first = numbers[0, :rows, :cols]
        same = (numbers[corners, :rows, :cols] == first).all(0)
        mean = inverses[corners, :rows, :cols].sum(0) / len(corners)
        between[same], depths[same] = first[same], mean[same]
    np.divide(1, depth, out=depth, where=depth > 0)
    rest = np.flatnonzero(triangle == _UNKNOWN)
    hit = first_hits(geometry, origin, directions.reshape(3, -1)[:, rest])
    triangle.reshape(-1)[rest] = hit.triangle
    depth.reshape(-1)[rest] = np.where(hit.triangle >= 0, hit.distance, 0)
    return Hits(depth, triangle)


def _corners(values: np.ndarray, outside: int) -> np.ndarray:
    """Each value [h,w] and its right, lower and lower right neighbours, [4,h,w]."""
    rows, cols = values.shape
    padded = np.pad(values, ((0, 1), (0, 1)), constant_values=outside)
    return np.stack([padded[i : i + rows, j : j + cols] for i in (0, 1) for j in (0, 1)])
