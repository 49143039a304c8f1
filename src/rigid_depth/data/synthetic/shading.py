"""Surface shading: texture, sun and sky, lamps, headlights, windows, reflections, fog."""

from dataclasses import dataclass

import numpy as np

from rigid_depth.data.synthetic import materials, textures
from rigid_depth.data.synthetic.lighting import Light
from rigid_depth.data.synthetic.mesh import Mesh, normals
from rigid_depth.data.synthetic.sky import reflected_sky

NORMAL, TINT, MATERIAL, GROUP = slice(0, 3), slice(3, 6), 14, 15  # columns of a surface table
_U, _V = slice(6, 10), slice(10, 14)
LAMP_COLOUR = np.array([1.0, 0.72, 0.38], np.float32)
HEADLIGHT_COLOUR = np.array([1.0, 0.96, 0.88], np.float32)


@dataclass(frozen=True)
class Lighting:
    """What the shading of one image needs beside the surfaces."""

    light: Light
    lamps: np.ndarray  # [L,3] the street lamps near the camera
    car: np.ndarray  # [4,3] the ego car's headlight position, forward, left and up
    pixel_rad: float


def surface_table(mesh: Mesh) -> np.ndarray:
    """Everything the shading asks of a triangle, one row of 16 float32 each.

    Normal, tint, two affine maps from a point to texture coordinates (in periods), material, group.
    """
    n = normals(mesh)
    table = np.empty((len(n), 16), np.float32)
    table[:, NORMAL], table[:, TINT] = n, mesh.tint
    table[:, MATERIAL], table[:, GROUP] = mesh.material, mesh.group % (1 << 23)
    corner = mesh.triangles[:, 0].astype(np.float64)
    edges = mesh.triangles[:, 1:].astype(np.float64) - corner[:, None]
    metric = np.einsum("fij,fkj->fik", edges, edges) + 1e-12 * np.eye(2)
    dual = np.linalg.solve(metric, edges)
    period = np.where(materials.WINDOWED, 1.0, materials.PERIOD_M)[mesh.material]
    for axis, where in ((0, _U), (1, _V)):
        value = mesh.uv[:, :, axis].astype(np.float64) / period[:, None]
        slope = np.einsum("fk,fkj->fj", value[:, 1:] - value[:, :1], dual)
        table[:, where] = np.column_stack(
            [slope, value[:, 0] - np.einsum("fj,fj->f", slope, corner)]
        )
    return table


def rows_facing(table, triangle, view):
    """Rows of the table for the triangles seen, with normals turned towards the viewer."""
    row = table[triangle]
    away = np.einsum("ij,ij->i", row[:, NORMAL], view) > 0
    row[away, NORMAL] *= -1
    return row


def shade(row, point, view, distance, sunlit, openness, mirror, lighting: Lighting) -> np.ndarray:
    """Linear colour [N,3] of surface points.

    ``view`` [N,3] unit directions of sight, ``sunlit`` and ``openness`` [N] shares of sun and sky that reach
    the point, ``mirror`` [N,3] the colour seen by reflection on wet ground (or None).
    """
    light = lighting.light
    normal, material = row[:, NORMAL], row[:, MATERIAL].astype(np.int32)
    u = np.einsum("ij,ij->i", row[:, 6:9], point) + row[:, 9]
    v = np.einsum("ij,ij->i", row[:, 10:13], point) + row[:, 13]
    facing = np.abs(np.einsum("ij,ij->i", normal, view))
    texel = textures.sample(material, u, v, _level(material, distance, facing, lighting.pixel_rad))
    albedo = texel[:, :3].astype(np.float32) * np.float32(1.6 / 255) * row[:, TINT]
    mask = texel[:, 3].astype(np.float32) / 255
    windowed = materials.WINDOWED[material]
    gloss = np.where(windowed, mask, materials.GLOSS[material])
    if light.wet:
        albedo *= np.where(materials.WET[material], 0.5, 0.85)[:, None]
    received = _sky_light(normal, openness, light)
    if light.sun.any():
        sun = np.clip(normal @ light.sun_direction.astype(np.float32), 0, None) * sunlit
        received += sun[:, None] * light.sun.astype(np.float32)
    if light.lamps:
        received += _lamp_light(point, normal, lighting)
    colour = albedo * received
    colour += _emission(row, material, windowed, mask, u, v, light)
    _reflect(colour, gloss, facing, normal, view, sunlit, light)
    if mirror is not None:
        wet = materials.WET[material] * np.clip(normal[:, 2], 0, 1)
        share = wet * (0.06 + 0.75 * (1 - facing) ** 4)
        colour += share[:, None] * (mirror - colour)
    through = np.exp(-light.fog_per_m * distance)[:, None]
    return colour * through + light.horizon.astype(np.float32) * (1 - through)


def _level(material, distance, facing, pixel_rad):
    """The mip level at which a texel is about as large as a pixel."""
    period = np.where(materials.WINDOWED, 3.0, materials.PERIOD_M)[material].astype(np.float32)
    texels = distance * pixel_rad / np.sqrt(np.clip(facing, 0.02, 1)) * textures.TILE_PX / period
    return np.clip(np.log2(np.maximum(texels, 1e-6)) + 0.3, 0, textures.LEVELS - 1).astype(np.int32)


def _sky_light(normal, openness, light):
    """Light from the sky above and the ground below, dimmed where the surroundings are close."""
    up = (0.5 + 0.5 * normal[:, 2:]) * openness[:, None]
    return light.bounce.astype(np.float32) + (light.ambient - light.bounce).astype(np.float32) * up


def _lamp_light(point, normal, lighting):
    """Light of the street lamps nearby and of the ego car's headlights."""
    strength = 1.0 if lighting.light.night else 0.25
    total = np.zeros_like(point)
    for lamp in lighting.lamps:
        towards = lamp - point
        square = np.einsum("ij,ij->i", towards, towards)
        distance = np.sqrt(square)
        cosine = np.clip(np.einsum("ij,ij->i", towards, normal) / distance, 0, None)
        cone = np.clip(towards[:, 2] / distance, 0, None) ** 1.5
        total += (cosine * cone * (16.0 * strength) / (square + 4))[:, None] * LAMP_COLOUR
    if lighting.light.night:
        away = point - lighting.car[0]
        forward, left, up = (away @ axis for axis in lighting.car[1:])
        reach = np.maximum(forward, 0.5)
        beam = np.exp(-((left / reach / 0.36) ** 2)) * np.exp(
            -((np.minimum(up / reach + 0.02, 0) / 0.13) ** 2)
        )
        cut = np.exp(-(np.clip(up / reach + 0.02, 0, None) / 0.035)) * 0.93 + 0.07
        cosine = np.clip(-np.einsum("ij,ij->i", away, normal) / np.maximum(reach, 1), 0, None)
        power = np.where(forward > 0.3, beam * cut * (cosine + 0.03) * 60 / (reach**2 + 30), 0)
        total += power[:, None].astype(np.float32) * HEADLIGHT_COLOUR
    return total


def _emission(row, material, windowed, mask, u, v, light):
    """Lamps that shine and windows that are lit."""
    glow = np.zeros((len(row), 3), np.float32)
    if light.lamps:
        own = materials.EMISSION[material]
        glow += own[:, None] * row[:, TINT]
    if light.window_share > 0.05:
        cell = np.floor(u) * 127.1 + np.floor(v) * 311.7 + row[:, GROUP] * 0.613
        chance = np.sin(cell) * 43758.547
        chance -= np.floor(chance)
        lit = windowed & (chance < light.window_share) & (mask > 0.3)
        warmth = np.stack([np.ones_like(chance), 0.72 + 0.9 * chance, 0.40 + 1.6 * chance], -1)
        brightness = (light.window_glow * (0.35 + 2.2 * (chance * 17 % 1)))[:, None]
        glow += np.where(lit[:, None], mask[:, None] * brightness * warmth, 0).astype(np.float32)
    return glow


def _reflect(colour, gloss, facing, normal, view, sunlit, light):
    """Add what glass, paint and metal mirror (Schlick's approximation), in place."""
    chosen = np.flatnonzero(gloss > 0.15)
    n, d, g = normal[chosen], view[chosen], gloss[chosen]
    cosine = facing[chosen]
    mirrored = d - 2 * np.einsum("ij,ij->i", d, n)[:, None] * n
    share = g * (0.05 + 0.10 * g + 0.80 * (1 - cosine) ** 5)
    seen = reflected_sky(mirrored, light)
    if light.sun.any():
        towards = np.clip(mirrored @ light.sun_direction.astype(np.float32), 0, 1)
        seen = seen + (8 * towards**200 * sunlit[chosen])[:, None] * light.sun.astype(np.float32)
    colour[chosen] += share[:, None] * seen
