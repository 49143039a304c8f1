"""One scene's world: a street with all that stands beside it, its traffic and its light."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from street_world import classes, roadside, streets
from street_world.layout import Site, make_site
from street_world.lighting import Light, make_light
from street_world.mesh import Mesh, merge
from street_world.poles import make_poles
from street_world.sensors import Pose
from street_world.streets import EGO_START_M
from street_world.traffic import Actor, make_actors, make_ego

VIEW_AHEAD_M = 260


@dataclass(frozen=True)
class World:
    """What a scene is rendered from; `lamps` [L,3] are the street lamps' positions (m).

    `classes` [F] are those of the static triangles. `ego` gives the car's pose at a time in s;
    `road` [N,2] is the outline of the road (m), for the map.
    """

    static: Mesh
    classes: np.ndarray
    actors: list[Actor]
    ego: Callable[[float], Pose]
    light: Light
    lamps: np.ndarray
    description: str
    road: np.ndarray


def make_world(condition: str, frames: int, generator: Generator) -> World:
    """A random street under the given condition, long enough for `frames` keyframes at 2 Hz."""
    seconds = frames / 2
    length_m = int(EGO_START_M + 11 * min(seconds, 14) + VIEW_AHEAD_M + 4 * seconds)
    site = make_site(length_m, generator)
    street = site.street
    light = make_light(condition, float(street.course[int(EGO_START_M), 2]), generator)
    static, kinds, lamps = _stand(site, generator)
    ego = make_ego(site, seconds, generator)
    actors = make_actors(site, ego, generator)
    s = np.arange(street.start, street.end, 4.0)
    edges = [street.at(s, street.half_road)[0], street.at(s[::-1], -street.half_road)[0]]
    hand = "right" if site.side > 0 else "left"
    text = f"{condition.capitalize()}, {site.kind} street, {hand}-hand traffic, synthetic"
    return World(static, kinds, actors, ego, light, lamps, text, np.concatenate(edges))


def _stand(site: Site, generator: Generator) -> tuple[Mesh, np.ndarray, np.ndarray]:
    """Everything that stands still, its classes [F], and the positions [L,3] of the lamps."""
    street, look = site.street, site.look
    centre = street.course[len(street.course) // 3, :2]
    parts: list[Mesh] = []
    kinds: list[np.ndarray] = []

    def add(classify: Callable[[Mesh], np.ndarray], meshes: list[Mesh]) -> None:
        parts.extend(meshes)
        kinds.extend(classify(mesh) for mesh in meshes)

    add(classes.of_ground, [streets.landscape(street.terrain, centre, look.grass, generator)])
    add(classes.of_ground, [streets.surface(street, site.gaps, look)])
    add(classes.of_ground, [streets.marks(street, site.gaps, look, site.side, generator)])
    add(classes.of_roadside, roadside.make_frontage(site, street.start, generator))
    corner = street.pavement + street.setback + 16
    for arm in site.arms:
        add(classes.of_ground, [streets.surface(arm, (), look)])
        side = replace(site, street=arm, gaps=())
        add(classes.of_roadside, roadside.make_frontage(side, corner, generator))
    poles, lamps = make_poles(site, generator)
    add(classes.of_furniture, poles)
    add(classes.of_roadside, roadside.make_greenery(site, generator))
    add(classes.of_roadside, roadside.make_backdrop(site, generator))
    return merge(parts), np.concatenate(kinds), lamps
