"""Light and weather: sun, sky, fog, wet ground and lamps of each condition."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

Draw = Callable[[float, float], float]


@dataclass(frozen=True)
class Light:
    """The light of a scene; colours [3] are linear and relative to the exposure."""

    sun: np.ndarray
    ambient: np.ndarray  # from the sky, on a surface that looks up
    bounce: np.ndarray  # from the ground, on a surface that looks down
    zenith: np.ndarray
    horizon: np.ndarray
    cloud: np.ndarray
    cloud_cover: float
    fog_per_m: float
    wet: bool = False
    lamps: bool = False
    night: bool = False
    window_share: float = 0.02  # share of lit windows
    window_glow: float = 0.0
    noise: float = 0.006
    exposure: float = 1.0
    sun_direction: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.0, 1.0]))


def make_light(condition: str, heading_rad: float, generator: Generator) -> Light:
    """The random light of a scene under `condition`: "day", "dusk", "night" or "rain".

    `heading_rad` is the street's; at dusk the sun stands low above one of its ends.
    """
    draw = generator.uniform
    azimuth = draw(0, 2 * np.pi)
    elevation = np.radians(draw(22, 65))
    exposure = draw(0.85, 1.15)
    if condition == "dusk":
        azimuth = heading_rad + draw(-1.2, 1.2) + (np.pi if draw(0, 1) < 0.4 else 0)
        elevation = np.radians(draw(2.5, 9))
    direction = [
        np.cos(elevation) * np.cos(azimuth),
        np.cos(elevation) * np.sin(azimuth),
        np.sin(elevation),
    ]
    make = {"day": _day, "dusk": _dusk, "night": _night, "rain": _rain}[condition]
    return replace(make(draw), sun_direction=np.array(direction), exposure=exposure)


def _day(draw: Draw) -> Light:
    """Sun and some clouds."""
    cover = draw(0.0, 0.75)
    return Light(
        sun=np.array([1.0, 0.95, 0.86]) * draw(2.2, 3.0) * (1 - 0.3 * cover),
        ambient=np.array([0.42, 0.50, 0.62]) * (1 + 0.3 * cover),
        bounce=np.array([0.20, 0.19, 0.17]),
        zenith=np.array([0.22, 0.42, 0.80]) * draw(0.8, 1.1),
        horizon=np.array([0.72, 0.80, 0.88]),
        cloud=np.array([1.0, 1.0, 1.0]),
        cloud_cover=cover,
        fog_per_m=draw(0.0003, 0.0018),
    )


def _dusk(draw: Draw) -> Light:
    """A low red sun; lamps are lit."""
    return Light(
        sun=np.array([1.0, 0.55, 0.25]) * draw(0.7, 1.3),
        ambient=np.array([0.34, 0.33, 0.42]),
        bounce=np.array([0.16, 0.13, 0.12]),
        zenith=np.array([0.16, 0.22, 0.42]),
        horizon=np.array([0.95, 0.55, 0.32]) * draw(0.7, 1.0),
        cloud=np.array([0.75, 0.45, 0.40]),
        cloud_cover=draw(0.2, 0.8),
        fog_per_m=draw(0.0012, 0.004),
        lamps=True,
        window_share=0.25,
        window_glow=0.5,
        noise=0.012,
    )


def _night(draw: Draw) -> Light:
    """No sun: street lamps, headlights and windows."""
    return Light(
        sun=np.zeros(3),
        ambient=np.array([0.010, 0.012, 0.020]) * draw(0.7, 1.8),
        bounce=np.array([0.006, 0.006, 0.006]),
        zenith=np.array([0.004, 0.006, 0.014]),
        horizon=np.array([0.018, 0.015, 0.016]) * draw(0.7, 1.6),
        cloud=np.array([0.03, 0.026, 0.028]),
        cloud_cover=draw(0.0, 0.7),
        fog_per_m=draw(0.001, 0.004),
        lamps=True,
        night=True,
        window_share=draw(0.15, 0.4),
        window_glow=0.5,
        noise=0.03,
    )


def _rain(draw: Draw) -> Light:
    """A grey sky, wet ground, and much haze."""
    grey = draw(0.45, 0.75)
    return Light(
        sun=np.zeros(3),
        ambient=np.array([0.95, 1.0, 1.06]) * grey * 1.25,
        bounce=np.array([0.13, 0.13, 0.13]),
        zenith=np.array([0.92, 0.97, 1.04]) * grey,
        horizon=np.array([0.98, 1.0, 1.02]) * grey * 1.1,
        cloud=np.array([0.82, 0.85, 0.90]) * grey,
        cloud_cover=1.0,
        fog_per_m=draw(0.003, 0.010),
        wet=True,
        lamps=True,
        window_share=0.2,
        window_glow=0.3,
        noise=0.01,
    )
