"""The spinning LiDAR: 32 beams like Velodyne's HDL-32E, as on the nuScenes cars."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from street_world import rays
from street_world.materials import LIDAR_DROP, LIDAR_REFLECTIVITY
from street_world.shading import GROUP, MATERIAL, NORMAL, TINT
from street_world.stage import View
from street_world.vectors import dot, turn

BEAMS = 32
AZIMUTHS = 1084  # firings per turn at 20 Hz
VERTICAL_ANGLES_DEG = np.linspace(-30.67, 10.67, BEAMS)  # the HDL-32E's, 1.33 degrees apart
RANGE_M = (1.0, 100.0)
RANGE_NOISE_M = 0.02
REACH_M = 105.0  # where half the beams are lost on a surface that answers with signal 1


@lru_cache(maxsize=1)
def beam_directions() -> np.ndarray:
    """Unit directions in the LIDAR_TOP frame, float32 [3, AZIMUTHS * BEAMS], firing by firing.

    The turn is clockwise seen from above and begins behind the car.
    """
    azimuth = -np.pi / 2 - 2 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    elevation = np.radians(VERTICAL_ANGLES_DEG)
    a, e = np.meshgrid(azimuth, elevation, indexing="ij")
    directions = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    return directions.reshape(3, -1).astype(np.float32)


class Sweep(NamedTuple):
    """One turn: float32 points [N,5] (x, y, z in LIDAR_TOP, intensity 0 to 255, ring).

    `groups` [N] are the numbers of the objects that were hit.
    """

    points: np.ndarray
    groups: np.ndarray


def sweep(view: View, wet: bool, generator: Generator) -> Sweep:
    """What the LiDAR measures in one turn.

    Beams are lost on glass, at grazing angles, on dark and far surfaces, and more in rain; the sky
    returns nothing.
    """
    local = beam_directions()
    world = turn(view.rotation, local)
    distance, triangle = rays.first_hits(view.geometry, view.origin, world)
    noise = generator.normal(0, RANGE_NOISE_M, len(distance))
    lottery, sparkle = generator.random((2, len(distance)))
    hit = np.flatnonzero((triangle >= 0) & (distance > RANGE_M[0]) & (distance < RANGE_M[1]))
    surface = view.table[:, triangle[hit]]
    material = surface[MATERIAL].astype(int)
    grazing = np.abs(dot(surface[NORMAL], world[:, hit]))
    brightness = 0.2 + surface[TINT].mean(0) * LIDAR_REFLECTIVITY[material]
    signal = brightness * np.clip(grazing, 0.03, 1) ** 0.35
    reach = REACH_M * np.sqrt(signal) * (0.85 if wet else 1.0)
    faded = 1 / (1 + (reach / distance[hit]) ** 4)
    lost = np.maximum(LIDAR_DROP[material], faded)
    kept = lottery[hit] > lost
    index = hit[kept]
    measured = (distance[index] + noise[index]) * local[:, index]
    intensity = np.clip(90 * signal[kept] * (0.7 + 0.6 * sparkle[index]), 0, 255).round()
    points = np.column_stack([*measured, intensity, index % BEAMS]).astype(np.float32)
    return Sweep(points, surface[GROUP, kept].astype(int))
