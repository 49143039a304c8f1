"""Light and weather: sun, sky, fog, wet ground and lamps of each condition."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """The light of a scene; colours are linear and relative to the exposure."""

    sun_direction: np.ndarray  # towards the sun
    sun: np.ndarray
    ambient: np.ndarray  # from the sky, on a surface that looks up
    bounce: np.ndarray  # from the ground, on a surface that looks down
    zenith: np.ndarray
    horizon: np.ndarray
    cloud: np.ndarray
    cloud_cover: float
    fog_per_m: float
    wet: bool
    lamps: bool
    window_share: float  # share of lit windows
    window_glow: float
    night: bool
    noise: float
    exposure: float


def make_light(condition: str, heading: float, generator) -> Light:
    """The light of a scene under ``condition``; ``heading`` (rad) is the street's, for dusk's low
    sun."""
    draw = generator.uniform
    azimuth = draw(0, 2 * np.pi)
    elevation = np.radians(draw(22, 65))
    warm = np.array([1.0, 0.95, 0.86])
    common = {
        "wet": False,
        "lamps": False,
        "night": False,
        "window_glow": 0.0,
        "window_share": 0.02,
        "noise": 0.006,
        "exposure": draw(0.85, 1.15),
    }
    if condition == "day":
        cover = draw(0.0, 0.75)
        values = {
            "sun": warm * draw(2.2, 3.0) * (1 - 0.3 * cover),
            "ambient": np.array([0.42, 0.50, 0.62]) * (1 + 0.3 * cover),
            "bounce": np.array([0.20, 0.19, 0.17]),
            "zenith": np.array([0.22, 0.42, 0.80]) * draw(0.8, 1.1),
            "horizon": np.array([0.72, 0.80, 0.88]),
            "cloud": np.array([1.0, 1.0, 1.0]),
            "cloud_cover": cover,
            "fog_per_m": draw(0.0003, 0.0018),
        }
    elif condition == "dusk":
        azimuth = heading + draw(-1.2, 1.2) + (np.pi if draw(0, 1) < 0.4 else 0)
        elevation = np.radians(draw(2.5, 9))
        values = {
            "sun": np.array([1.0, 0.55, 0.25]) * draw(0.7, 1.3),
            "ambient": np.array([0.34, 0.33, 0.42]),
            "bounce": np.array([0.16, 0.13, 0.12]),
            "zenith": np.array([0.16, 0.22, 0.42]),
            "horizon": np.array([0.95, 0.55, 0.32]) * draw(0.7, 1.0),
            "cloud": np.array([0.75, 0.45, 0.40]),
            "cloud_cover": draw(0.2, 0.8),
            "fog_per_m": draw(0.0012, 0.004),
        }
        common.update(lamps=True, window_share=0.25, window_glow=0.5, noise=0.012)
    elif condition == "night":
        values = {
            "sun": np.zeros(3),
            "ambient": np.array([0.010, 0.012, 0.020]) * draw(0.7, 1.8),
            "bounce": np.array([0.006, 0.006, 0.006]),
            "zenith": np.array([0.004, 0.006, 0.014]),
            "horizon": np.array([0.018, 0.015, 0.016]) * draw(0.7, 1.6),
            "cloud": np.array([0.03, 0.026, 0.028]),
            "cloud_cover": draw(0.0, 0.7),
            "fog_per_m": draw(0.001, 0.004),
        }
        common.update(
            lamps=True, night=True, window_share=draw(0.15, 0.4), window_glow=0.5, noise=0.03
        )
    else:
        grey = draw(0.45, 0.75)
        values = {
            "sun": np.zeros(3),
            "ambient": np.array([0.95, 1.0, 1.06]) * grey * 1.25,
            "bounce": np.array([0.13, 0.13, 0.13]),
            "zenith": np.array([0.92, 0.97, 1.04]) * grey,
            "horizon": np.array([0.98, 1.0, 1.02]) * grey * 1.1,
            "cloud": np.array([0.82, 0.85, 0.90]) * grey,
            "cloud_cover": 1.0,
            "fog_per_m": draw(0.003, 0.010),
        }
        common.update(wet=True, lamps=True, window_share=0.2, window_glow=0.3, noise=0.01)
    direction = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    return Light(sun_direction=direction, **values, **common)
