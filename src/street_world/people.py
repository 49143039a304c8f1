"""People on foot, in their own frame (x forward, z up, ground at 0)."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from street_world.materials import M
from street_world.mesh import Model, merge, model, tube

_SKIN = np.array([[0.55, 0.36, 0.27], [0.42, 0.26, 0.18], [0.20, 0.11, 0.07]])


def make_person(walking: bool, generator: Generator) -> Model:
    """A person; a walking one is in mid-stride."""
    scale = generator.uniform(0.88, 1.08)
    skin = _SKIN[generator.integers(3)]
    coat, trousers = generator.uniform(0.03, 0.65, 3), generator.uniform(0.02, 0.2) * np.ones(3)
    stride = generator.uniform(0.15, 0.32) if walking else 0.03
    cloth = M["cloth"]
    parts = [tube([0, 0, 0.88], [0, 0, 1.45], 0.155, 0.20, cloth, coat, sides=8)]
    for side, swing in ((0.10, stride), (-0.10, -stride)):
        parts.append(
            tube([swing, side, 0.02], [0, side, 0.92], 0.055, 0.095, cloth, trousers, sides=6)
        )
        parts.append(
            tube(
                [swing - 0.05, side, 0.04],
                [swing + 0.16, side, 0.04],
                0.05,
                0.04,
                cloth,
                0.03,
                sides=5,
            )
        )
        hand, shoulder = [-swing * 0.8, side * 2.5, 0.85], [0, side * 2.1, 1.40]
        parts.append(tube(hand, shoulder, 0.04, 0.06, cloth, coat, sides=5))
    parts.append(tube([0, 0, 1.45], [0, 0, 1.54], 0.06, 0.06, cloth, skin, sides=6))
    parts.append(tube([0, 0, 1.52], [0, 0, 1.64], 0.085, 0.105, cloth, skin, sides=8))
    parts.append(
        tube(
            [0, 0, 1.64], [0, 0, 1.76], 0.108, 0.06, cloth, generator.uniform(0.01, 0.2, 3), sides=8
        )
    )
    mesh = merge(parts)
    mesh = replace(mesh, triangles=mesh.triangles * np.float32(scale))
    return model("person", mesh, "human.pedestrian.adult")
