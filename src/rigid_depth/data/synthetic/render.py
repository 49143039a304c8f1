"""The camera: primary rays, secondary rays at lower resolution, shading band by band."""

import cv2
import numpy as np

from rigid_depth.data.synthetic import rays, shading
from rigid_depth.data.synthetic.effects import develop
from rigid_depth.data.synthetic.lighting import Light
from rigid_depth.data.synthetic.sky import sky_colour
from rigid_depth.data.synthetic.stage import View

BAND_ROWS = 60
AO_RAYS = 5
AO_REACH_M = 2.2
LAMPS = 8


def render(view: View, directions, light: Light, lamps, generator):
    """One image: (rgb uint8 [H,W,3], depth_m float32 [H,W] with 0 = no surface).

    ``directions`` [H,W,3] are in the camera frame with z = 1, so that the distance along a ray is camera z.
    """
    scene, table, rotation = view.scene, view.table, view.rotation
    axes = view.car_rotation.T
    headlight = view.car_position + 3.6 * axes[0] + 0.7 * axes[2]
    height, width, _ = directions.shape
    origin = view.origin.astype(np.float32)
    world = directions.reshape(-1, 3) @ rotation.T.astype(np.float32)
    depth, triangle = rays.first_hits(scene, origin, world)
    shape = (height, width)
    depth, triangle, world = depth.reshape(shape), triangle.reshape(shape), world.reshape(*shape, 3)
    lighting = shading.Lighting(
        light=light,
        lamps=_nearest(lamps, origin + 18 * rotation[:, 2]) if light.lamps else lamps[:0],
        car=np.concatenate([headlight[None], axes]).astype(np.float32),
        pixel_rad=float(directions[0, 1, 0] - directions[0, 0, 0]),
    )
    shares = _secondary(scene, table, depth, triangle, world, origin, light, generator)
    offset = generator.random(2)
    image = np.empty((height, width, 3), np.float32)
    for top in range(0, height, BAND_ROWS):
        band = slice(top, top + BAND_ROWS)
        mirror = None if shares["mirror"] is None else shares["mirror"][band]
        image[band] = _band(
            table,
            depth[band],
            triangle[band],
            world[band],
            origin,
            shares["sunlit"][band],
            shares["open"][band],
            mirror,
            lighting,
            offset,
        )
    hit = triangle >= 0
    return develop(image, light, generator), np.where(hit, depth, 0).astype(np.float32)


def _nearest(lamps, point):
    order = np.argsort(np.linalg.norm(lamps - point, axis=1), kind="stable")
    return lamps[order[:LAMPS]].astype(np.float32)


def _band(table, depth, triangle, world, origin, sunlit, openness, mirror, lighting, offset):
    """Linear colour of some rows of the image."""
    hit = triangle >= 0
    colour = np.empty((*hit.shape, 3), np.float32)
    length = np.sqrt(np.einsum("ijk,ijk->ij", world, world))
    unit = world / length[..., None]
    if not hit.all():
        colour[~hit] = sky_colour(unit[~hit], lighting.light, offset)
    if hit.any():
        view, distance = unit[hit], (depth * length)[hit]
        colour[hit] = shading.shade(
            shading.rows_facing(table, triangle[hit], view),
            origin + distance[:, None] * view,
            view,
            distance,
            sunlit[hit],
            openness[hit],
            None if mirror is None else mirror[hit],
            lighting,
        )
    return colour


def _secondary(scene, table, depth, triangle, world, origin, light, generator) -> dict:
    """Shadow, openness to the sky and wet reflection, cast on every second or fourth pixel."""
    shape = depth.shape
    sunlit = np.ones(shape, np.float32)
    mirror = None
    if light.sun.any():
        point, row, hit = _points(table, depth, triangle, world, origin, 2)
        sunlit = _enlarge(_sunlit(scene, point, row, hit, light), shape)
    point, row, hit = _points(table, depth, triangle, world, origin, 4)
    openness = _enlarge(_openness(scene, point, row, hit, generator), shape)
    if light.wet:
        mirror = _enlarge(
            _mirror(
                scene, table, *_points(table, depth, triangle, world, origin, 2), origin, light
            ),
            shape,
        )
    return {"sunlit": sunlit, "open": openness, "mirror": mirror}


def _points(table, depth, triangle, world, origin, step):
    """Points and surface rows of every ``step``-th pixel that shows a surface, and where they are."""
    d, t, w = depth[::step, ::step], triangle[::step, ::step], world[::step, ::step]
    hit = t >= 0
    row = shading.rows_facing(table, t[hit], w[hit])
    point = origin + d[hit][:, None] * w[hit] + 0.015 * row[:, :3]
    return point, row, hit


def _enlarge(small, shape):
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _sunlit(scene, point, row, hit, light):
    """1 where the sun reaches the surface, else 0, on the grid of ``hit``."""
    direction = light.sun_direction.astype(np.float32)
    lit = row[:, :3] @ direction > 0
    lit[lit] = ~rays.blocked(scene, point[lit], np.broadcast_to(direction, (int(lit.sum()), 3)))
    result = np.ones(hit.shape, np.float32)
    result[hit] = lit
    return result


def _openness(scene, point, row, hit, generator):
    """Share of the near surroundings that is free (ambient occlusion), smoothed, on the grid of ``hit``."""
    free = np.zeros(len(point), np.float32)
    for _ in range(AO_RAYS):
        scatter = generator.standard_normal((len(point), 3), dtype=np.float32)
        scatter /= np.linalg.norm(scatter, axis=1, keepdims=True)
        direction = scatter + 1.05 * row[:, :3]
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        free += ~rays.blocked(scene, point, direction, AO_REACH_M)
    result = np.ones(hit.shape, np.float32)
    result[hit] = free / AO_RAYS
    return 0.25 + 0.75 * cv2.blur(result, (3, 3))


def _mirror(scene, table, point, row, hit, origin, light):
    """What wet ground reflects: the plain colours of what stands behind it, or the sky."""
    view = point - origin
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    result = np.zeros((*hit.shape, 3), np.float32)
    ground = row[:, 2] > 0.9
    direction = view[ground] * np.float32([1, 1, -1])
    distance, triangle = rays.first_hits(scene, point[ground], direction)
    seen = table[np.maximum(triangle, 0)]
    colour = 0.7 * seen[:, 3:6] * light.ambient.astype(np.float32)
    colour += shading.materials.EMISSION[seen[:, 14].astype(int)][:, None] * seen[:, 3:6]
    through = np.exp(-light.fog_per_m * np.where(triangle >= 0, distance, 1e4))[:, None]
    colour = colour * through + light.horizon.astype(np.float32) * (1 - through)
    where = np.zeros(hit.shape, bool)
    where[hit] = ground
    result[where] = colour
    return cv2.blur(result, (1, 5))
