"""What stands beside a street: buildings, fences, hedges, trees, and the skyline behind."""

import numpy as np

from rigid_depth.data.synthetic import buildings, furniture, plants
from rigid_depth.data.synthetic.mesh import Mesh, place
from rigid_depth.data.synthetic.streets import KERB_M


def _number(generator) -> int:
    """A random number by which a building is known, away from those of the actors."""
    return 10000 + int(generator.integers(1 << 20))


def make_frontage(street, style, gaps, look, generator, first) -> list[Mesh]:
    """Buildings, fences and hedges along both sides of a street."""
    shape = {
        "floor_m": generator.uniform(2.7, 3.9),
        "bay_m": generator.uniform(2.0, 4.5),
        "ground_m": generator.uniform(3.0, 4.8),
        "shops": bool(style["floors"][1] > 4 and generator.random() < 0.65),
    }
    front = street.half_road + street.pavement + street.setback
    parts = []
    for direction in (-1, 1):
        s = first + generator.uniform(0, 6)
        while s < street.end - 12:
            house = generator.random() < style["houses"]
            width = generator.uniform(7, 13) if house else generator.uniform(10, 34)
            clash = [g for g in gaps if s < g[1] + 2 and s + width > g[0] - 2]
            if clash:
                s = clash[0][1] + 2.5
                if generator.random() < 0.6:
                    continue
                s += generator.uniform(0, 5)
                continue
            if generator.random() > style["gap"]:
                number = _number(generator)
                depth = generator.uniform(8, 12) if house else generator.uniform(10, 18)
                if house:
                    mesh = buildings.make_house(width, depth, shape, number, generator)
                else:
                    floors = int(generator.integers(style["floors"][0], style["floors"][1] + 1))
                    mesh = buildings.make_block(
                        width, depth, max(floors, 2), shape, number, generator
                    )
                back = front + (
                    generator.uniform(0, 4)
                    if house
                    else generator.choice([0, 0, generator.uniform(0, 3)])
                )
                parts.append(buildings.on_street(mesh, street, s + width / 2, direction * back))
            if street.setback > 2.5 and generator.random() < 0.6:
                parts.append(_edge(street, s, width, direction, look, generator))
            s += width + (
                generator.uniform(0, 0.5) if style["gap"] < 0.1 else generator.uniform(1, 8)
            )
    return parts


def _edge(street, s, width, direction, look, generator) -> Mesh:
    """A fence or hedge between pavement and garden."""
    d = direction * (street.half_road + street.pavement + 0.4)
    length = width * generator.uniform(0.5, 0.95)
    if generator.random() < 0.45:
        mesh = plants.make_hedge(
            length, 0.9, generator.uniform(0.8, 1.9), look["grass"] * 0.8, generator
        )
    else:
        mesh = furniture.make_fence(length, generator)
    return furniture.on_street(mesh, street, s + width / 2, d, KERB_M)


def make_greenery(street, style, gaps, look, generator) -> list[Mesh]:
    """Street trees in rows and loose trees in gardens."""
    parts = []
    prototypes = []
    for _ in range(5):
        green = np.array([0.09, 0.15, 0.035]) * generator.uniform(0.5, 1.5) + generator.uniform(
            0, 0.03, 3
        )
        if generator.random() < 0.15:
            green = np.array([0.28, 0.16, 0.03]) * generator.uniform(0.6, 1.2)
        height = generator.uniform(4, 12)
        fir = generator.random() < 0.2
        prototypes.append(
            plants.make_conifer(height, green, generator)
            if fir
            else plants.make_tree(height, green, generator)
        )
    row = street.half_road + min(1.2, 0.5 * street.pavement)
    spacing = generator.uniform(8, 18)
    spots = []
    for direction in (-1, 1):
        if generator.random() < style["trees"]:
            spots += [(s, direction * row) for s in np.arange(street.start, street.end, spacing)]
    front = street.half_road + street.pavement
    for _ in range(generator.poisson(style["trees"] * (street.end - street.start) / 9)):
        s, direction = generator.uniform(street.start, street.end), generator.choice([-1, 1])
        low, high = (
            (0.8, max(street.setback - 0.5, 1))
            if generator.random() < 0.6
            else (street.setback + 14, street.setback + 40)
        )
        spots.append((s, direction * (front + generator.uniform(low, high))))
    for s, d in spots:
        if any(a - 2 < s < b + 2 for a, b in gaps):
            continue
        mesh = prototypes[generator.integers(len(prototypes))]
        scale = np.float32(generator.uniform(0.75, 1.25))
        mesh = Mesh(mesh.triangles * scale, mesh.uv, mesh.material, mesh.tint, mesh.group)
        parts.append(place(mesh, street.point(s, d), yaw_rad=generator.uniform(0, 2 * np.pi)))
    return parts


def make_backdrop(street, kind, generator) -> list[Mesh]:
    """A building across the far end, a second row behind the first, and distant towers."""
    parts = []
    dense = {"downtown": 1.0, "avenue": 0.8, "industrial": 0.4, "residential": 0.4, "suburb": 0.15}[
        kind
    ]
    tall = {"downtown": 60, "avenue": 70, "industrial": 16, "residential": 12, "suburb": 22}[kind]
    front = street.half_road + street.pavement + street.setback
    for _ in range(generator.poisson(22 * dense)):
        s, direction = generator.uniform(0, street.end), generator.choice([-1, 1])
        d = direction * (front + 24 + generator.exponential(40))
        point = street.point(s, d)
        if np.linalg.norm(street.course[:, :2] - point[:2], axis=1).min() < front + 16:
            continue
        tower = buildings.make_tower(
            *generator.uniform(9, 28, 2),
            generator.uniform(6, tall),
            _number(generator),
            generator,
        )
        parts.append(place(tower, point, yaw_rad=generator.uniform(0, np.pi)))
    end = street.point(street.end + 0.0, 0.0)
    heading = street.course[-1, 2]
    width = generator.uniform(20, 60)
    tower = buildings.make_tower(
        14,
        width,
        generator.uniform(6, max(tall * 0.6, 10)),
        _number(generator),
        generator,
    )
    ahead = np.array([np.cos(heading), np.sin(heading), 0.0])
    if generator.random() < 0.7:
        parts.append(place(tower, end + 16 * ahead, yaw_rad=heading))
    hedge = plants.make_hedge(
        90.0, 3.0, generator.uniform(5, 10), np.array([0.08, 0.12, 0.04]), generator
    )
    parts.append(place(hedge, end + 9 * ahead, yaw_rad=heading + np.pi / 2))
    return parts
