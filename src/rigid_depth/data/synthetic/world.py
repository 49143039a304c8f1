"""One scene's world: a street with all that stands beside it, its traffic and its light."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rigid_depth.data.synthetic import buildings, furniture, plants, streets
from rigid_depth.data.synthetic.lighting import Light, make_light
from rigid_depth.data.synthetic.materials import M
from rigid_depth.data.synthetic.mesh import Mesh, merge, place
from rigid_depth.data.synthetic.traffic import EGO_START_M, Actor, make_actors, make_ego

VIEW_AHEAD_M = 260
KINDS = ("residential", "downtown", "suburb", "industrial", "avenue")
_STYLES = {  # lanes per direction, half setback range (m), floors range, gap share, trees, people, parking, traffic
    "residential": dict(
        lanes=(1, 1),
        setback=(3, 9),
        floors=(1, 2),
        gap=0.15,
        trees=0.5,
        people=0.5,
        parking=0.6,
        traffic=0.5,
        houses=0.8,
    ),
    "downtown": dict(
        lanes=(1, 2),
        setback=(0.2, 3),
        floors=(3, 12),
        gap=0.05,
        trees=0.25,
        people=1.4,
        parking=0.5,
        traffic=1.0,
        houses=0.0,
    ),
    "suburb": dict(
        lanes=(1, 1),
        setback=(7, 18),
        floors=(1, 4),
        gap=0.5,
        trees=0.9,
        people=0.3,
        parking=0.3,
        traffic=0.5,
        houses=0.6,
    ),
    "industrial": dict(
        lanes=(1, 2),
        setback=(6, 22),
        floors=(2, 4),
        gap=0.35,
        trees=0.2,
        people=0.2,
        parking=0.3,
        traffic=0.7,
        houses=0.0,
    ),
    "avenue": dict(
        lanes=(2, 3),
        setback=(5, 16),
        floors=(4, 16),
        gap=0.3,
        trees=0.6,
        people=0.5,
        parking=0.0,
        traffic=0.9,
        houses=0.0,
    ),
}


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
    kind = KINDS[generator.integers(len(KINDS))]
    style = dict(_STYLES[kind])
    terrain = streets.make_terrain(generator)
    seconds = frames / 2
    length = int(EGO_START_M + 11 * min(seconds, 14) + VIEW_AHEAD_M + 4 * seconds)
    street = _make_street(style, terrain, length, generator)
    side = int(generator.choice([-1, 1], p=[0.35, 0.65]))
    look = _make_look(kind, side, generator)
    gaps, arms = _crossings(street, style, generator)
    light = make_light(condition, float(street.course[int(EGO_START_M), 2]), generator)
    centre = street.course[len(street.course) // 3, :2]
    parts = [streets.landscape(terrain, centre, generator, look["grass"])]
    parts += [streets.surface(street, gaps, look), streets.marks(street, gaps, look, generator)]
    for arm in arms:
        parts.append(streets.surface(arm, [], look))
        parts += _frontage(
            arm, style, [], look, generator, first=street.pavement + street.setback + 16
        )
    parts += _frontage(street, style, gaps, look, generator, first=street.start)
    parts += _backdrop(street, kind, generator)
    poles, lamps = _poles(street, gaps, generator, side)
    greens = _greenery(street, style, gaps, look, generator)
    ego = make_ego(street, side, generator, seconds)
    actors = make_actors(street, side, generator, style, gaps, ego)
    s = np.arange(street.start, street.end, 4.0)
    outline = np.concatenate(
        [street.at(s, street.half_road)[0], street.at(s[::-1], -street.half_road)[0]]
    )
    text = f"{condition.capitalize()}, {kind} street, {'right' if side > 0 else 'left'}-hand traffic, synthetic"
    return World(merge(parts + poles + greens), actors, ego, light, lamps, text, outline)


def _make_street(style, terrain, length, generator):
    lanes = int(generator.integers(style["lanes"][0], style["lanes"][1] + 1))
    lane_m = generator.uniform(2.9, 3.7)
    kerbside = generator.uniform(2.2, 2.6) if style["parking"] else generator.uniform(0.3, 1.5)
    bend = generator.choice([1 / 400, 1 / 150, 1 / 80])
    course = streets.make_course(length, bend, generator.uniform(0, 2 * np.pi), generator)
    return streets.Street(
        course,
        0.0,
        lanes * lane_m + kerbside,
        generator.uniform(1.6, 4.5),
        generator.uniform(*style["setback"]),
        lanes,
        lane_m,
        terrain,
    )


def _make_look(kind, side, generator):
    grass = np.array([0.10, 0.16, 0.04]) * generator.uniform(0.7, 1.3) + generator.uniform(
        0, 0.04, 3
    )
    paved = kind == "downtown" or (kind == "avenue" and generator.random() < 0.5)
    return dict(
        side=side,
        asphalt=np.array([0.16, 0.16, 0.165])
        * generator.uniform(0.55, 1.7)
        * (1 + generator.normal(0, 0.02, 3)),
        kerb=np.full(3, generator.uniform(0.28, 0.5)),
        pavement=np.array([0.42, 0.40, 0.37])
        * generator.uniform(0.6, 1.25)
        * (1 + generator.normal(0, 0.05, 3)),
        pavement_material=str(generator.choice(["paving", "concrete"])),
        verge_material="paving" if paved else "grass",
        verge=np.array([0.40, 0.37, 0.34]) * generator.uniform(0.7, 1.1) if paved else grass,
        grass=grass,
        mark_wear=generator.uniform(0.55, 1.0),
        yellow_centre=bool(generator.random() < 0.4),
        double_centre=bool(generator.random() < 0.4),
        dash_m=generator.uniform(1.2, 3.2),
        dash_gap=generator.uniform(1.8, 3.5),
        edge_line=bool(generator.random() < 0.5),
        zebra=bool(generator.random() < 0.7),
    )


def _crossings(street, style, generator):
    """The gaps [(s0, s1)] of the side streets, and the side streets themselves."""
    gaps, arms = [], []
    s = generator.uniform(EGO_START_M - 20, EGO_START_M + 60)
    while s < street.end - 40:
        half, pavement = generator.uniform(3.0, 5.5), generator.uniform(1.5, 3.0)
        gap = (s - half - pavement, s + half + pavement)
        sides = [1, -1] if generator.random() < 0.6 else [int(generator.choice([-1, 1]))]
        arm_parts = [_arm(street, s, d, half, pavement, generator) for d in sides]
        if len(sides) == 2:
            gaps.append(gap)
            arms += arm_parts
        else:
            gaps.append(gap)
            arms += arm_parts + [_arm(street, s, -sides[0], half, pavement, generator, length=9)]
        s += generator.uniform(55, 150)
    return gaps, arms


def _arm(street, s, direction, half, pavement, generator, length=None):
    """A straight side street that leaves the main street at s to the left (+1) or right (-1)."""
    xy, heading = street.at(s, direction * street.half_road)
    theta = float(heading) + direction * np.pi / 2
    steps = np.arange((length or int(generator.integers(50, 110))) + 1.0)[:, None]
    line = xy + steps * np.array([np.cos(theta), np.sin(theta)])
    course = np.column_stack([line, np.full(len(line), theta)])
    return streets.Street(
        course, 0.0, half, pavement, generator.uniform(0.5, 5), 1, half, street.terrain
    )


def _frontage(street, style, gaps, look, generator, first) -> list[Mesh]:
    """Buildings, fences and hedges along both sides of a street."""
    shape = dict(
        floor_m=generator.uniform(2.7, 3.9),
        bay_m=generator.uniform(2.0, 4.5),
        ground_m=generator.uniform(3.0, 4.8),
        shops=bool(style["floors"][1] > 4 and generator.random() < 0.65),
    )
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
                number = 10000 + int(generator.integers(1 << 20))
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
    return furniture.on_street(mesh, street, s + width / 2, d, streets.KERB_M)


def _poles(street, gaps, generator, side):
    """Street lamps, signs, traffic lights, bollards, bins and shelters; and the lamps' positions."""
    parts, lamps = [], []
    height, reach = generator.uniform(5.5, 9.5), generator.uniform(0.8, 2.4)
    spacing = generator.uniform(20, 38)
    both = generator.random() < 0.5
    edge = street.half_road + 0.5
    for k, s in enumerate(np.arange(street.start + 4, street.end, spacing)):
        if any(a < s < b for a, b in gaps):
            continue
        for direction in (-1, 1) if both else ((-1, 1)[k % 2],):
            turn = np.pi if direction > 0 else 0.0
            lamp = furniture.make_lamp(height, reach)
            parts.append(
                furniture.on_street(lamp, street, s, direction * edge, streets.KERB_M, turn)
            )
            lamps.append(street.point(s, direction * (edge - reach - 0.3), height + streets.KERB_M))
    pieces = {"sign": 0.03, "bollard": 0.015, "bin": 0.02, "bench": 0.006, "shelter": 0.004}
    for name, per_m in pieces.items():
        for _ in range(generator.poisson(per_m * (street.end - street.start))):
            s, direction = (
                generator.uniform(street.start, street.end),
                int(generator.choice([-1, 1])),
            )
            if any(a - 1 < s < b + 1 for a, b in gaps):
                continue
            parts += _piece(name, street, s, direction, edge, side, generator)
    for a, b in gaps:
        if b - a > 6 and generator.random() < 0.5:
            state = int(generator.integers(3))
            light = furniture.make_traffic_light(generator.uniform(2, 5), state)
            d = -side * edge
            if side < 0:
                light = Mesh(
                    light.triangles * np.float32([1, -1, 1]),
                    light.uv,
                    light.material,
                    light.tint,
                    light.group,
                )
            parts.append(furniture.on_street(light, street, a - 0.5, d, streets.KERB_M))
    return parts, np.array(lamps).reshape(-1, 3)


def _piece(name, street, s, direction, edge, side, generator):
    inner = street.half_road + street.pavement - 0.6
    if name == "sign":
        facing = 0.0 if direction == -side else np.pi
        return [
            furniture.on_street(
                furniture.make_sign(generator), street, s, direction * edge, streets.KERB_M, facing
            )
        ]
    if name == "bollard":
        row = [furniture.make_bollard() for _ in range(int(generator.integers(2, 9)))]
        return [
            furniture.on_street(m, street, s + 1.6 * k, direction * edge, streets.KERB_M)
            for k, m in enumerate(row)
        ]
    turn = 0.0 if direction > 0 else np.pi
    makers = {
        "bin": lambda: furniture.make_bin(generator),
        "bench": furniture.make_bench,
        "shelter": lambda: furniture.make_shelter(
            10000 + int(generator.integers(1 << 20)), generator
        ),
    }
    return [furniture.on_street(makers[name](), street, s, direction * inner, streets.KERB_M, turn)]


def _greenery(street, style, gaps, look, generator) -> list[Mesh]:
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


def _backdrop(street, kind, generator) -> list[Mesh]:
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
            10000 + int(generator.integers(1 << 20)),
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
        10000 + int(generator.integers(1 << 20)),
        generator,
    )
    if generator.random() < 0.7:
        parts.append(
            place(tower, end + [16 * np.cos(heading), 16 * np.sin(heading), 0], yaw_rad=heading)
        )
    hedge = plants.make_hedge(
        90, 3.0, generator.uniform(5, 10), np.array([0.08, 0.12, 0.04]), generator
    )
    parts.append(
        place(
            hedge, end + [9 * np.cos(heading), 9 * np.sin(heading), 0], yaw_rad=heading + np.pi / 2
        )
    )
    return parts
