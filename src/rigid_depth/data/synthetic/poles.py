"""Street lamps, signs, traffic lights and the small things on the pavement."""

import numpy as np

from rigid_depth.data.synthetic import furniture
from rigid_depth.data.synthetic.mesh import Mesh
from rigid_depth.data.synthetic.streets import KERB_M

_PER_METRE = {"sign": 0.03, "bollard": 0.015, "bin": 0.02, "bench": 0.006, "shelter": 0.004}


def make_poles(street, gaps, generator, side):
    """Street lamps, signs, traffic lights, bollards, bins and shelters; and the lamps'
    positions."""
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
            parts.append(furniture.on_street(lamp, street, s, direction * edge, KERB_M, turn))
            lamps.append(street.point(s, direction * (edge - reach - 0.3), height + KERB_M))
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
            parts.append(furniture.on_street(light, street, a - 0.5, d, KERB_M))
    return parts, np.array(lamps).reshape(-1, 3)


def _piece(name, street, s, direction, edge, side, generator):
    inner = street.half_road + street.pavement - 0.6
    if name == "sign":
        facing = 0.0 if direction == -side else np.pi
        return [
            furniture.on_street(
                furniture.make_sign(generator), street, s, direction * edge, KERB_M, facing
            )
        ]
    if name == "bollard":
        row = [furniture.make_bollard() for _ in range(int(generator.integers(2, 9)))]
        return [
            furniture.on_street(m, street, s + 1.6 * k, direction * edge, KERB_M)
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
    return [furniture.on_street(makers[name](), street, s, direction * inner, KERB_M, turn)]
