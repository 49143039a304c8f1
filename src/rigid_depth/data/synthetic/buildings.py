"""Buildings: blocks with window bays and floors, shops, houses with gabled roofs, distant
towers."""

import numpy as np

from rigid_depth.data.synthetic.materials import FACADES, M
from rigid_depth.data.synthetic.mesh import Mesh, box, merge, place, quads

_WALLS = np.array(
    [
        [0.62, 0.58, 0.50],
        [0.72, 0.70, 0.66],
        [0.55, 0.42, 0.32],
        [0.48, 0.50, 0.52],
        [0.66, 0.52, 0.38],
        [0.40, 0.45, 0.50],
        [0.70, 0.62, 0.48],
        [0.52, 0.34, 0.28],
    ]
)


def _wall(a, b, low, high, bays, floors, material, tint, group, first_floor=0) -> Mesh:
    """A vertical wall from ground plan point ``a`` to ``b``, with texture in bays and floors."""
    corners = [[*a, low], [*b, low], [*b, high], [*a, high]]
    v0, v1 = first_floor, first_floor + floors
    uv = [[0, v0], [bays, v0], [bays, v1], [0, v1]]
    return quads([corners], [uv], material, tint, group)


def make_block(width, depth, floors, style: dict, group: int, generator) -> Mesh:
    """A block of ``floors`` storeys; x along the street, its front at y = 0 facing -y, ground at z
    = 0."""
    floor_m, bay_m = style["floor_m"], style["bay_m"]
    ground_m = style["ground_m"]
    tint = _WALLS[generator.integers(len(_WALLS))] * generator.uniform(0.75, 1.15)
    facade = FACADES[generator.integers(len(FACADES))]
    top = ground_m + (floors - 1) * floor_m
    x0, x1 = -width / 2, width / 2
    plan = [(x0, 0), (x1, 0), (x1, depth), (x0, depth)]
    parts = []
    for k in range(4):
        a, b = plan[k], plan[(k + 1) % 4]
        bays = max(1, round(np.hypot(b[0] - a[0], b[1] - a[1]) / bay_m))
        shop = M["shop"] if style["shops"] and k == 0 else facade
        parts.append(_wall(a, b, -2.0, 0, bays, 0.4, M["concrete"], tint * 0.6, group))
        parts.append(_wall(a, b, 0, ground_m, bays, 1, shop, tint, group))
        parts.append(
            _wall(a, b, ground_m, top, bays, floors - 1, facade, tint, group, first_floor=1)
        )
    parts.append(box([x0, 0, top], [x1, depth, top + 0.05], M["concrete"], 0.3, group, faces=[4]))
    eaves = generator.uniform(0.1, 0.5)
    parts.append(
        box(
            [x0 - eaves, -eaves, top],
            [x1 + eaves, depth, top + generator.uniform(0.3, 0.9)],
            M["plaster"],
            tint * 0.8,
            group,
        )
    )
    if style["shops"]:
        awning = generator.uniform(0.05, 0.7, 3)
        parts.append(
            box(
                [x0 + 0.5, -1.1, ground_m - 0.55],
                [x1 - 0.5, 0, ground_m - 0.3],
                M["cloth"],
                awning,
                group,
            )
        )
        parts.append(
            box(
                [x0 + 0.3, -0.12, ground_m - 0.3],
                [x1 - 0.3, 0, ground_m + 0.25],
                M["plaster"],
                awning[::-1],
                group,
            )
        )
    elif generator.random() < 0.5:
        parts += _balconies(x0, x1, ground_m, floor_m, floors, bay_m, tint, group)
    if generator.random() < 0.4:
        cx, cy = generator.uniform(x0 * 0.5, x1 * 0.5), depth * generator.uniform(0.3, 0.7)
        parts.append(
            box([cx - 2, cy - 2, top], [cx + 2, cy + 2, top + 2.8], M["plaster"], tint * 0.7, group)
        )
    return merge(parts)


def _balconies(x0, x1, ground_m, floor_m, floors, bay_m, tint, group):
    """Balconies on every second bay."""
    bays = max(1, round((x1 - x0) / bay_m))
    step = (x1 - x0) / bays
    x, z = np.meshgrid(
        x0 + 0.3 + step * np.arange(0, bays, 2), ground_m + floor_m * np.arange(floors - 1)
    )
    low = np.stack([x.ravel(), np.full(x.size, -1.1), z.ravel()], -1)
    wide = step - 0.6
    floor = box(low - [0, 0, 0.12], low + np.array([wide, 1.1, 0.05]), M["concrete"], 0.45, group)
    return [floor, box(low, low + np.array([wide, 0.05, 0.95]), M["metal"], tint * 0.6, group)]


def make_house(width, depth, style: dict, group: int, generator) -> Mesh:
    """A detached house with a gabled roof; its front at y = 0 facing -y."""
    tint = _WALLS[generator.integers(len(_WALLS))] * generator.uniform(0.8, 1.2)
    floors = int(generator.integers(1, 3))
    eaves = 0.4 + floors * style["floor_m"]
    ridge = eaves + depth * generator.uniform(0.28, 0.5)
    facade = FACADES[generator.choice([0, 1, 2, 5])]
    x0, x1 = -width / 2, width / 2
    plan = [(x0, 0), (x1, 0), (x1, depth), (x0, depth)]
    parts = []
    for k in range(4):
        a, b = plan[k], plan[(k + 1) % 4]
        bays = max(1, round(np.hypot(b[0] - a[0], b[1] - a[1]) / style["bay_m"]))
        parts.append(_wall(a, b, -2.0, 0.4, bays, 0.5, M["concrete"], tint * 0.6, group))
        parts.append(_wall(a, b, 0.4, eaves, bays, floors, facade, tint, group))
    o = 0.45
    roof = (
        np.array([0.30, 0.12, 0.08]) * generator.uniform(0.5, 1.3)
        if generator.random() < 0.6
        else np.full(3, 0.09)
    )
    for y in (-o, depth + o):
        corner = [
            [x0 - o, y, eaves - 0.2],
            [x1 + o, y, eaves - 0.2],
            [x1 + o, depth / 2, ridge],
            [x0 - o, depth / 2, ridge],
        ]
        run = np.hypot(depth / 2 + o, ridge - eaves)
        uv = [[0, 0], [width + 2 * o, 0], [width + 2 * o, run], [0, run]]
        parts.append(quads([corner], [uv], M["tiles"], roof, group))
    for x in (x0, x1):
        gable = [[x, 0, eaves], [x, depth, eaves], [x, depth / 2, ridge], [x, depth / 2, ridge]]
        parts.append(
            quads(
                [gable],
                [[[0, 0], [depth, 0], [depth / 2, 3], [depth / 2, 3]]],
                M["plaster"],
                tint,
                group,
            )
        )
    cx = generator.uniform(x0 * 0.6, x1 * 0.6)
    parts.append(
        box(
            [cx, depth * 0.4, eaves],
            [cx + 0.7, depth * 0.4 + 0.7, ridge + 0.7],
            M["brick"],
            (0.3, 0.14, 0.1),
            group,
        )
    )
    door = x0 + width * generator.uniform(0.2, 0.7)
    parts.append(
        box(
            [door, -0.06, 0],
            [door + 1.0, 0, 2.3],
            M["wood"],
            generator.uniform(0.05, 0.35, 3),
            group,
        )
    )
    parts.append(box([door - 0.3, -1.0, -1], [door + 1.3, 0, 0.15], M["concrete"], 0.4, group))
    return merge(parts)


def make_tower(width, depth, height, group: int, generator) -> Mesh:
    """A plain distant tower centred on the origin."""
    tint = _WALLS[generator.integers(len(_WALLS))] * generator.uniform(0.6, 1.0)
    facade = FACADES[generator.integers(len(FACADES))]
    mesh = box([-width / 2, -depth / 2, -3], [width / 2, depth / 2, height], facade, tint, group)
    scaled = mesh.uv / np.float32([3.2, 3.4])
    return Mesh(mesh.triangles, scaled, mesh.material, mesh.tint, mesh.group)


def on_street(mesh: Mesh, street, s: float, d_front: float) -> Mesh:
    """Stand a building (front at y = 0) with its front at offset ``d_front``, facing the street."""
    point = street.point(s, d_front)
    _, heading = street.at(s, d_front)
    yaw = float(heading) if d_front > 0 else float(heading) + np.pi
    return place(mesh, point, yaw_rad=yaw)
