"""One scene's world: a street with all that stands beside it, its traffic and its light."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rigid_depth.data.synthetic import layout, roadside, streets
from rigid_depth.data.synthetic.lighting import Light, make_light
from rigid_depth.data.synthetic.mesh import Mesh, merge
from rigid_depth.data.synthetic.poles import make_poles
from rigid_depth.data.synthetic.traffic import EGO_START_M, Actor, make_actors, make_ego

VIEW_AHEAD_M = 260


@dataclass(frozen=True)
class World:
    """What a scene is rendered from; ``lamps`` [L,3] are the street lamps' positions (m)."""

    static: Mesh
    actors: list[Actor]
    ego: Callable
    light: Light
    lamps: np.ndarray
    description: str
    road: np.ndarray  # [N,2] outline of the road, for the map


def make_world(condition: str, frames: int, generator: np.random.Generator) -> World:
    """A random street under the given condition, long enough for ``frames`` keyframes at 2 Hz."""
    kind = str(generator.choice(layout.KINDS))
    style = layout.style_of(kind)
    terrain = streets.make_terrain(generator)
    seconds = frames / 2
    length = int(EGO_START_M + 11 * min(seconds, 14) + VIEW_AHEAD_M + 4 * seconds)
    street = layout.make_street(style, terrain, length, generator)
    side = int(generator.choice([-1, 1], p=[0.35, 0.65]))
    look = layout.make_look(kind, side, generator)
    gaps, arms = layout.make_crossings(street, style, generator)
    light = make_light(condition, float(street.course[int(EGO_START_M), 2]), generator)
    static, lamps = _stand(street, kind, style, look, gaps, arms, side, generator)
    ego = make_ego(street, side, generator, seconds)
    actors = make_actors(street, side, generator, style, gaps, ego)
    s = np.arange(street.start, street.end, 4.0)
    edges = [street.at(s, street.half_road)[0], street.at(s[::-1], -street.half_road)[0]]
    hand = "right" if side > 0 else "left"
    text = f"{condition.capitalize()}, {kind} street, {hand}-hand traffic, synthetic"
    return World(static, actors, ego, light, lamps, text, np.concatenate(edges))


def _stand(street, kind, style, look, gaps, arms, side, generator):
    """Everything that stands still, and the positions of the street lamps."""
    centre = street.course[len(street.course) // 3, :2]
    parts = [
        streets.landscape(street.terrain, centre, generator, look["grass"]),
        streets.surface(street, gaps, look),
        streets.marks(street, gaps, look, generator),
        *roadside.make_frontage(street, style, gaps, look, generator, first=street.start),
    ]
    corner = street.pavement + street.setback + 16
    for arm in arms:
        parts.append(streets.surface(arm, [], look))
        parts += roadside.make_frontage(arm, style, [], look, generator, first=corner)
    poles, lamps = make_poles(street, gaps, generator, side)
    parts += poles
    parts += roadside.make_greenery(street, style, gaps, look, generator)
    parts += roadside.make_backdrop(street, kind, generator)
    return merge(parts), lamps
