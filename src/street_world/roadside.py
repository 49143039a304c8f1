"""What stands beside a street: buildings, fences, hedges, trees, and the skyline behind."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from street_world import buildings, furniture, plants
from street_world.buildings import Measures
from street_world.layout import Site
from street_world.mesh import Mesh, place
from street_world.streets import KERB_M


def _number(generator: Generator) -> int:
    """A random number by which a building is known, away from those of the actors."""
    return 10000 + int(generator.integers(1 << 20))


def make_frontage(site: Site, first: float, generator: Generator) -> list[Mesh]:
    """Buildings, fences and hedges along both sides of a street, from `first` (m) on."""
    street, style = site.street, site.style
    measures = Measures(
        floor_m=generator.uniform(2.7, 3.9),
        bay_m=generator.uniform(2.0, 4.5),
        ground_m=generator.uniform(3.0, 4.8),
        shops=bool(style.floors[1] > 4 and generator.random() < 0.65),
    )
    front = street.half_road + street.pavement + street.setback
    parts = []
    for direction in (-1, 1):
        s = first + generator.uniform(0, 6)
        while s < street.end - 12:
            house = generator.random() < style.houses
            width = generator.uniform(7, 13) if house else generator.uniform(10, 34)
            clash = [g for g in site.gaps if s < g[1] + 2 and s + width > g[0] - 2]
            if clash:
                s = clash[0][1] + 2.5
                if generator.random() >= 0.6:
                    s += generator.uniform(0, 5)
                continue
            if generator.random() > style.gap:
                make = _house if house else _block
                mesh, back = make(site, width, measures, generator)
                d = direction * (front + back)
                parts.append(buildings.on_street(mesh, street, s + width / 2, d))
            if street.setback > 2.5 and generator.random() < 0.6:
                parts.append(_edge(site, s, width, direction, generator))
            space = generator.uniform(0, 0.5) if style.gap < 0.1 else generator.uniform(1, 8)
            s += width + space
    return parts


def _house(
    site: Site, width: float, measures: Measures, generator: Generator
) -> tuple[Mesh, float]:
    """A house, and how far (m) it stands behind the line of the fronts."""
    number, depth = _number(generator), generator.uniform(8, 12)
    mesh = buildings.make_house(width, depth, measures, number, generator)
    return mesh, generator.uniform(0, 4)


def _block(
    site: Site, width: float, measures: Measures, generator: Generator
) -> tuple[Mesh, float]:
    """A block, and how far (m) it stands behind the line of the fronts."""
    number, depth = _number(generator), generator.uniform(10, 18)
    low, high = site.style.floors
    floors = max(int(generator.integers(low, high + 1)), 2)
    mesh = buildings.make_block(width, depth, floors, measures, number, generator)
    return mesh, generator.choice([0, 0, generator.uniform(0, 3)])


def _edge(site: Site, s: float, width: float, direction: int, generator: Generator) -> Mesh:
    """A fence or hedge between pavement and garden."""
    street = site.street
    d = direction * (street.half_road + street.pavement + 0.4)
    length = width * generator.uniform(0.5, 0.95)
    if generator.random() < 0.45:
        height, green = generator.uniform(0.8, 1.9), site.look.grass * 0.8
        mesh = plants.make_hedge(length, 0.9, height, green, generator)
    else:
        mesh = furniture.make_fence(length, generator)
    return furniture.on_street(mesh, street, s + width / 2, d, KERB_M)


def make_greenery(site: Site, generator: Generator) -> list[Mesh]:
    """Street trees in rows and loose trees in gardens."""
    street, parts = site.street, []
    prototypes = [_tree(generator) for _ in range(5)]
    for s, d in _spots(site, generator):
        if any(a - 2 < s < b + 2 for a, b in site.gaps):
            continue
        mesh = prototypes[generator.integers(len(prototypes))]
        scale = np.float32(generator.uniform(0.75, 1.25))
        mesh = replace(mesh, triangles=mesh.triangles * scale)
        parts.append(place(mesh, street.point(s, d), yaw_rad=generator.uniform(0, 2 * np.pi)))
    return parts


def _tree(generator: Generator) -> Mesh:
    """A tree of random kind, colour and height."""
    green = np.array([0.09, 0.15, 0.035]) * generator.uniform(0.5, 1.5)
    green = green + generator.uniform(0, 0.03, 3)
    if generator.random() < 0.15:
        green = np.array([0.28, 0.16, 0.03]) * generator.uniform(0.6, 1.2)
    height = generator.uniform(4, 12)
    make = plants.make_conifer if generator.random() < 0.2 else plants.make_tree
    return make(height, green, generator)


def _spots(site: Site, generator: Generator) -> list[tuple[float, float]]:
    """The places (s, d) of trees: rows by the kerb, and gardens before and behind the houses."""
    street, style = site.street, site.style
    row = street.half_road + min(1.2, 0.5 * street.pavement)
    spacing = generator.uniform(8, 18)
    spots = []
    for direction in (-1, 1):
        if generator.random() < style.trees:
            spots += [(s, direction * row) for s in np.arange(street.start, street.end, spacing)]
    front = street.half_road + street.pavement
    for _ in range(generator.poisson(style.trees * (street.end - street.start) / 9)):
        s, direction = generator.uniform(street.start, street.end), generator.choice([-1, 1])
        before = generator.random() < 0.6
        low, high = (0.8, max(street.setback - 0.5, 1)) if before else (14.0, 40.0)
        behind = 0.0 if before else street.setback
        spots.append((s, direction * (front + generator.uniform(behind + low, behind + high))))
    return spots


def make_backdrop(site: Site, generator: Generator) -> list[Mesh]:
    """A building across the far end, a second row behind the first, and distant towers."""
    street, tallest_m = site.street, site.style.tallest_m
    parts = []
    front = street.half_road + street.pavement + street.setback
    for _ in range(generator.poisson(22 * site.style.density)):
        s, direction = generator.uniform(0, street.end), generator.choice([-1, 1])
        d = direction * (front + 24 + generator.exponential(40))
        point = street.point(s, d)
        if np.linalg.norm(street.course[:, :2] - point[:2], axis=1).min() < front + 16:
            continue
        width, depth = generator.uniform(9, 28, 2)
        height = generator.uniform(6, tallest_m)
        tower = buildings.make_tower(width, depth, height, _number(generator), generator)
        parts.append(place(tower, point, yaw_rad=generator.uniform(0, np.pi)))
    end = street.point(street.end, 0.0)
    heading = street.course[-1, 2]
    width = generator.uniform(20, 60)
    height = generator.uniform(6, max(tallest_m * 0.6, 10))
    tower = buildings.make_tower(14, width, height, _number(generator), generator)
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    if generator.random() < 0.7:
        parts.append(place(tower, end + 16 * ahead, yaw_rad=heading))
    green = np.array([0.08, 0.12, 0.04])
    hedge = plants.make_hedge(90.0, 3.0, generator.uniform(5, 10), green, generator)
    parts.append(place(hedge, end + 9 * ahead, yaw_rad=heading + np.pi / 2))
    return parts
