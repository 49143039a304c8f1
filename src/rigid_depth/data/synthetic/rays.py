"""Ray casting by Embree: what stands still and what moves, asked for first hits and for shadows."""

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from rigid_depth.data.synthetic.mesh import Mesh


@dataclass(frozen=True)
class Scene:
    """Acceleration structures over the static triangles (numbered first) and over the moving ones."""

    static: EmbreeScene
    moving: EmbreeScene | None
    static_count: int


def build(mesh: Mesh) -> EmbreeScene:
    """The acceleration structure over one mesh."""
    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(mesh.triangles, np.float32))
    return scene


def _rays(origins, directions):
    directions = np.ascontiguousarray(directions, np.float32)
    return np.ascontiguousarray(np.broadcast_to(origins, directions.shape), np.float32), directions


def first_hits(scene: Scene, origins, directions):
    """Distance along each ray in units of its direction and number of the triangle hit (-1 = none)."""
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
    """Whether anything lies on each ray within ``reach_m`` (directions of unit length), bool [N]."""
    rays = _rays(origins, directions)
    reach = np.full(len(rays[1]), reach_m, np.float32)
    answer = scene.static.run(*rays, reach, query="OCCLUDED") != -1
    if scene.moving is not None:
        answer |= scene.moving.run(*rays, reach, query="OCCLUDED") != -1
    return answer
