"""The plan of a scene: what kind of street, its course, its crossings and side streets, its
look."""

import numpy as np

from rigid_depth.data.synthetic.streets import Street, make_course
from rigid_depth.data.synthetic.traffic import EGO_START_M

# Ranges: lanes per direction, metres between pavement and houses, floors. Shares: gaps between
# houses,
# trees, parked cars, detached houses. Densities: people, traffic.
_COLUMNS = ("lanes", "setback", "floors", "gap", "trees", "people", "parking", "traffic", "houses")
_STYLES = {
    "residential": ((1, 1), (2, 7), (1, 2), 0.12, 0.8, 0.5, 0.65, 0.6, 0.8),
    "downtown": ((1, 2), (0.2, 2), (3, 12), 0.03, 0.45, 1.5, 0.6, 1.1, 0.0),
    "suburb": ((1, 1), (5, 13), (1, 4), 0.3, 0.95, 0.3, 0.4, 0.6, 0.6),
    "industrial": ((1, 2), (4, 14), (2, 4), 0.2, 0.45, 0.2, 0.4, 0.8, 0.0),
    "avenue": ((2, 3), (3, 11), (4, 16), 0.15, 0.85, 0.6, 0.0, 1.0, 0.0),
}
KINDS = tuple(_STYLES)


def style_of(kind: str) -> dict:
    """The parameters of a kind of street."""
    return dict(zip(_COLUMNS, _STYLES[kind], strict=True))


def make_street(style, terrain, length, generator) -> Street:
    """A street of this style with a random course, lanes and widths."""
    lanes = int(generator.integers(style["lanes"][0], style["lanes"][1] + 1))
    lane_m = generator.uniform(2.9, 3.7)
    kerbside = generator.uniform(2.2, 2.6) if style["parking"] else generator.uniform(0.3, 1.5)
    bend = generator.choice([1 / 400, 1 / 150, 1 / 80])
    course = make_course(length, bend, generator.uniform(0, 2 * np.pi), generator)
    return Street(
        course,
        0.0,
        lanes * lane_m + kerbside,
        generator.uniform(1.6, 4.5),
        generator.uniform(*style["setback"]),
        lanes,
        lane_m,
        terrain,
    )


def make_look(kind, side, generator) -> dict:
    """Colours, materials and road marks of one place."""
    grass = np.array([0.10, 0.16, 0.04]) * generator.uniform(0.7, 1.3) + generator.uniform(
        0, 0.04, 3
    )
    paved = kind == "downtown" or (kind == "avenue" and generator.random() < 0.5)
    return {
        "side": side,
        "asphalt": np.array([0.16, 0.16, 0.165])
        * generator.uniform(0.55, 1.7)
        * (1 + generator.normal(0, 0.02, 3)),
        "kerb": np.full(3, generator.uniform(0.28, 0.5)),
        "pavement": np.array([0.42, 0.40, 0.37])
        * generator.uniform(0.6, 1.25)
        * (1 + generator.normal(0, 0.05, 3)),
        "pavement_material": str(generator.choice(["paving", "concrete"])),
        "verge_material": "paving" if paved else "grass",
        "verge": np.array([0.40, 0.37, 0.34]) * generator.uniform(0.7, 1.1) if paved else grass,
        "grass": grass,
        "mark_wear": generator.uniform(0.55, 1.0),
        "yellow_centre": bool(generator.random() < 0.4),
        "double_centre": bool(generator.random() < 0.4),
        "dash_m": generator.uniform(1.2, 3.2),
        "dash_gap": generator.uniform(1.8, 3.5),
        "edge_line": bool(generator.random() < 0.5),
        "zebra": bool(generator.random() < 0.7),
    }


def make_crossings(street, style, generator):
    """The gaps [(s0, s1)] of the side streets, and the side streets themselves."""
    gaps, arms = [], []
    s = generator.uniform(EGO_START_M - 20, EGO_START_M + 60)
    while s < street.end - 40:
        half, pavement = generator.uniform(3.0, 5.5), generator.uniform(1.5, 3.0)
        gap = (s - half - pavement, s + half + pavement)
        gaps.append(gap)
        dead_end = 0 if generator.random() < 0.6 else int(generator.choice([-1, 1]))
        for direction in (-1, 1):
            length = 9 if direction == dead_end else int(generator.integers(50, 110))
            arms.append(_arm(street, s, direction, half, pavement, generator, length))
        s += generator.uniform(55, 150)
    return gaps, arms


def _arm(street, s, direction, half, pavement, generator, length):
    """A straight side street that leaves the main street at s to the left (+1) or right (-1)."""
    xy, heading = street.at(s, direction * street.half_road)
    theta = float(heading) + direction * np.pi / 2
    steps = np.arange(length + 1.0)[:, None]
    line = xy + steps * np.array([np.cos(theta), np.sin(theta)])
    course = np.column_stack([line, np.full(len(line), theta)])
    return Street(course, 0.0, half, pavement, generator.uniform(0.5, 5), 1, half, street.terrain)
