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
    actors: list[Actor], scene: str, frame: int, groups: np.ndarray, view: View, shift: np.ndarray
) -> list[Row]:
    """The boxes of the objects near the car that at least one LiDAR point hit.

    `groups` [N] are the numbers of what the points of the sweep hit; `shift` [3] in m leads from
    world to map. The rows carry `_category`, which belongs to the instance.
    """
    counts = np.bincount(groups[groups <= len(actors)], minlength=len(actors) + 1)
    chosen = [
        k
        for k, pose in enumerate(view.poses)
        if counts[k + 1] > 0 and np.linalg.norm(pose.position - view.origin) <= RANGE_M
    ]
    rows = []
    for k, visibility in zip(chosen, _visibilities(view, actors, chosen), strict=True):
        actor, model, pose = actors[k], actors[k].model, view.poses[k]
        centre = pose.position + pose.rotation @ [0, 0, model.size[2] / 2] + shift
        rows.append(
            {
                "token": token("annotation", scene, frame, k),
                "sample_token": token("sample", scene, frame),
                "instance_token": token("instance", scene, k),
                "visibility_token": visibility,
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


def _visibilities(view: View, actors: list[Actor], chosen: list[int]) -> list[str]:
    """The visibility tokens of some actors: the share of free sight lines to points of each."""
    if not chosen:
        return []
    targets = [_targets(actors[k].model, view.poses[k]) for k in chosen]
    counts = [len(points) for points in targets]
    lines = (np.concatenate(targets) - view.origin).T.astype(np.float32)
    distance, triangle = rays.first_hits(view.geometry, view.origin.astype(np.float32), lines)
    aimed = np.repeat([k + 1 for k in chosen], counts)
    own = (triangle >= 0) & (view.table[GROUP, triangle] == aimed)
    free = np.split(own | (distance >= 1), np.cumsum(counts)[:-1])
    return [str(1 + int(np.searchsorted([0.4, 0.6, 0.8], part.mean()))) for part in free]


def _targets(model: Model, pose: Pose) -> np.ndarray:
    """About sixty points [N,3] (m) of an object."""
    step = max(1, len(model.mesh.triangles) // 60)
    return model.mesh.triangles[::step].mean(1) @ pose.rotation.T + pose.position
