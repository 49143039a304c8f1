"""Street furniture: lamps, signs, traffic lights, bollards, bins, fences, shelters, wires."""

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from street_world.materials import M
from street_world.mesh import Mesh, box, merge, place, tube
from street_world.streets import Street

_GREY = (0.24, 0.25, 0.26)


def make_lamp(height: float, reach: float) -> Mesh:
    """A street lamp whose arm reaches `reach` metres along +y."""
    return merge(
        [
            tube([0, 0, -0.2], [0, 0, height], 0.10, 0.06, M["metal"], _GREY, sides=7),
            tube(
                [0, 0, height - 0.1],
                [0, reach, height + 0.25],
                0.05,
                0.04,
                M["metal"],
                _GREY,
                sides=5,
            ),
            box(
                [-0.12, reach - 0.1, height + 0.2],
                [0.12, reach + 0.6, height + 0.32],
                M["metal"],
                _GREY,
            ),
            box(
                [-0.10, reach, height + 0.17],
                [0.10, reach + 0.55, height + 0.2],
                M["lamp"],
                (1.0, 0.82, 0.5),
            ),
        ]
    )


def make_sign(generator: Generator) -> Mesh:
    """A traffic sign on a post, facing -x."""
    height = generator.uniform(2.1, 2.8)
    parts = [
        tube([0, 0, -0.2], [0, 0, height + 0.3], 0.035, 0.035, M["metal"], (0.4, 0.4, 0.4), sides=6)
    ]
    red, blue, white, yellow = (
        (0.6, 0.03, 0.03),
        (0.03, 0.12, 0.5),
        (0.75, 0.75, 0.75),
        (0.75, 0.5, 0.03),
    )
    kind = generator.integers(5)
    if kind < 3:
        outer, inner = [(red, white), (blue, blue), (red, red)][kind]
        sides = 8 if kind == 2 else 16
        for x, radius, tint in ((-0.05, 0.33, outer), (-0.06, 0.24, inner)):
            parts.append(
                tube(
                    [x, 0, height],
                    [x + 0.01, 0, height],
                    radius,
                    radius,
                    M["sign"],
                    tint,
                    sides=sides,
                )
            )
        if kind == 2 or generator.random() < 0.5:
            parts.append(
                box(
                    [-0.08, -0.17, height - 0.05],
                    [-0.07, 0.17, height + 0.05],
                    M["sign"],
                    white if kind else (0.02, 0.02, 0.02),
                )
            )
    elif kind == 3:
        parts.append(
            box([-0.06, -0.3, height - 0.4], [-0.04, 0.3, height + 0.4], M["sign"], yellow)
        )
        parts.append(
            box(
                [-0.075, -0.2, height - 0.1],
                [-0.06, 0.2, height + 0.1],
                M["sign"],
                (0.02, 0.02, 0.02),
            )
        )
    else:
        parts.append(
            box(
                [-0.06, -0.9, height - 0.2],
                [-0.04, 0.9, height + 0.35],
                M["sign"],
                (0.02, 0.22, 0.10),
            )
        )
        for row in (0.0, 0.2):
            parts.append(
                box(
                    [-0.075, -0.7, height + row - 0.1],
                    [-0.06, 0.4 + row, height + row],
                    M["sign"],
                    white,
                )
            )
    return merge(parts)


def make_traffic_light(reach: float, state: int) -> Mesh:
    """A traffic light facing -x with one head on its post and one on an arm along +y."""
    parts = [tube([0, 0, -0.2], [0, 0, 5.6], 0.09, 0.07, M["metal"], (0.1, 0.11, 0.11), sides=7)]
    parts.append(
        tube([0, 0, 5.5], [0, reach, 5.6], 0.06, 0.05, M["metal"], (0.1, 0.11, 0.11), sides=6)
    )
    colours = ((0.9, 0.05, 0.03), (0.9, 0.5, 0.03), (0.03, 0.8, 0.35))
    for y, z in ((0.0, 2.9), (reach, 5.2)):
        parts.append(
            box(
                [-0.25, y - 0.17, z - 0.5], [0.0, y + 0.17, z + 0.5], M["metal"], (0.02, 0.02, 0.02)
            )
        )
        for k, colour in enumerate(colours):
            lit = k == state
            centre = z + 0.3 - 0.3 * k
            parts.append(
                tube(
                    [-0.27, y, centre],
                    [-0.25, y, centre],
                    0.11,
                    0.11,
                    M["lamp" if lit else "sign"],
                    np.array(colour) * (1 if lit else 0.08),
                    sides=10,
                )
            )
    return merge(parts)


def make_bollard() -> Mesh:
    """A bollard with a light band."""
    return merge(
        [
            tube([0, 0, -0.1], [0, 0, 0.9], 0.06, 0.06, M["metal"], (0.06, 0.06, 0.065), sides=7),
            tube([0, 0, 0.72], [0, 0, 0.8], 0.065, 0.065, M["sign"], (0.7, 0.7, 0.68), sides=7),
        ]
    )


def make_bin(generator: Generator) -> Mesh:
    """A litter or wheeled bin."""
    tint = [(0.03, 0.12, 0.05), (0.05, 0.05, 0.06), (0.04, 0.08, 0.22), (0.35, 0.06, 0.04)][
        generator.integers(4)
    ]
    return merge(
        [
            box([-0.3, -0.28, 0.05], [0.3, 0.28, 0.95], M["paint"], tint),
            box([-0.34, -0.32, 0.95], [0.34, 0.32, 1.05], M["paint"], np.array(tint) * 0.7),
        ]
    )


def make_bench() -> Mesh:
    """A bench facing -y."""
    wood = (0.22, 0.12, 0.06)
    legs = [box([x, -0.2, 0], [x + 0.06, 0.25, 0.45], M["metal"], 0.05) for x in (-0.75, 0.7)]
    return merge(
        [
            *legs,
            box([-0.9, -0.25, 0.42], [0.9, 0.22, 0.48], M["wood"], wood),
            box([-0.9, 0.22, 0.55], [0.9, 0.27, 0.95], M["wood"], wood),
        ]
    )


def make_shelter(group: int, generator: Generator) -> Mesh:
    """A bus shelter, open towards -y."""
    frame = (0.12, 0.13, 0.14)
    posts = [
        tube([x, y, 0], [x, y, 2.5], 0.05, 0.05, M["metal"], frame, sides=5)
        for x in (-2, 2)
        for y in (-0.6, 0.7)
    ]
    poster = generator.uniform(0.05, 0.7, 3)
    return merge(
        [
            *posts,
            box([-2.2, -0.9, 2.5], [2.2, 0.9, 2.62], M["metal"], frame),
            box([-2, 0.68, 0.3], [0.6, 0.72, 2.3], M["glass"], 0.1),
            box([0.8, 0.66, 0.5], [2.0, 0.76, 2.3], M["sign"], poster, group),
            box([-1.6, 0.2, 0.45], [1.2, 0.55, 0.5], M["wood"], (0.2, 0.12, 0.06)),
        ]
    )


def make_fence(length: float, generator: Generator) -> Mesh:
    """A fence, wall or railing along x, centred on the origin."""
    half = length / 2
    kind = generator.integers(3)
    if kind == 0:
        tint = generator.uniform(0.3, 0.6) * np.array([1.0, 0.92, 0.82])
        material = M["brick" if generator.random() < 0.6 else "plaster"]
        height = generator.uniform(0.7, 2.2)
        cap = box([-half, -0.16, height], [half, 0.16, height + 0.08], M["concrete"], 0.45)
        return merge([box([-half, -0.11, -0.5], [half, 0.11, height], material, tint), cap])
    if kind == 1:
        height = generator.uniform(0.9, 1.8)
        low = _along(np.arange(-half, half, 0.2), -0.02, 0.05)
        tint = np.array([0.28, 0.17, 0.09]) * generator.uniform(0.6, 1.6)
        tint = tint * generator.uniform(0.8, 1.2, (len(low), 1))
        return box(low, low + np.array([0.14, 0.04, height]), M["wood"], tint)
    low = _along(np.arange(-half, half, 0.35), -0.02, -0.1)
    rails = box(
        [[-half, -0.02, z] for z in (0.15, 1.05)],
        [[half, 0.02, z] for z in (0.2, 1.1)],
        M["metal"],
        0.08,
    )
    return merge([box(low, low + np.array([0.04, 0.04, 1.2]), M["metal"], 0.08), rails])


def _along(x: ArrayLike, y: float, z: float) -> np.ndarray:
    """Points [N,3] at several x."""
    return np.stack(np.broadcast_arrays(x, y, z), -1)


def make_barrier(red: bool) -> Mesh:
    """A water-filled road barrier along x, 1.9 m long."""
    tint = (0.55, 0.10, 0.05) if red else (0.7, 0.7, 0.68)
    return merge(
        [
            box([-0.95, -0.25, 0], [0.95, 0.25, 0.32], M["paint"], tint),
            box([-0.92, -0.14, 0.32], [0.92, 0.14, 1.0], M["paint"], tint),
        ]
    )


def make_cone() -> Mesh:
    """A traffic cone."""
    return merge(
        [
            box([-0.19, -0.19, 0], [0.19, 0.19, 0.04], M["tyre"], 0.04),
            tube([0, 0, 0.04], [0, 0, 0.34], 0.14, 0.09, M["sign"], (0.7, 0.12, 0.02), sides=9),
            tube([0, 0, 0.34], [0, 0, 0.5], 0.09, 0.06, M["sign"], (0.75, 0.75, 0.75), sides=9),
            tube([0, 0, 0.5], [0, 0, 0.72], 0.06, 0.02, M["sign"], (0.7, 0.12, 0.02), sides=9),
        ]
    )


def on_street(
    mesh: Mesh, street: Street, s: float, d: float, lift: float, turn_rad: float = 0.0
) -> Mesh:
    """The piece at (s, d), its x along the street, turned by `turn_rad`."""
    _, heading = street.at(s, d)
    return place(mesh, street.point(s, d, lift), yaw_rad=float(heading) + turn_rad)
