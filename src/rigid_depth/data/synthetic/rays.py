"""Ray casting by Embree: one scene of triangles, asked for first hits and for shadows."""

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from rigid_depth.data.synthetic.mesh import Mesh


def build(mesh: Mesh) -> EmbreeScene:
    """The acceleration structure over a mesh."""
    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(mesh.triangles, np.float32))
    return scene


def first_hits(scene, origins, directions):
    """Distance along each ray in units of its direction, triangle number (-1 = none), barycentric u, v."""
    origins = np.ascontiguousarray(np.broadcast_to(origins, directions.shape), np.float32)
    hit = scene.run(origins, np.ascontiguousarray(directions, np.float32), output=1)
    return hit["tfar"], hit["primID"], hit["u"], hit["v"]


def blocked(scene, origins, directions) -> np.ndarray:
    """Whether anything lies on each ray, bool [N]."""
    origins = np.ascontiguousarray(np.broadcast_to(origins, directions.shape), np.float32)
    answer = scene.run(origins, np.ascontiguousarray(directions, np.float32), query="OCCLUDED")
    return answer != -1
