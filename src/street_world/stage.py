"""A world made ready for its rays: what stands still once, what moves at each sensor's own time."""

from dataclasses import dataclass

import numpy as np

from street_world import rays
from street_world.mesh import merge, place
from street_world.sensors import Pose, Sensor
from street_world.shading import surface_table
from street_world.world import World


@dataclass(frozen=True)
class Stage:
    """All that stands still: its acceleration structure and its `shading.surface_table`."""

    static: rays.EmbreeScene
    table: np.ndarray


@dataclass(frozen=True)
class View:
    """What a sensor looks at and from where: `rotation` [3,3] and `origin` [3] of the sensor."""

    geometry: rays.Geometry
    table: np.ndarray  # shading.surface_table of all triangles
    rotation: np.ndarray
    origin: np.ndarray
    car: Pose


def open_stage(world: World) -> Stage:
    """The stage of a world, for all its frames and sensors."""
    return Stage(rays.build(world.static), surface_table(world.static))


def look(world: World, stage: Stage, sensor: Sensor, seconds: float) -> View:
    """The world at this time, seen by this sensor; actor k is group k + 1."""
    moved = []
    for k, actor in enumerate(world.actors):
        rotation, position = actor.track(seconds)
        moved.append(place(actor.model.mesh, position, rotation, group=k + 1))
    moving, table = None, stage.table
    if moved:
        mesh = merge(moved)
        moving, table = rays.build(mesh), np.concatenate([table, surface_table(mesh)], axis=1)
    car = world.ego(seconds)
    return View(
        geometry=rays.Geometry(stage.static, moving, stage.table.shape[1]),
        table=table,
        rotation=car.rotation @ sensor.rotation,
        origin=car.rotation @ sensor.translation + car.position,
        car=car,
    )
