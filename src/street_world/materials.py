"""Materials: what each surface looks like to the camera and how it answers the LiDAR."""

from typing import NamedTuple

import numpy as np


class Material(NamedTuple):
    """What is the same all over a material.

    Facades and shops have their texture coordinates in bays and floors instead of metres.
    """

    period_m: float  # of the texture
    gloss: float  # 0 to 1
    lidar_reflectivity: float
    lidar_drop: float  # share of beams that are lost


_TABLE = {
    "asphalt": Material(4.0, 0.05, 0.35, 0.02),
    "paving": Material(2.4, 0.05, 0.5, 0.01),
    "concrete": Material(4.0, 0.05, 0.6, 0.01),
    "kerb": Material(2.0, 0.05, 0.55, 0.01),
    "mark": Material(1.5, 0.05, 1.3, 0.0),
    "grass": Material(3.0, 0.0, 0.5, 0.03),
    "brick": Material(2.0, 0.03, 0.6, 0.01),
    "plaster": Material(5.0, 0.03, 0.8, 0.01),
    "metal": Material(1.0, 0.3, 0.6, 0.04),
    "paint": Material(4.0, 0.5, 0.8, 0.06),
    "glass": Material(4.0, 1.0, 0.3, 0.60),
    "tyre": Material(1.0, 0.05, 0.2, 0.08),
    "headlight": Material(1.0, 0.6, 1.2, 0.10),
    "taillight": Material(1.0, 0.5, 1.5, 0.03),
    "bark": Material(1.0, 0.0, 0.5, 0.02),
    "leaves": Material(1.2, 0.05, 0.7, 0.05),
    "cloth": Material(1.0, 0.0, 0.6, 0.02),
    "tiles": Material(2.4, 0.08, 0.5, 0.02),
    "sign": Material(1.0, 0.1, 2.2, 0.0),
    "lamp": Material(1.0, 0.2, 0.5, 0.1),
    "wood": Material(1.6, 0.03, 0.5, 0.02),
    "shop": Material(1.0, 1.0, 0.6, 0.10),
    "facade0": Material(1.0, 1.0, 0.7, 0.05),
    "facade1": Material(1.0, 1.0, 0.7, 0.05),
    "facade2": Material(1.0, 1.0, 0.7, 0.05),
    "facade3": Material(1.0, 1.0, 0.7, 0.15),
    "facade4": Material(1.0, 1.0, 0.7, 0.05),
    "facade5": Material(1.0, 1.0, 0.7, 0.05),
}
M = {name: index for index, name in enumerate(_TABLE)}
NAMES = list(_TABLE)
_COLUMNS = np.array(list(_TABLE.values()), np.float32)
PERIOD_M, GLOSS, LIDAR_REFLECTIVITY, LIDAR_DROP = _COLUMNS.T
FACADES = [M[f"facade{k}"] for k in range(6)]
WINDOWED = np.array([name.startswith(("facade", "shop")) for name in NAMES])
WET = np.isin(
    np.arange(len(NAMES)), [M[n] for n in ("asphalt", "paving", "concrete", "kerb", "mark")]
)
EMISSION = np.zeros(len(NAMES), np.float32)  # after dark
EMISSION[[M["headlight"], M["taillight"], M["lamp"]]] = (6.0, 1.6, 8.0)
