"""The camera: primary rays, secondary rays at lower resolution, shading band by band."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator

from street_world import rays, shading
from street_world.effects import develop
from street_world.lighting import Light
from street_world.materials import EMISSION
from street_world.shading import MATERIAL, NORMAL, TINT
from street_world.sky import sky_colour
from street_world.stage import View
from street_world.vectors import column, dot, turn, unit

BAND_ROWS = 40
AO_RAYS = 5
AO_REACH_M = 2.2
LAMPS = 8


class Image(NamedTuple):
    """What a camera sees: `rgb` uint8 [H,W,3], `depth_m` float32 [H,W] with 0 = no surface.

    `classes` uint8 [H,W] are places in `classes.CLASSES`.
    """

    rgb: np.ndarray
    depth_m: np.ndarray
    classes: np.ndarray


class Picture(NamedTuple):
    """An image before it is shaded: `table` of all triangles, and what each pixel hits.

    `depth` (camera z, m) and `triangle` [H,W], `rays` [3,H,W] with camera z = 1, `origin` [3].
    """

    geometry: rays.Geometry
    table: np.ndarray
    depth: np.ndarray
    triangle: np.ndarray
    rays: np.ndarray
    origin: np.ndarray


class Samples(NamedTuple):
    """The pixels from which secondary rays are cast: `chosen` [N] of a small picture of `shape`.

    `point` [3,N] just above the surface, `surface` [16,N], `ray` [3,N].
    """

    point: np.ndarray
    surface: np.ndarray
    ray: np.ndarray
    shape: tuple[int, ...]
    chosen: np.ndarray


class Shares(NamedTuple):
    """What secondary rays tell of every pixel: `sunlit`, `openness` [H,W], `mirror` [3,H,W]."""

    sunlit: np.ndarray
    openness: np.ndarray
    mirror: np.ndarray | None


def render(
    view: View, directions: np.ndarray, light: Light, lamps: np.ndarray, generator: Generator
) -> Image:
    """One image; `lamps` [L,3] are the positions (m) of all street lamps.

    `directions` [3,H,W] are in the camera frame with z = 1, so that distances along rays are
    camera z.
    """
    origin = view.origin.astype(np.float32)
    world = turn(view.rotation, directions)
    depth, triangle = rays.camera_hits(view.geometry, origin, world)
    axes = view.car.rotation.T
    headlight = view.car.position + 3.6 * axes[0] + 0.7 * axes[2]
    lighting = shading.Lighting(
        light=light,
        lamps=_nearest(lamps, origin + 18 * view.rotation[:, 2]),
        car=np.concatenate([headlight[None], axes]).astype(np.float32),
        pixel_rad=float(directions[0, 0, 1] - directions[0, 0, 0]),
    )
    picture = Picture(view.geometry, view.table, depth, triangle, world, origin)
    shares = _secondary(picture, light, generator)
    offset = generator.random(2)
    image = np.empty(directions.shape, np.float32)
    for top in range(0, depth.shape[0], BAND_ROWS):
        band = slice(top, top + BAND_ROWS)
        image[:, band] = _band(picture, shares, band, lighting, offset)
    return Image(develop(image, light, generator), depth, view.classes[triangle])


def _nearest(lamps: np.ndarray, point: np.ndarray) -> np.ndarray:
    """The lamps next to a point, at most LAMPS."""
    order = np.argsort(np.linalg.norm(lamps - point, axis=1), kind="stable")
    return lamps[order[:LAMPS]].astype(np.float32)


def _band(
    picture: Picture, shares: Shares, band: slice, lighting: shading.Lighting, offset: np.ndarray
) -> np.ndarray:
    """Linear colour [3,rows,W] of some rows of the image."""
    depth, triangle = picture.depth[band].ravel(), picture.triangle[band].ravel()
    shape = picture.rays[:, band].shape
    direction = picture.rays[:, band].reshape(3, -1)
    hit, sky = np.flatnonzero(triangle >= 0), np.flatnonzero(triangle < 0)
    if len(sky) == 0:
        hit = slice(None)  # no copies where the band is all surface
    colour = np.empty(direction.shape, np.float32)
    if len(sky):
        colour[:, sky] = sky_colour(unit(direction[:, sky]), lighting.light, offset)
    if len(sky) < len(triangle):
        ray, z = direction[:, hit], depth[hit]
        length = np.sqrt(dot(ray, ray))
        view = ray / length
        mirror = shares.mirror
        seen = shading.Seen(
            surface=shading.gather(picture.table, triangle[hit], view),
            point=column(picture.origin) + z * ray,
            view=view,
            distance=z * length,
            sunlit=shares.sunlit[band].ravel()[hit],
            openness=shares.openness[band].ravel()[hit],
            mirror=None if mirror is None else mirror[:, band].reshape(3, -1)[:, hit],
        )
        colour[:, hit] = shading.shade(seen, lighting)
    return colour.reshape(shape)


def _secondary(picture: Picture, light: Light, generator: Generator) -> Shares:
    """Shadow, openness to the sky and wet reflection, cast on every second or fourth pixel."""
    shape = picture.depth.shape
    sunlit, mirror = np.ones(shape, np.float32), None
    if light.sun.any():
        sunlit = _enlarge(_sunlit(picture.geometry, _samples(picture, 2), light), shape)
    openness = _enlarge(_openness(picture.geometry, _samples(picture, 4), generator), shape)
    if light.wet:
        small = _mirror(picture, _samples(picture, 2), light)
        mirror = np.stack([_enlarge(channel, shape) for channel in small])
    return Shares(sunlit, openness, mirror)


def _samples(picture: Picture, step: int) -> Samples:
    """Every `step`-th pixel of every `step`-th row that sees a surface."""
    small = picture.triangle[::step, ::step]
    chosen = np.flatnonzero(small >= 0)
    ray = picture.rays[:, ::step, ::step].reshape(3, -1)[:, chosen]
    surface = shading.gather(picture.table, small.ravel()[chosen], ray)
    point = column(picture.origin) + picture.depth[::step, ::step].ravel()[chosen] * ray
    point = point + np.float32(0.015) * surface[NORMAL]
    return Samples(point, surface, ray, small.shape, chosen)


def _enlarge(small: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A picture [h,w] at the size of the image."""
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _fill(samples: Samples, values: np.ndarray) -> np.ndarray:
    """A small picture of `values` [N] where surfaces are, and 1 elsewhere."""
    result = np.ones(samples.shape, np.float32)
    result.reshape(-1)[samples.chosen] = values
    return result


def _sunlit(geometry: rays.Geometry, samples: Samples, light: Light) -> np.ndarray:
    """1 where the sun reaches the surface, else 0, [h,w]."""
    direction = light.sun_direction.astype(np.float32)
    lit = dot(direction, samples.surface[NORMAL]) > 0
    towards = np.broadcast_to(column(direction), (3, int(lit.sum())))
    lit[lit] = ~rays.blocked(geometry, samples.point[:, lit], towards)
    return _fill(samples, lit)


def _openness(geometry: rays.Geometry, samples: Samples, generator: Generator) -> np.ndarray:
    """Share of the near surroundings that is free (ambient occlusion), smoothed, [h,w]."""
    point, normal = samples.point, samples.surface[NORMAL]
    free = np.zeros(point.shape[1], np.float32)
    for _ in range(AO_RAYS):
        scatter = unit(generator.standard_normal(point.shape, dtype=np.float32))
        direction = unit(scatter + np.float32(1.05) * normal)
        free += ~rays.blocked(geometry, point, direction, AO_REACH_M)
    return 0.25 + 0.75 * cv2.blur(_fill(samples, free / AO_RAYS), (3, 3))


def _mirror(picture: Picture, samples: Samples, light: Light) -> list[np.ndarray]:
    """What wet ground reflects: the plain colours of what stands behind it, or the sky, 3 [h,w]."""
    ground = np.flatnonzero(samples.surface[2] > 0.9)
    direction = unit(samples.ray[:, ground]) * column([1, 1, -1])
    distance, triangle = rays.first_hits(picture.geometry, samples.point[:, ground], direction)
    seen = picture.table[:, np.maximum(triangle, 0)]
    glow = EMISSION[seen[MATERIAL].astype(int)]
    colour = seen[TINT] * (column(0.7 * light.ambient) + glow)
    far = np.where(triangle >= 0, distance, 1e4).astype(np.float32)
    fog = column(light.horizon)
    colour = (colour - fog) * np.exp(np.float32(-light.fog_per_m) * far) + fog
    result = np.zeros((3, *samples.shape), np.float32)
    result.reshape(3, -1)[:, samples.chosen[ground]] = colour
    return [cv2.blur(channel, (3, 25)) for channel in result]
