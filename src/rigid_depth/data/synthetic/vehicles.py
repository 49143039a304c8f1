"""Vehicles: cars, vans, trucks, buses and bicycles in their own frame (x forward, z up, ground at
0)."""

import numpy as np

from rigid_depth.data.synthetic.materials import M
from rigid_depth.data.synthetic.mesh import Mesh, box, loft, merge, place, quads, tube

PAINTS = np.array(
    [
        [0.75, 0.75, 0.74],
        [0.55, 0.56, 0.57],
        [0.28, 0.29, 0.30],
        [0.03, 0.03, 0.035],
        [0.05, 0.05, 0.06],
        [0.45, 0.03, 0.03],
        [0.04, 0.09, 0.32],
        [0.10, 0.18, 0.12],
        [0.50, 0.42, 0.28],
        [0.70, 0.45, 0.05],
    ]
)
# length, width, height, hood height, share of length: rear window base, roof rear, roof front,
# screen base
_BODIES = {
    "sedan": (4.6, 1.80, 1.45, 0.95, 0.13, 0.28, 0.55, 0.74),
    "hatchback": (4.0, 1.75, 1.50, 0.98, 0.02, 0.13, 0.58, 0.78),
    "suv": (4.7, 1.90, 1.75, 1.12, 0.02, 0.10, 0.58, 0.76),
    "van": (5.1, 1.95, 2.05, 1.15, 0.01, 0.03, 0.70, 0.88),
}
_SIDES = (M["paint"], M["paint"], M["tyre"])


def make_vehicle(kind: str, generator) -> tuple[Mesh, tuple[float, float, float], str]:
    """A vehicle's mesh, its box (width, length, height in m, centred on the origin's ground plan)
    and category."""
    makers = {"truck": _truck, "bus": _bus, "bicycle": _bicycle}
    mesh = makers[kind](generator) if kind in makers else _car(kind, generator)
    low = mesh.triangles.reshape(-1, 3).min(0)
    high = mesh.triangles.reshape(-1, 3).max(0)
    centre = (low + high) / 2
    mesh = place(mesh, [-centre[0], -centre[1], -low[2]])
    width, length, height = (high - low)[[1, 0, 2]]
    categories = {
        "truck": "vehicle.truck",
        "bus": "vehicle.bus.rigid",
        "bicycle": "vehicle.bicycle",
    }
    return mesh, (float(width), float(length), float(height)), categories.get(kind, "vehicle.car")


def _wheels(axles, half_track: float, radius: float) -> list[Mesh]:
    parts = []
    for x in axles:
        for side in (-1, 1):
            y0, y1 = side * (half_track - 0.22), side * half_track
            parts.append(
                tube([x, y0, radius], [x, y1, radius], radius, radius, M["tyre"], 0.03, sides=12)
            )
            hub = [x, y1 + side * 0.01, radius]
            parts.append(
                tube([x, y1, radius], hub, radius * 0.62, radius * 0.55, M["metal"], 0.42, sides=8)
            )
    return parts


def _lights(rear: float, front: float, half: float, low: float, size=(0.34, 0.17)) -> list[Mesh]:
    """Head and tail lights, number plates: thin boxes on both ends of a vehicle."""
    parts = []
    for side in (-1, 1):
        y0, y1 = sorted((side * (half - 0.08), side * (half - 0.08 - size[0])))
        tail, head = M["taillight"], M["headlight"]
        parts.append(
            box([rear - 0.02, y0, low], [rear + 0.05, y1, low + size[1]], tail, (0.45, 0.02, 0.02))
        )
        parts.append(
            box([front - 0.05, y0, low - 0.1], [front + 0.02, y1, low + size[1] - 0.1], head, 0.8)
        )
    for x, thick in ((rear - 0.025, 0.03), (front - 0.005, 0.03)):
        parts.append(box([x, -0.26, 0.42], [x + thick, 0.26, 0.54], M["sign"], (0.7, 0.7, 0.68)))
    return parts


def _car(kind: str, generator) -> Mesh:
    """A car from two hulls: the body, and the glazed cabin with a painted roof."""
    length, width, height, hood, rear_base, roof_rear, roof_front, screen = _BODIES[kind]
    stretch = generator.uniform(0.94, 1.06, 3)
    length, width, height = length * stretch[0], width * stretch[1], height * stretch[2]
    hood = hood * stretch[2]
    paint = PAINTS[generator.integers(len(PAINTS))] * generator.uniform(0.8, 1.1)
    half, clear = width / 2, 0.20

    def x(share):
        return (share - 0.5) * length

    nose = hood - generator.uniform(0.10, 0.22)
    deck = hood + (0.05 if kind == "sedan" else 0.02)
    body = loft(
        [
            (x(0), 0.35, deck - 0.12, half * 0.88, half * 0.80),
            (x(0.03), clear, deck, half * 0.97, half * 0.90),
            (x(0.30), clear, deck, half, half * 0.94),
            (x(screen), clear, hood, half, half * 0.93),
            (x(0.96), clear, nose, half * 0.95, half * 0.86),
            (x(1), 0.33, nose - 0.20, half * 0.84, half * 0.76),
        ],
        [_SIDES] * 5,
        paint,
        ends=M["paint"],
    )
    glass, top = M["glass"], M["paint"]
    waist, roof = half * 0.92, half * 0.74
    cabin = loft(
        [
            (x(rear_base), deck - 0.03, deck, waist, waist * 0.98),
            (x(roof_rear), deck - 0.03, height, waist, roof),
            (x(roof_front), hood - 0.03, height, waist, roof),
            (x(screen), hood - 0.03, hood + 0.02, waist, waist * 0.98),
        ],
        [(glass, glass, None), (glass, top, None), (glass, glass, None)],
        (0.04, 0.045, 0.05),
        ends=glass,
    )
    roof_tint = np.where((cabin.material == top)[:, None], paint, cabin.tint).astype(np.float32)
    cabin = Mesh(cabin.triangles, cabin.uv, cabin.material, roof_tint, cabin.group)
    pillars = [
        box(
            [x(p) - 0.05, s * waist * 0.90 - 0.02, deck],
            [x(p) + 0.05, s * waist * 0.90 + 0.03, (deck + height) / 2],
            top,
            paint * 0.6,
        )
        for p in ((roof_rear + roof_front) / 2,)
        for s in (-1, 1)
    ]
    mirrors = [
        box(
            [x(screen - 0.08), s * half * 0.98 - 0.09, hood],
            [x(screen - 0.05), s * half * 0.98 + 0.09, hood + 0.14],
            top,
            paint,
        )
        for s in (-1, 1)
    ]
    radius = 0.31 if kind != "suv" else 0.36
    wheels = _wheels((x(0.19), x(0.81)), half, radius)
    lights = _lights(x(0), x(1), half * 0.9, hood - 0.30)
    bumper = box(
        [x(0) - 0.06, -half * 0.82, 0.30], [x(0) + 0.1, half * 0.82, 0.52], M["tyre"], paint * 0.35
    )
    return merge([body, cabin, *pillars, *mirrors, *wheels, *lights, bumper])


def _truck(generator) -> Mesh:
    """A lorry: cab, chassis and a box body."""
    length, half = generator.uniform(6.2, 9.0), generator.uniform(1.1, 1.25)
    top = generator.uniform(2.9, 3.7)
    paint = PAINTS[generator.integers(len(PAINTS))]
    cargo = generator.choice([0.75, 0.55, 0.30]) * generator.uniform(0.6, 1.0, 3).clip(0.75, 1)
    front, rear, split = length / 2, -length / 2, length / 2 - 2.0
    cab = loft(
        [
            (split, 0.5, 2.45, half, half * 0.95),
            (front - 0.35, 0.45, 2.5, half, half * 0.92),
            (front, 0.45, 1.3, half * 0.97, half * 0.95),
        ],
        [_SIDES, _SIDES],
        paint,
        ends=M["paint"],
    )
    pane = [[front - 0.31, y, 2.38] for y in (-half * 0.85, half * 0.85)]
    pane += [[front + 0.01, y, 1.42] for y in (half * 0.88, -half * 0.88)]
    screen = quads([pane], [np.zeros((4, 2))], M["glass"], 0.04)
    windows = [
        screen,
        *[
            box(
                [split + 0.5, s * half * 0.99 - 0.03, 1.45],
                [front - 0.6, s * half * 0.99 + 0.03, 2.15],
                M["glass"],
                0.04,
            )
            for s in (-1, 1)
        ],
    ]
    hold = box([rear, -half, 0.95], [split - 0.15, half, top], M["plaster"], cargo)
    frame = box([rear + 0.1, -half * 0.6, 0.5], [split, half * 0.6, 0.95], M["metal"], 0.06)
    door = box([rear - 0.03, -0.03, 1.0], [rear + 0.01, 0.03, top - 0.1], M["metal"], 0.2)
    stripe = box(
        [rear - 0.05, -half * 0.95, 0.62],
        [rear + 0.02, half * 0.95, 0.78],
        M["sign"],
        (0.7, 0.35, 0.03),
    )
    wheels = _wheels((rear + 1.3, rear + 2.4, front - 1.1), half, 0.48)
    return merge(
        [cab, *windows, hold, frame, door, stripe, *wheels, *_lights(rear, front, half, 0.95)]
    )


def _bus(generator) -> Mesh:
    """A city bus with a band of windows."""
    length, half, top = generator.uniform(10.5, 12.2), 1.27, generator.uniform(3.0, 3.3)
    paint = PAINTS[generator.choice([0, 5, 6, 7, 9])]
    front, rear = length / 2, -length / 2
    body = box([rear, -half, 0.35], [front, half, top], M["paint"], paint)
    parts = [body]
    for side in (-1, 1):
        for x in np.arange(rear + 0.4, front - 1.2, 1.45):
            y0, y1 = sorted((side * half, side * (half + 0.02)))
            parts.append(box([x, y0, 1.25], [x + 1.3, y1, top - 0.55], M["glass"], 0.04))
    parts.append(
        box([front, -half * 0.92, 1.1], [front + 0.03, half * 0.92, top - 0.5], M["glass"], 0.04)
    )
    parts.append(
        box([rear - 0.03, -half * 0.8, 1.7], [rear, half * 0.8, top - 0.5], M["glass"], 0.04)
    )
    parts += _wheels((rear + 2.8, front - 2.6), half, 0.5)
    return merge([*parts, *_lights(rear, front, half, 0.9)])


def _bicycle(generator) -> Mesh:
    """A cyclist on a bicycle."""
    dark, coat = (0.05, 0.05, 0.06), generator.uniform(0.05, 0.6, 3)
    parts = []
    for x in (-0.52, 0.52):
        parts.append(tube([x, -0.02, 0.34], [x, 0.02, 0.34], 0.34, 0.34, M["tyre"], dark, sides=14))
    for a, b in (
        ((-0.52, 0, 0.34), (0.0, 0, 0.75)),
        ((0.0, 0, 0.3), (0.42, 0, 0.85)),
        ((0.52, 0, 0.34), (0.4, 0, 1.0)),
    ):
        parts.append(tube(a, b, 0.025, 0.025, M["metal"], generator.uniform(0.05, 0.5, 3), sides=5))
    parts.append(tube([-0.1, 0.1, 0.9], [0.12, 0.12, 0.35], 0.08, 0.06, M["cloth"], 0.05, sides=6))
    parts.append(tube([-0.1, -0.1, 0.9], [0.1, -0.12, 0.45], 0.08, 0.06, M["cloth"], 0.05, sides=6))
    parts.append(tube([-0.15, 0, 0.88], [0.12, 0, 1.42], 0.17, 0.20, M["cloth"], coat, sides=8))
    for side in (-0.2, 0.2):
        parts.append(
            tube([0.1, side, 1.36], [0.4, side * 1.1, 1.02], 0.05, 0.04, M["cloth"], coat, sides=5)
        )
    parts.append(
        tube([0.16, 0, 1.45], [0.18, 0, 1.72], 0.10, 0.08, M["cloth"], (0.45, 0.28, 0.2), sides=8)
    )
    return merge(parts)
