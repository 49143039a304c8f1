"""Ray casting by Embree: what stands still and what moves, asked for first hits and for shadows."""

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from rigid_depth.data.synthetic.mesh import Mesh

_UNKNOWN = -2


@dataclass(frozen=True)
class Scene:
    """Acceleration structures over the static triangles (numbered first) and over the moving
    ones."""

    static: EmbreeScene
    moving: EmbreeScene | None
    static_count: int


def build(mesh: Mesh) -> EmbreeScene:
    """The acceleration structure over one mesh."""
    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(mesh.triangles, np.float32))
    return scene


def _rays(origins, directions):
    """Origins [3] or [3,N] and directions [3,N] as Embree wants them, [N,3]."""
    directions = np.ascontiguousarray(directions.T, np.float32)
    origins = np.asarray(origins, np.float32).T
    return np.ascontiguousarray(np.broadcast_to(origins, directions.shape)), directions


def first_hits(scene: Scene, origins, directions):
    """Distance along each ray in units of its direction and number of the triangle hit (-1 =
    none)."""
    rays = _rays(origins, directions)
    hit = scene.static.run(*rays, output=1)
    distance, triangle = hit["tfar"], hit["primID"]
    if scene.moving is not None:
        hit = scene.moving.run(*rays, output=1)
        nearer = (hit["primID"] >= 0) & ((triangle < 0) | (hit["tfar"] < distance))
        distance = np.where(nearer, hit["tfar"], distance)
        triangle = np.where(nearer, hit["primID"] + scene.static_count, triangle)
    return distance, triangle


def blocked(scene: Scene, origins, directions, reach_m=1e4) -> np.ndarray:
    """Whether anything lies on each ray within ``reach_m`` (directions of unit length), bool
    [N]."""
    rays = _rays(origins, directions)
    reach = np.full(len(rays[1]), reach_m, np.float32)
    answer = scene.static.run(*rays, reach, query="OCCLUDED") != -1
    if scene.moving is not None:
        answer |= scene.moving.run(*rays, reach, query="OCCLUDED") != -1
    return answer


def camera_hits(scene: Scene, origin, directions):
    """Depth (camera z, m; 0 = none) and triangle number (-1 = none) of every pixel, both [H,W].

    ``directions`` [3,H,W] have camera z = 1. Every second pixel of every second row is cast;
    between
    samples that saw the same triangle the inverse depth is linear, so their mean is exact; all
    other
    pixels are cast too.
    """
    shape = directions.shape[1:]
    distance, sampled = first_hits(scene, origin, directions[:, ::2, ::2].reshape(3, -1))
    small = directions[0, ::2, ::2].shape
    sampled = sampled.reshape(small)
    inverse = np.where(sampled >= 0, 1 / distance.reshape(small), 0)
    triangle = np.full(shape, _UNKNOWN, np.int32)
    depth = np.zeros(shape, np.float32)
    triangle[::2, ::2], depth[::2, ::2] = sampled, inverse
    a, b, c, d = (x[..., : small[0], : small[1]] for x in _corners(sampled, inverse))
    for (row, col), corners in (((0, 1), (a, b)), ((1, 0), (a, c)), ((1, 1), (a, b, c, d))):
        target = triangle[row::2, col::2], depth[row::2, col::2]
        rows, cols = target[0].shape
        same = np.ones((rows, cols), bool)
        for corner in corners[1:]:
            same &= (corners[0][0] == corner[0])[:rows, :cols]
        mean = sum(corner[1] for corner in corners) / len(corners)
        target[0][same] = corners[0][0][:rows, :cols][same]
        target[1][same] = mean[:rows, :cols][same]
    np.divide(1, depth, out=depth, where=depth > 0)
    rest = np.flatnonzero(triangle == _UNKNOWN)
    hit = first_hits(scene, origin, directions.reshape(3, -1)[:, rest])
    triangle.reshape(-1)[rest] = hit[1]
    depth.reshape(-1)[rest] = np.where(hit[1] >= 0, hit[0], 0)
    return depth, triangle


def _corners(sampled, inverse):
    """(triangle, inverse depth) of each sample and of its right, lower and lower right
    neighbours."""
    number = np.pad(sampled, ((0, 1), (0, 1)), constant_values=_UNKNOWN)
    value = np.pad(inverse, ((0, 1), (0, 1)))
    rows, cols = sampled.shape
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        yield np.stack([number[i : i + rows, j : j + cols], value[i : i + rows, j : j + cols]])
