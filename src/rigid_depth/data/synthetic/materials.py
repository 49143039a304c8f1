"""Materials: what each surface looks like to the camera and how it answers the LiDAR."""

import numpy as np

# name: (texture period in m, gloss 0..1, LiDAR reflectivity, LiDAR drop-out)
# Facades and shops have their texture coordinates in bays and floors instead of metres.
_TABLE = {
    "asphalt": (4.0, 0.05, 0.35, 0.02),
    "paving": (2.4, 0.05, 0.5, 0.01),
    "concrete": (4.0, 0.05, 0.6, 0.01),
    "kerb": (2.0, 0.05, 0.55, 0.01),
    "mark": (1.5, 0.05, 1.3, 0.0),
    "grass": (3.0, 0.0, 0.5, 0.03),
    "brick": (2.0, 0.03, 0.6, 0.01),
    "plaster": (5.0, 0.03, 0.8, 0.01),
    "metal": (1.0, 0.3, 0.6, 0.04),
    "paint": (4.0, 0.5, 0.8, 0.06),
    "glass": (4.0, 1.0, 0.3, 0.60),
    "tyre": (1.0, 0.05, 0.2, 0.08),
    "headlight": (1.0, 0.6, 1.2, 0.10),
    "taillight": (1.0, 0.5, 1.5, 0.03),
    "bark": (1.0, 0.0, 0.5, 0.02),
    "leaves": (1.2, 0.05, 0.7, 0.05),
    "cloth": (1.0, 0.0, 0.6, 0.02),
    "tiles": (2.4, 0.08, 0.5, 0.02),
    "sign": (1.0, 0.1, 2.2, 0.0),
    "lamp": (1.0, 0.2, 0.5, 0.1),
    "wood": (1.6, 0.03, 0.5, 0.02),
    "shop": (1.0, 1.0, 0.6, 0.10),
    "facade0": (1.0, 1.0, 0.7, 0.05),
    "facade1": (1.0, 1.0, 0.7, 0.05),
    "facade2": (1.0, 1.0, 0.7, 0.05),
    "facade3": (1.0, 1.0, 0.7, 0.15),
    "facade4": (1.0, 1.0, 0.7, 0.05),
    "facade5": (1.0, 1.0, 0.7, 0.05),
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
