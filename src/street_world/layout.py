"""The plan of a scene: what kind of street, its course, its crossings and side streets."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from street_world.streets import EGO_START_M, Gaps, Street, Terrain, make_course, make_terrain
from street_world.style import STYLES, Look, Style, make_look


@dataclass(frozen=True)
class Site:
    """Where a scene takes place; `side` is 1 where traffic keeps to the right, else -1.

    `gaps` are the stretches of the street that its side streets, the `arms`, keep open.
    """

    kind: str
    style: Style
    look: Look
    side: int
    street: Street
    gaps: Gaps
    arms: tuple[Street, ...]


def make_site(length_m: int, generator: Generator) -> Site:
    """A random site whose street is `length_m` metres long."""
    kind = str(generator.choice(list(STYLES)))
    style = STYLES[kind]
    terrain = make_terrain(generator)
    street = _street(style, terrain, length_m, generator)
    side = int(generator.choice([-1, 1], p=[0.35, 0.65]))
    look = make_look(kind, generator)
    gaps, arms = _crossings(street, generator)
    return Site(kind, style, look, side, street, gaps, arms)


def _street(style: Style, terrain: Terrain, length_m: int, generator: Generator) -> Street:
    """A street of this style with a random course, lanes and widths."""
    lanes = int(generator.integers(style.lanes[0], style.lanes[1] + 1))
    lane_m = generator.uniform(2.9, 3.7)
    kerbside = generator.uniform(2.2, 2.6) if style.parking else generator.uniform(0.3, 1.5)
    bend = generator.choice([1 / 400, 1 / 150, 1 / 80])
    course = make_course(length_m, bend, generator.uniform(0, 2 * np.pi), generator)
    return Street(
        course=course,
        start=0.0,
        half_road=lanes * lane_m + kerbside,
        pavement=generator.uniform(1.6, 4.5),
        setback=generator.uniform(*style.setback),
        lanes=lanes,
        lane_m=lane_m,
        terrain=terrain,
    )


def _crossings(street: Street, generator: Generator) -> tuple[Gaps, tuple[Street, ...]]:
    """The gaps of the side streets, and the side streets themselves."""
    gaps, arms = [], []
    s = generator.uniform(EGO_START_M - 20, EGO_START_M + 60)
    while s < street.end - 40:
        half, pavement = generator.uniform(3.0, 5.5), generator.uniform(1.5, 3.0)
        gaps.append((s - half - pavement, s + half + pavement))
        dead_end = 0 if generator.random() < 0.6 else int(generator.choice([-1, 1]))
        for direction in (-1, 1):
            length_m = 9 if direction == dead_end else int(generator.integers(50, 110))
            setback = generator.uniform(0.5, 5)
            arms.append(_arm(street, s, direction, half, pavement, setback, length_m))
        s += generator.uniform(55, 150)
    return tuple(gaps), tuple(arms)


def _arm(
    street: Street, s: float, direction: int, half: float, pavement: float, setback: float,
    length_m: int,
) -> Street:  # fmt: skip
    """A straight side street that leaves the main street at s to the left (+1) or right (-1)."""
    xy, heading = street.at(s, direction * street.half_road)
    theta = float(heading) + direction * np.pi / 2
    steps = np.arange(length_m + 1.0)[:, None]
    line = xy + steps * np.array([np.cos(theta), np.sin(theta)])
    course = np.column_stack([line, np.full(len(line), theta)])
    return Street(course, 0.0, half, pavement, setback, 1, half, street.terrain)
