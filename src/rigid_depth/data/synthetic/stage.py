"""A world made ready for its rays: what stands still once, what moves at each sensor's own time."""

from dataclasses import dataclass

import numpy as np

from rigid_depth.data.synthetic import rays
from rigid_depth.data.synthetic.mesh import merge, place
from rigid_depth.data.synthetic.shading import surface_table
from rigid_depth.data.synthetic.world import World


@dataclass(frozen=True)
class View:
    """What a sensor looks at and from where: ``rotation`` [3,3] and ``origin`` [3] of the
    sensor."""

    scene: rays.Scene
    table: np.ndarray  # shading.surface_table of all triangles
    rotation: np.ndarray
    origin: np.ndarray
    car_rotation: np.ndarray
    car_position: np.ndarray


def open_stage(world: World) -> tuple:
    """The acceleration structure and surface table of all that stands still."""
    return rays.build(world.static), surface_table(world.static)


def look(world: World, stage: tuple, sensor: dict, seconds: float) -> View:
    """The world at this time, seen by this sensor; actor k is group k + 1."""
    static, table = stage
    moved = []
    for k, actor in enumerate(world.actors):
        moved.append(place(actor.mesh, *actor.track(seconds)[::-1], group=k + 1))
    mesh = merge(moved) if moved else None
    car_rotation, car_position = world.ego(seconds)
    return View(
        scene=rays.Scene(static, rays.build(mesh) if moved else None, table.shape[1]),
        table=np.concatenate([table, surface_table(mesh)], axis=1) if moved else table,
        rotation=car_rotation @ sensor["rotation"],
        origin=car_rotation @ sensor["translation"] + car_position,
        car_rotation=car_rotation,
        car_position=car_position,
    )
