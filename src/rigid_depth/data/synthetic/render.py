"""The camera: primary rays, secondary rays at lower resolution, shading band by band."""

import cv2
import numpy as np

from rigid_depth.data.synthetic import rays, shading
from rigid_depth.data.synthetic.effects import develop
from rigid_depth.data.synthetic.lighting import Light
from rigid_depth.data.synthetic.materials import EMISSION
from rigid_depth.data.synthetic.shading import MATERIAL, NORMAL, TINT
from rigid_depth.data.synthetic.sky import sky_colour
from rigid_depth.data.synthetic.stage import View
from rigid_depth.data.synthetic.vectors import column, dot, turn, unit

BAND_ROWS = 40
AO_RAYS = 5
AO_REACH_M = 2.2
LAMPS = 8


def render(view: View, directions, light: Light, lamps, generator):
    """One image: (rgb uint8 [H,W,3], depth_m float32 [H,W] with 0 = no surface).

    ``directions`` [3,H,W] are in the camera frame with z = 1, so that distances along rays are
    camera z.
    """
    origin = view.origin.astype(np.float32)
    world = turn(view.rotation, directions)
    depth, triangle = rays.camera_hits(view.scene, origin, world)
    axes = view.car_rotation.T
    headlight = view.car_position + 3.6 * axes[0] + 0.7 * axes[2]
    lighting = shading.Lighting(
        light=light,
        lamps=_nearest(lamps, origin + 18 * view.rotation[:, 2]),
        car=np.concatenate([headlight[None], axes]).astype(np.float32),
        pixel_rad=float(directions[0, 0, 1] - directions[0, 0, 0]),
    )
    picture = (view.table, depth, triangle, world, origin)
    shares = _secondary(view.scene, picture, light, generator)
    offset = generator.random(2)
    image = np.empty(directions.shape, np.float32)
    for top in range(0, depth.shape[0], BAND_ROWS):
        band = slice(top, top + BAND_ROWS)
        image[:, band] = _band(picture, shares, band, lighting, offset)
    return develop(image, light, generator), depth


def _nearest(lamps, point):
    order = np.argsort(np.linalg.norm(lamps - point, axis=1), kind="stable")
    return lamps[order[:LAMPS]].astype(np.float32)


def _band(picture, shares, band, lighting, offset):
    """Linear colour [3,rows,W] of some rows of the image."""
    table, depth, triangle, world, origin = picture
    depth, triangle = depth[band].ravel(), triangle[band].ravel()
    shape = world[:, band].shape
    direction = world[:, band].reshape(3, -1)
    hit, sky = np.flatnonzero(triangle >= 0), np.flatnonzero(triangle < 0)
    if len(sky) == 0:
        hit = slice(None)  # no copies where the band is all surface
    colour = np.empty(direction.shape, np.float32)
    if len(sky):
        colour[:, sky] = sky_colour(unit(direction[:, sky]), lighting.light, offset)
    if len(sky) < len(triangle):
        ray, z = direction[:, hit], depth[hit]
        length = np.sqrt(dot(ray, ray))
        seen = ray / length
        mirror = shares["mirror"]
        colour[:, hit] = shading.shade(
            shading.gather(table, triangle[hit], seen),
            column(origin) + z * ray,
            seen,
            z * length,
            shares["sunlit"][band].ravel()[hit],
            shares["open"][band].ravel()[hit],
            None if mirror is None else mirror[:, band].reshape(3, -1)[:, hit],
            lighting,
        )
    return colour.reshape(shape)


def _secondary(scene, picture, light, generator) -> dict:
    """Shadow, openness to the sky and wet reflection, cast on every second or fourth pixel."""
    shape = picture[1].shape
    sunlit, mirror = np.ones(shape, np.float32), None
    if light.sun.any():
        sunlit = _enlarge(_sunlit(scene, *_points(picture, 2), light), shape)
    openness = _enlarge(_openness(scene, *_points(picture, 4), generator), shape)
    if light.wet:
        small = _mirror(scene, picture, *_points(picture, 2), light)
        mirror = np.stack([_enlarge(channel, shape) for channel in small])
    return {"sunlit": sunlit, "open": openness, "mirror": mirror}


def _points(picture, step):
    """Points [3,N], surfaces [16,N] and rays [3,N] of every ``step``-th pixel, and where they are
    [h,w]."""
    table, depth, triangle, world, origin = picture
    small = triangle[::step, ::step]
    chosen = np.flatnonzero(small >= 0)
    ray = world[:, ::step, ::step].reshape(3, -1)[:, chosen]
    surface = shading.gather(table, small.ravel()[chosen], ray)
    point = column(origin) + depth[::step, ::step].ravel()[chosen] * ray
    return point + np.float32(0.015) * surface[NORMAL], surface, ray, (small.shape, chosen)


def _enlarge(small, shape):
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _fill(place, values):
    """A picture of ``values`` where surfaces are, and 1 elsewhere."""
    shape, chosen = place
    result = np.ones(shape, np.float32)
    result.reshape(-1)[chosen] = values
    return result


def _sunlit(scene, point, surface, ray, place, light):
    """1 where the sun reaches the surface, else 0."""
    direction = light.sun_direction.astype(np.float32)
    lit = dot(direction, surface[NORMAL]) > 0
    towards = np.broadcast_to(column(direction), (3, int(lit.sum())))
    lit[lit] = ~rays.blocked(scene, point[:, lit], towards)
    return _fill(place, lit)


def _openness(scene, point, surface, ray, place, generator):
    """Share of the near surroundings that is free (ambient occlusion), smoothed."""
    free = np.zeros(point.shape[1], np.float32)
    for _ in range(AO_RAYS):
        scatter = unit(generator.standard_normal(point.shape, dtype=np.float32))
        direction = unit(scatter + np.float32(1.05) * surface[NORMAL])
        free += ~rays.blocked(scene, point, direction, AO_REACH_M)
    return 0.25 + 0.75 * cv2.blur(_fill(place, free / AO_RAYS), (3, 3))


def _mirror(scene, picture, point, surface, ray, place, light):
    """What wet ground reflects, [3,h,w]: the plain colours of what stands behind it, or the sky."""
    ground = np.flatnonzero(surface[2] > 0.9)
    direction = unit(ray[:, ground]) * column([1, 1, -1])
    distance, triangle = rays.first_hits(scene, point[:, ground], direction)
    seen = picture[0][:, np.maximum(triangle, 0)]
    glow = EMISSION[seen[MATERIAL].astype(int)]
    colour = seen[TINT] * (column(0.7 * light.ambient) + glow)
    far = np.where(triangle >= 0, distance, 1e4).astype(np.float32)
    fog = column(light.horizon)
    colour = (colour - fog) * np.exp(np.float32(-light.fog_per_m) * far) + fog
    shape, chosen = place
    result = np.zeros((3, *shape), np.float32)
    result.reshape(3, -1)[:, chosen[ground]] = colour
    return [cv2.blur(channel, (3, 25)) for channel in result]
