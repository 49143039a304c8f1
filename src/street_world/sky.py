"""The sky: gradient, sun and clouds, and what of it windows and wet roads mirror."""

import numpy as np

from street_world import textures
from street_world.lighting import Light
from street_world.vectors import column, dot


def sky_colour(directions: np.ndarray, light: Light, offset: np.ndarray) -> np.ndarray:
    """Linear colour [3,N] of the sky in unit directions [3,N]; `offset` [2] shifts the clouds."""
    up = np.clip(directions[2], 0, 1)
    zenith, horizon, sun = column(light.zenith), column(light.horizon), column(light.sun)
    colour = horizon + (zenith - horizon) * (1 - (1 - up) ** 3)
    towards = np.clip(dot(light.sun_direction.astype(np.float32), directions), 0, 1)
    square = towards * towards
    if light.sun.any():
        near = square * square * square
        colour += sun * (0.1 * near + 0.2 * near**10 + 4.0 * (towards > 0.9998))
    density = _density(directions, light.cloud_cover, offset)
    lit = column(light.cloud) * (1 - 0.2 * density) + 0.25 * sun * square * square
    return colour + (lit - colour) * (density * np.clip(up * 6, 0, 1))


def _density(directions: np.ndarray, cover: float, offset: np.ndarray) -> np.ndarray:
    """How much cloud stands in each direction: a flat layer seen in perspective."""
    field = textures.clouds()
    size = np.float32(field.shape[0])
    reach = np.float32(0.16) / np.clip(directions[2] + 0.08, 0.05, None)
    x = (directions[0] * reach + np.float32(offset[0])) % 1 * size
    y = (directions[1] * reach + np.float32(offset[1])) % 1 * size
    value = textures.look_up(field, x, y)
    threshold = np.float32(1.6 - 2.6 * cover)
    return np.clip((value - threshold) / np.float32(1.1), 0, 1) * np.float32(min(1.0, 0.55 + cover))


def reflected_sky(directions: np.ndarray, light: Light) -> np.ndarray:
    """What a window mirrors: sky above an irregular line of roofs, a shaded street below."""
    up, azimuth = directions[2], 3 * directions[0] + 2 * directions[1]
    roofs = 0.22 + 0.10 * np.sin(3 * azimuth) + 0.06 * np.sin(17 * azimuth)
    share = np.clip((up - roofs) / np.float32(0.03), 0, 1)
    zenith, horizon = column(light.zenith), column(light.horizon)
    sky = horizon + (zenith - horizon) * np.clip(up * np.float32(1.3), 0, 1)
    street = column(0.28 * light.ambient + 0.06 * light.sun)
    return street + (sky - street) * share
