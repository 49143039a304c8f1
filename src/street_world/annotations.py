"""The annotated boxes of a keyframe."""

import numpy as np

from street_world import rays
from street_world.mesh import Model
from street_world.sensors import Pose, quaternion
from street_world.shading import GROUP
from street_world.stage import View
from street_world.tables import Row, token
from street_world.traffic import Actor

RANGE_M = 80.0


def annotate(
    actors: list[Actor], scene: str, frame: int, seconds: float, groups: np.ndarray, view: View,
    shift: np.ndarray,
) -> list[Row]:  # fmt: skip
    """The boxes of the objects near the car that at least one LiDAR point hit.

    `groups` [N] are the numbers of what the points of the sweep hit; `shift` [3] in m leads from
    world to map. The rows carry `_category`, which belongs to the instance.
    """
    counts = np.bincount(groups[groups <= len(actors)], minlength=len(actors) + 1)
    rows = []
    for k, actor in enumerate(actors):
        model, pose = actor.model, actor.track(seconds)
        distance = np.linalg.norm(pose.position - view.origin)
        if counts[k + 1] == 0 or distance > RANGE_M:
            continue
        centre = pose.position + pose.rotation @ [0, 0, model.size[2] / 2] + shift
        rows.append(
            {
                "token": token("annotation", scene, frame, k),
                "sample_token": token("sample", scene, frame),
                "instance_token": token("instance", scene, k),
                "visibility_token": _visibility(view, model, pose, k + 1),
                "attribute_tokens": [token("attribute", actor.attribute)]
                if actor.attribute
                else [],
                "translation": centre.tolist(),
                "size": list(model.size),
                "rotation": quaternion(pose.rotation),
                "num_lidar_pts": int(counts[k + 1]),
                "num_radar_pts": 0,
                "prev": "",
                "next": "",
                "_category": model.category,
            }
        )
    return rows


def _visibility(view: View, model: Model, pose: Pose, group: int) -> str:
    """The visibility token: of the sight lines to points of the object, the share that is free."""
    step = max(1, len(model.mesh.triangles) // 60)
    targets = model.mesh.triangles[::step].mean(1) @ pose.rotation.T + pose.position
    lines = (targets - view.origin).T.astype(np.float32)
    distance, triangle = rays.first_hits(view.geometry, view.origin.astype(np.float32), lines)
    own = (triangle >= 0) & (view.table[GROUP, triangle] == group)
    return str(1 + int(np.searchsorted([0.4, 0.6, 0.8], (own | (distance >= 1)).mean())))
