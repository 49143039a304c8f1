"""A world made ready for its rays: what stands still once, what moves at each sensor's own time."""

from dataclasses import dataclass

import numpy as np

from street_world import rays
from street_world.classes import C, of_category
from street_world.mesh import Mesh, merge, place
from street_world.sensors import Pose, Sensor
from street_world.shading import surface_table
from street_world.world import World


@dataclass(frozen=True)
class Stage:
    """A world whose street and parked cars are in place; every view puts in what moves.

    `static` is the acceleration structure of the street. `corners` [M,3,3] are the triangles of all
    actors as `rays.build` takes them, `moves` [K] those of actors that do not stand still. `table`
    is the `shading.surface_table` of the street, of `static_count` triangles, and of the actors;
    `classes` are theirs, and behind them, where number -1 leads, that of the sky.
    """

    static: rays.EmbreeScene
    static_count: int
    corners: np.ndarray
    moves: np.ndarray
    table: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True)
class View:
    """What a sensor looks at and from where: `rotation` [3,3] and `origin` [3] of the sensor.

    `poses` are those of all actors. The next view of the same stage writes over the `table`.
    """

    geometry: rays.Geometry
    table: np.ndarray  # shading.surface_table of all triangles
    classes: np.ndarray  # of all triangles and, last, of the sky
    rotation: np.ndarray
    origin: np.ndarray
    car: Pose
    poses: list[Pose]


def open_stage(world: World) -> Stage:
    """The stage of a world, for all its frames and sensors; actor k is group k + 1."""
    street = world.static
    actors = [_placed(world, k, actor.track(0.0)) for k, actor in enumerate(world.actors)]
    counts = [len(mesh.material) for mesh in actors]
    still = np.repeat([actor.still for actor in world.actors], counts)
    kinds = np.repeat([of_category(actor.model.category) for actor in world.actors], counts)
    return Stage(
        static=rays.build(street.triangles.astype(np.float64)),
        static_count=len(street.material),
        corners=rays.corners(np.concatenate([mesh.triangles for mesh in actors])),
        moves=np.flatnonzero(~still),
        table=surface_table(merge([street, *actors])),
        classes=np.concatenate([world.classes, kinds, [C["sky"]]]).astype(np.uint8),
    )


def look(world: World, stage: Stage, sensor: Sensor, seconds: float) -> View:
    """The world at this time, seen by this sensor; actor k is group k + 1."""
    poses = [actor.track(seconds) for actor in world.actors]
    moved = [_placed(world, k, poses[k]) for k, actor in enumerate(world.actors) if not actor.still]
    if moved:
        mesh = merge(moved)
        stage.corners[stage.moves] = mesh.triangles
        stage.table[:, stage.static_count + stage.moves] = surface_table(mesh)
    car = world.ego(seconds)
    return View(
        geometry=rays.Geometry(stage.static, rays.build(stage.corners), stage.static_count),
        table=stage.table,
        classes=stage.classes,
        rotation=car.rotation @ sensor.rotation,
        origin=car.rotation @ sensor.translation + car.position,
        car=car,
        poses=poses,
    )


def _placed(world: World, k: int, pose: Pose) -> Mesh:
    """Actor `k` in its pose."""
    return place(world.actors[k].model.mesh, pose.position, pose.rotation, group=k + 1)
