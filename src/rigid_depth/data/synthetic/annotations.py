"""The annotated boxes of a keyframe."""

import numpy as np

from rigid_depth.data.synthetic import rays
from rigid_depth.data.synthetic.sensors import quaternion
from rigid_depth.data.synthetic.shading import GROUP
from rigid_depth.data.synthetic.tables import token

RANGE_M = 80.0


def annotate(scene, world, frame, seconds, shift, groups, view) -> list[dict]:
    """Boxes of the objects near the car that at least one LiDAR point hit."""
    counts = np.bincount(groups[groups <= len(world.actors)], minlength=len(world.actors) + 1)
    result = []
    for k, actor in enumerate(world.actors):
        rotation, position = actor.track(seconds)
        distance = np.linalg.norm(position - view.origin)
        if counts[k + 1] == 0 or distance > RANGE_M:
            continue
        centre = position + rotation @ [0, 0, actor.size[2] / 2] + shift
        result.append(
            {
                "token": token("annotation", scene["name"], frame, k),
                "sample_token": token("sample", scene["name"], frame),
                "instance_token": token("instance", scene["name"], k),
                "visibility_token": _visibility(view, actor, rotation, position, k + 1),
                "attribute_tokens": [token("attribute", actor.attribute)]
                if actor.attribute
                else [],
                "translation": centre.tolist(),
                "size": list(actor.size),
                "rotation": quaternion(rotation),
                "num_lidar_pts": int(counts[k + 1]),
                "num_radar_pts": 0,
                "prev": "",
                "next": "",
                "_category": actor.category,
            }
        )
    return result


def _visibility(view, actor, rotation, position, group) -> str:
    """The visibility token: the share of sight lines to points of the object that nothing else
    crosses."""
    step = max(1, len(actor.mesh.triangles) // 60)
    targets = actor.mesh.triangles[::step].mean(1) @ rotation.T + position
    lines = (targets - view.origin).T.astype(np.float32)
    distance, triangle = rays.first_hits(view.scene, view.origin.astype(np.float32), lines)
    own = (triangle >= 0) & (view.table[GROUP, triangle] == group)
    return str(1 + int(np.searchsorted([0.4, 0.6, 0.8], (own | (distance >= 1)).mean())))
