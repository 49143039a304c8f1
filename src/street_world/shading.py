"""Surface shading: texture, sun and sky, lamps, headlights, windows, reflections, fog.

Vectors and colours are stored component by component, [3,N].
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from street_world import materials, textures
from street_world.lighting import Light
from street_world.mesh import Mesh, normals
from street_world.sky import reflected_sky
from street_world.vectors import column, dot

# Rows of a surface table.
NORMAL, TINT, MATERIAL, GROUP = slice(0, 3), slice(3, 6), 14, 15
_U, _V = slice(6, 10), slice(10, 14)
LAMP_COLOUR = column([1.0, 0.72, 0.38])
HEADLIGHT_COLOUR = column([1.0, 0.96, 0.88])


@dataclass(frozen=True)
class Lighting:
    """What the shading of one image needs beside the surfaces."""

    light: Light
    lamps: np.ndarray  # [L,3] the street lamps near the camera
    car: np.ndarray  # [4,3] the ego car's headlight position, forward, left and up
    pixel_rad: float


def surface_table(mesh: Mesh) -> np.ndarray:
    """Everything the rays ask of a triangle, float32 [16,F].

    Normal, tint, two affine maps from a point to texture coordinates (in periods), material, group.
    """
    table = np.empty((16, len(mesh.material)), np.float32)
    table[NORMAL], table[TINT] = normals(mesh).T, mesh.tint.T
    table[MATERIAL], table[GROUP] = mesh.material, mesh.group % (1 << 23)
    corner, *others = mesh.triangles.transpose(1, 2, 0).astype(np.float64, order="C")
    dual = _dual(*(other - corner for other in others))
    period = np.where(materials.WINDOWED, 1.0, materials.PERIOD_M)[mesh.material]
    for axis, where in ((0, _U), (1, _V)):
        value = mesh.uv[:, :, axis].T.astype(np.float64, order="C") / period
        slope = (value[1] - value[0]) * dual[0] + (value[2] - value[0]) * dual[1]
        table[where] = [*slope, value[0] - dot(slope, corner)]
    return table


def _dual(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two vectors [3,F] in the plane of edges `a` and `b` that measure shares along them."""
    aa, ab, bb = dot(a, a), dot(a, b), dot(b, b)
    area = np.maximum(aa * bb - ab * ab, 1e-12)
    return (bb * a - ab * b) / area, (aa * b - ab * a) / area


def gather(table: np.ndarray, triangle: np.ndarray, view: np.ndarray) -> np.ndarray:
    """Columns [16,N] of the table for the triangles seen, normals turned towards the viewer."""
    surface = table.take(triangle, axis=1)
    surface[NORMAL] *= np.where(dot(surface[NORMAL], view) > 0, np.float32(-1), np.float32(1))
    return surface


class Seen(NamedTuple):
    """Surface points and how each is seen and lit.

    `surface` [16,N] from `gather`, `point` [3,N] (m), `view` [3,N] unit directions of sight,
    `distance` [N] (m), `sunlit` and `openness` [N] the shares of sun and sky that reach the point,
    `mirror` [3,N] the colour seen by reflection on wet ground (or None).
    """

    surface: np.ndarray
    point: np.ndarray
    view: np.ndarray
    distance: np.ndarray
    sunlit: np.ndarray
    openness: np.ndarray
    mirror: np.ndarray | None


def shade(seen: Seen, lighting: Lighting) -> np.ndarray:
    """Linear colour [3,N] of surface points."""
    surface, point, view, distance, sunlit, openness, mirror = seen
    light = lighting.light
    normal, material = surface[NORMAL], surface[MATERIAL].astype(np.int32)
    u = dot(surface[6:9], point) + surface[9]
    v = dot(surface[10:13], point) + surface[13]
    facing = np.abs(dot(normal, view))
    level = _level(material, distance, facing, lighting.pixel_rad)
    texel = textures.sample(material, u, v, level)
    albedo = texel[:3] * surface[TINT]
    windowed = materials.WINDOWED[material]
    gloss = np.where(windowed, texel[3], materials.GLOSS[material])
    if light.wet:
        albedo *= np.where(materials.WET[material], np.float32(0.5), np.float32(0.85))
    received = _sky_light(normal, openness, light)
    if light.sun.any():
        sun = np.clip(dot(light.sun_direction.astype(np.float32), normal), 0, None) * sunlit
        received += sun * column(light.sun)
    if light.night:
        received += _lamp_light(point, normal, lighting)
    colour = albedo * received
    if light.lamps:
        _emit(colour, surface, material, texel[3], u, v, light)
    _reflect(colour, seen, gloss, facing, light)
    if mirror is not None:
        share = materials.WET[material] * np.clip(normal[2], 0, 1)
        share = share * (0.04 + 0.55 * (1 - facing) ** 5).astype(np.float32)
        colour += share * (mirror - colour)
    through = np.exp(np.float32(-light.fog_per_m) * distance)
    fog = column(light.horizon)
    return (colour - fog) * through + fog


def _level(
    material: np.ndarray, distance: np.ndarray, facing: np.ndarray, pixel_rad: float
) -> np.ndarray:
    """The mip level at which a texel is about as large as a pixel."""
    period = np.where(materials.WINDOWED, 3.0, materials.PERIOD_M).astype(np.float32)
    scale = (pixel_rad * textures.TILE_PX * 1.23 / period).astype(np.float32)
    texels = distance * scale[material] / np.sqrt(np.maximum(facing, np.float32(0.02)))
    return np.clip(np.log2(np.maximum(texels, np.float32(1))), 0, textures.LEVELS - 1).astype(
        np.int32
    )


def _sky_light(normal: np.ndarray, openness: np.ndarray, light: Light) -> np.ndarray:
    """Light from the sky above and the ground below, dimmed where the surroundings are close."""
    up = (np.float32(0.5) + np.float32(0.5) * normal[2]) * openness
    return column(light.bounce) + column(light.ambient - light.bounce) * up


def _lamp_light(point: np.ndarray, normal: np.ndarray, lighting: Lighting) -> np.ndarray:
    """Light of the street lamps nearby and of the ego car's headlights."""
    total = np.zeros(point.shape[1], np.float32)
    for lamp in lighting.lamps:
        towards = column(lamp) - point
        square = dot(towards, towards)
        flux = np.clip(dot(towards, normal), 0, None) * np.clip(towards[2], 0, None)
        total += np.float32(40) * flux / (square * (square + np.float32(4)))
    away = point - column(lighting.car[0])
    forward, left, up = (dot(axis, away) for axis in lighting.car[1:])
    reach = np.maximum(forward, np.float32(0.5))
    across, above = left / reach, up / reach + np.float32(0.02)
    beam = np.exp(
        -((across / np.float32(0.36)) ** 2) - (np.minimum(above, 0) / np.float32(0.13)) ** 2
    )
    cut = np.exp(np.clip(above, 0, None) / np.float32(-0.035)) * np.float32(0.93) + np.float32(0.07)
    cosine = np.clip(-dot(away, normal) / np.maximum(reach, 1), 0, None) + np.float32(0.03)
    power = np.where(forward > 0.3, beam * cut * cosine * 60 / (reach**2 + 30), 0)
    return total * LAMP_COLOUR + power.astype(np.float32) * HEADLIGHT_COLOUR


def _emit(
    colour: np.ndarray, surface: np.ndarray, material: np.ndarray, mask: np.ndarray,
    u: np.ndarray, v: np.ndarray, light: Light,
) -> None:  # fmt: skip
    """Adds lamps that shine and windows that are lit, in place."""
    own = np.flatnonzero(materials.EMISSION[material])
    colour[:, own] += materials.EMISSION[material[own]] * surface[TINT][:, own]
    chosen = np.flatnonzero(materials.WINDOWED[material] & (mask > 0.3))
    cell = (
        np.floor(u[chosen]) * 127.1 + np.floor(v[chosen]) * 311.7 + surface[GROUP][chosen] * 0.613
    )
    chance = np.sin(cell.astype(np.float64)) * 43758.547
    chance -= np.floor(chance)
    share = chance / light.window_share
    lit = share < 1
    chosen, share = chosen[lit], share[lit]
    warmth = np.stack([np.ones_like(share), 0.70 + 0.25 * share, 0.38 + 0.5 * share])
    brightness = light.window_glow * (0.35 + 1.6 * (share * 17 % 1)) * mask[chosen]
    colour[:, chosen] += (brightness * warmth).astype(np.float32)


def _reflect(
    colour: np.ndarray, seen: Seen, gloss: np.ndarray, facing: np.ndarray, light: Light
) -> None:
    """Adds what glass, paint and metal mirror (Schlick's approximation), in place."""
    chosen = np.flatnonzero(gloss > 0.15)
    n, d, g = seen.surface[NORMAL][:, chosen], seen.view[:, chosen], gloss[chosen]
    mirrored = d - 2 * dot(d, n) * n
    share = g * (0.04 + 0.05 * g + 0.80 * (1 - facing[chosen]) ** 5).astype(np.float32)
    sky = reflected_sky(mirrored, light)
    if light.sun.any():
        towards = np.clip(dot(light.sun_direction.astype(np.float32), mirrored), 0, 1)
        sky = sky + (8 * towards**200 * seen.sunlit[chosen]) * column(light.sun)
    colour[:, chosen] += share * sky
