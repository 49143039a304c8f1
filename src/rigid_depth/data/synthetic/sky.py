"""The sky: gradient, sun, clouds, stars of light pollution."""

import cv2
import numpy as np

from rigid_depth.data.synthetic import textures
from rigid_depth.data.synthetic.lighting import Light


def sky_colour(directions: np.ndarray, light: Light, offset) -> np.ndarray:
    """Linear colour [N,3] of the sky in unit directions [N,3]; ``offset`` (2 shares) shifts the clouds."""
    up = np.clip(directions[:, 2], 0, 1)
    blend = (1 - (1 - up) ** 3)[:, None]
    colour = light.horizon + (light.zenith - light.horizon) * blend
    towards = np.clip(directions @ light.sun_direction.astype(np.float32), 0, 1)
    glow = 0.30 * towards**6 + 0.6 * towards**60
    disc = 12.0 * (towards > 0.9998)
    sun = light.sun.astype(np.float32)
    colour = colour + sun * (0.35 * glow + disc)[:, None]
    density = _density(directions, light.cloud_cover, offset)[:, None]
    lit = light.cloud * (0.72 + 0.28 * (1 - density)) + 0.25 * sun * (towards**8)[:, None]
    haze = np.clip(up * 6, 0, 1)[:, None]
    return (colour + (lit - colour) * density * haze).astype(np.float32)


def _density(directions, cover, offset):
    """How much cloud stands in each direction: a flat layer seen in perspective."""
    field = textures.clouds()
    size = field.shape[0]
    reach = 0.16 / np.clip(directions[:, 2] + 0.08, 0.05, None)
    x = (directions[:, 0] * reach + offset[0]) % 1 * size
    y = (directions[:, 1] * reach + offset[1]) % 1 * size
    count = len(x)
    padded = -(-max(count, 1) // 1024) * 1024
    maps = [np.resize(m.astype(np.float32), padded).reshape(-1, 1024) for m in (x, y)]
    value = cv2.remap(field, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP).reshape(-1)[
        :count
    ]
    threshold = 1.6 - 2.6 * cover
    return np.clip((value - threshold) / 1.1, 0, 1) * min(1.0, 0.55 + cover)


def reflected_sky(directions: np.ndarray, light: Light) -> np.ndarray:
    """What a window or a wet road mirrors: sky above an irregular line of roofs, darkness below."""
    up = directions[:, 2]
    azimuth = np.arctan2(directions[:, 1], directions[:, 0])
    roofs = 0.22 + 0.10 * np.sin(5 * azimuth) + 0.06 * np.sin(23 * azimuth + 1)
    share = np.clip((up - roofs) / 0.03, 0, 1)[:, None]
    blend = np.clip(up * 1.3, 0, 1)[:, None]
    sky = light.horizon + (light.zenith - light.horizon) * blend
    street = 0.28 * light.ambient + 0.06 * light.sun
    return (street + (sky - street) * share).astype(np.float32)
