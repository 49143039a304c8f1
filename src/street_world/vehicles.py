"""Vehicles: cars, vans, trucks, buses and bicycles in their own frame (x forward, z up, m)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from street_world.materials import M
from street_world.mesh import (
    Mesh,
    Model,
    Section,
    Sheath,
    box,
    loft,
    merge,
    model,
    quads,
    tube,
)

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


class Body(NamedTuple):
    """A make of car: lengths in m; where the cabin's corners stand, in shares of the length."""

    length: float
    width: float
    height: float
    hood: float  # height
    rear_base: float  # of the rear window
    roof_rear: float
    roof_front: float
    screen_base: float


_BODIES = {
    "sedan": Body(4.6, 1.80, 1.45, 0.95, 0.13, 0.28, 0.55, 0.74),
    "hatchback": Body(4.0, 1.75, 1.50, 0.98, 0.02, 0.13, 0.58, 0.78),
    "suv": Body(4.7, 1.90, 1.75, 1.12, 0.02, 0.10, 0.58, 0.76),
    "van": Body(5.1, 1.95, 2.05, 1.15, 0.01, 0.03, 0.70, 0.88),
}
_HULL = Sheath(M["paint"], M["paint"], M["tyre"])


def make_vehicle(kind: str, generator: Generator) -> Model:
    """A vehicle of this kind: a car's body, "truck", "bus" or "bicycle"."""
    if kind == "truck":
        return model(kind, _truck(generator), "vehicle.truck")
    if kind == "bus":
        return model(kind, _bus(generator), "vehicle.bus.rigid")
    if kind == "bicycle":
        return model(kind, _bicycle(generator), "vehicle.bicycle")
    return model(kind, _car(kind, generator), "vehicle.car")


def _wheels(axles: Sequence[float], half_track: float, radius: float) -> list[Mesh]:
    """A pair of wheels on every axle."""
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


def _lights(rear: float, front: float, half: float, low: float) -> list[Mesh]:
    """Head and tail lights, number plates: thin boxes on both ends of a vehicle."""
    wide, high = 0.34, 0.17
    parts = []
    for side in (-1, 1):
        y0, y1 = sorted((side * (half - 0.08), side * (half - 0.08 - wide)))
        tail, head = M["taillight"], M["headlight"]
        parts.append(
            box([rear - 0.02, y0, low], [rear + 0.05, y1, low + high], tail, (0.45, 0.02, 0.02))
        )
        parts.append(
            box([front - 0.05, y0, low - 0.1], [front + 0.02, y1, low + high - 0.1], head, 0.8)
        )
    for x, thick in ((rear - 0.025, 0.03), (front - 0.005, 0.03)):
        parts.append(box([x, -0.26, 0.42], [x + thick, 0.26, 0.54], M["sign"], (0.7, 0.7, 0.68)))
    return parts


def _car(kind: str, generator: Generator) -> Mesh:
    """A car from two hulls: the body, and the glazed cabin with a painted roof."""
    body = _BODIES[kind]
    stretch = generator.uniform(0.94, 1.06, 3)
    body = body._replace(
        length=body.length * stretch[0],
        width=body.width * stretch[1],
        height=body.height * stretch[2],
        hood=body.hood * stretch[2],
    )
    paint = PAINTS[generator.integers(len(PAINTS))] * generator.uniform(0.8, 1.1)
    nose = body.hood - generator.uniform(0.10, 0.22)
    deck = body.hood + (0.05 if kind == "sedan" else 0.02)
    half = body.width / 2
    rear, front = _x(body, 0), _x(body, 1)
    wheels = _wheels((_x(body, 0.19), _x(body, 0.81)), half, 0.31 if kind != "suv" else 0.36)
    lights = _lights(rear, front, half * 0.9, body.hood - 0.30)
    low, high = [rear - 0.06, -half * 0.82, 0.30], [rear + 0.1, half * 0.82, 0.52]
    bumper = box(low, high, M["tyre"], paint * 0.35)
    hulls = [_hull(body, deck, nose, paint), _cabin(body, deck, paint)]
    return merge([*hulls, *_trim(body, deck, paint), *wheels, *lights, bumper])


def _x(body: Body, share: float) -> float:
    """Where a share of the length lies, from the rear end (0) to the front (1)."""
    return (share - 0.5) * body.length


def _hull(body: Body, deck: float, nose: float, paint: np.ndarray) -> Mesh:
    """The lower body, up to the heights `deck` behind and `nose` in front."""
    half, clear, hood = body.width / 2, 0.20, body.hood
    sections = [
        Section(_x(body, 0), 0.35, deck - 0.12, half * 0.88, half * 0.80),
        Section(_x(body, 0.03), clear, deck, half * 0.97, half * 0.90),
        Section(_x(body, 0.30), clear, deck, half, half * 0.94),
        Section(_x(body, body.screen_base), clear, hood, half, half * 0.93),
        Section(_x(body, 0.96), clear, nose, half * 0.95, half * 0.86),
        Section(_x(body, 1), 0.33, nose - 0.20, half * 0.84, half * 0.76),
    ]
    return loft(sections, [_HULL] * 5, paint, ends=M["paint"])


def _cabin(body: Body, deck: float, paint: np.ndarray) -> Mesh:
    """The glass above the body, and the roof."""
    glass, top = M["glass"], M["paint"]
    waist, roof, hood = body.width / 2 * 0.92, body.width / 2 * 0.74, body.hood
    sections = [
        Section(_x(body, body.rear_base), deck - 0.03, deck, waist, waist * 0.98),
        Section(_x(body, body.roof_rear), deck - 0.03, body.height, waist, roof),
        Section(_x(body, body.roof_front), hood - 0.03, body.height, waist, roof),
        Section(_x(body, body.screen_base), hood - 0.03, hood + 0.02, waist, waist * 0.98),
    ]
    sheaths = [Sheath(glass, glass, None), Sheath(glass, top, None), Sheath(glass, glass, None)]
    cabin = loft(sections, sheaths, (0.04, 0.045, 0.05), ends=glass)
    painted = (cabin.material == top)[:, None]
    return replace(cabin, tint=np.where(painted, paint, cabin.tint).astype(np.float32))


def _trim(body: Body, deck: float, paint: np.ndarray) -> list[Mesh]:
    """Pillars between the side windows, and mirrors."""
    half, hood = body.width / 2, body.hood
    waist, middle = half * 0.92, _x(body, (body.roof_rear + body.roof_front) / 2)
    parts = []
    for s in (-1, 1):
        low = [middle - 0.05, s * waist * 0.90 - 0.02, deck]
        high = [middle + 0.05, s * waist * 0.90 + 0.03, (deck + body.height) / 2]
        parts.append(box(low, high, M["paint"], paint * 0.6))
    for s in (-1, 1):
        low = [_x(body, body.screen_base - 0.08), s * half * 0.98 - 0.09, hood]
        high = [_x(body, body.screen_base - 0.05), s * half * 0.98 + 0.09, hood + 0.14]
        parts.append(box(low, high, M["paint"], paint))
    return parts


def _truck(generator: Generator) -> Mesh:
    """A lorry: cab, chassis and a box body."""
    length, half = generator.uniform(6.2, 9.0), generator.uniform(1.1, 1.25)
    top = generator.uniform(2.9, 3.7)
    paint = PAINTS[generator.integers(len(PAINTS))]
    cargo = generator.choice([0.75, 0.55, 0.30]) * generator.uniform(0.6, 1.0, 3).clip(0.75, 1)
    front, rear, split = length / 2, -length / 2, length / 2 - 2.0
    sections = [
        Section(split, 0.5, 2.45, half, half * 0.95),
        Section(front - 0.35, 0.45, 2.5, half, half * 0.92),
        Section(front, 0.45, 1.3, half * 0.97, half * 0.95),
    ]
    cab = loft(sections, [_HULL, _HULL], paint, ends=M["paint"])
    pane = [[front - 0.31, y, 2.38] for y in (-half * 0.85, half * 0.85)]
    pane += [[front + 0.01, y, 1.42] for y in (half * 0.88, -half * 0.88)]
    screen = quads([pane], [np.zeros((4, 2))], M["glass"], 0.04)
    windows = [screen]
    for s in (-1, 1):
        y = s * half * 0.99
        low, high = [split + 0.5, y - 0.03, 1.45], [front - 0.6, y + 0.03, 2.15]
        windows.append(box(low, high, M["glass"], 0.04))
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


def _bus(generator: Generator) -> Mesh:
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


def _bicycle(generator: Generator) -> Mesh:
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
