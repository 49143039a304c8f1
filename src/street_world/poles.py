"""Street lamps, signs, traffic lights and the small things on the pavement."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from street_world import furniture
from street_world.layout import Site
from street_world.mesh import Mesh
from street_world.streets import KERB_M

_PER_METRE = {"sign": 0.03, "bollard": 0.015, "bin": 0.02, "bench": 0.006, "shelter": 0.004}


def make_poles(site: Site, generator: Generator) -> tuple[list[Mesh], np.ndarray]:
    """What stands along the kerbs and on the pavements; and the lamps' positions [L,3]."""
    street, edge = site.street, site.street.half_road + 0.5
    parts, lamps = _lamps(site, edge, generator)
    for name, per_m in _PER_METRE.items():
        for _ in range(generator.poisson(per_m * (street.end - street.start))):
            s = generator.uniform(street.start, street.end)
            direction = int(generator.choice([-1, 1]))
            if any(a - 1 < s < b + 1 for a, b in site.gaps):
                continue
            parts += _piece(name, site, s, direction, edge, generator)
    for a, b in site.gaps:
        if b - a > 6 and generator.random() < 0.5:
            state = int(generator.integers(3))
            light = furniture.make_traffic_light(generator.uniform(2, 5), state)
            if site.side < 0:
                light = replace(light, triangles=light.triangles * np.array([1, -1, 1], np.float32))
            d = -site.side * edge
            parts.append(furniture.on_street(light, street, a - 0.5, d, KERB_M))
    return parts, np.array(lamps).reshape(-1, 3)


def _lamps(site: Site, edge: float, generator: Generator) -> tuple[list[Mesh], list[np.ndarray]]:
    """The street lamps, on one side or on both, and where their light is."""
    street = site.street
    parts, lamps = [], []
    height, reach = generator.uniform(5.5, 9.5), generator.uniform(0.8, 2.4)
    spacing = generator.uniform(20, 38)
    both = generator.random() < 0.5
    lamp = furniture.make_lamp(height, reach)
    for k, s in enumerate(np.arange(street.start + 4, street.end, spacing)):
        if any(a < s < b for a, b in site.gaps):
            continue
        for direction in (-1, 1) if both else ((-1, 1)[k % 2],):
            turn = np.pi if direction > 0 else 0.0
            parts.append(furniture.on_street(lamp, street, s, direction * edge, KERB_M, turn))
            lamps.append(street.point(s, direction * (edge - reach - 0.3), height + KERB_M))
    return parts, lamps


def _piece(
    name: str, site: Site, s: float, direction: int, edge: float, generator: Generator
) -> list[Mesh]:
    """A thing of this name at `s` on one pavement: one mesh, or a row of bollards."""
    street = site.street
    if name == "sign":
        sign = furniture.make_sign(generator)
        facing = 0.0 if direction == -site.side else np.pi
        return [furniture.on_street(sign, street, s, direction * edge, KERB_M, facing)]
    if name == "bollard":
        places = s + 1.6 * np.arange(int(generator.integers(2, 9)))
        bollard, d = furniture.make_bollard(), direction * edge
        return [furniture.on_street(bollard, street, place, d, KERB_M) for place in places]
    if name == "bin":
        mesh = furniture.make_bin(generator)
    elif name == "bench":
        mesh = furniture.make_bench()
    else:
        mesh = furniture.make_shelter(10000 + int(generator.integers(1 << 20)), generator)
    d = direction * (street.half_road + street.pavement - 0.6)
    return [furniture.on_street(mesh, street, s, d, KERB_M, 0.0 if direction > 0 else np.pi)]
