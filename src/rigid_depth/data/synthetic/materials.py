"""Materials: what each surface looks like to the camera and how it answers the LiDAR."""

import numpy as np

# name: (tile size in m across and up, gloss 0..1, LiDAR reflectivity, LiDAR drop-out)
_TABLE = {
    "asphalt": (4.0, 0.05, 0.35, 0.02),
    "paving": (2.4, 0.05, 0.5, 0.01),
    "concrete": (4.0, 0.05, 0.6, 0.01),
    "kerb": (2.0, 0.05, 0.55, 0.01),
    "mark": (1.5, 0.05, 1.3, 0.0),
    "grass": (3.0, 0.0, 0.5, 0.04),
    "soil": (4.0, 0.0, 0.4, 0.03),
    "brick": (2.0, 0.03, 0.6, 0.01),
    "plaster": (5.0, 0.03, 0.8, 0.01),
    "metal": (1.0, 0.3, 0.6, 0.06),
    "paint": (4.0, 0.45, 0.7, 0.10),
    "glass": (4.0, 0.9, 0.3, 0.65),
    "tyre": (1.0, 0.05, 0.15, 0.10),
    "headlight": (1.0, 0.6, 1.2, 0.15),
    "taillight": (1.0, 0.6, 1.5, 0.05),
    "bark": (1.0, 0.0, 0.5, 0.03),
    "leaves": (1.2, 0.05, 0.6, 0.08),
    "cloth": (1.0, 0.0, 0.5, 0.02),
    "tiles": (2.4, 0.08, 0.5, 0.02),
    "sign": (1.0, 0.1, 2.2, 0.0),
    "lamp": (1.0, 0.2, 0.5, 0.1),
    "wood": (1.6, 0.03, 0.5, 0.02),
    "shop": (1.0, 0.3, 0.6, 0.12),
    "facade0": (1.0, 0.1, 0.7, 0.08),
    "facade1": (1.0, 0.1, 0.7, 0.08),
    "facade2": (1.0, 0.1, 0.7, 0.08),
    "facade3": (1.0, 0.3, 0.7, 0.20),
    "facade4": (1.0, 0.1, 0.7, 0.08),
    "facade5": (1.0, 0.1, 0.7, 0.08),
}
M = {name: index for index, name in enumerate(_TABLE)}
_COLUMNS = np.array(list(_TABLE.values()), np.float32)
TILE_M, GLOSS, LIDAR_REFLECTIVITY, LIDAR_DROP = _COLUMNS.T
FACADES = [M[f"facade{k}"] for k in range(6)]
