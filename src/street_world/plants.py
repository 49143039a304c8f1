"""Trees, conifers and hedges."""

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from street_world.materials import M
from street_world.mesh import Mesh, merge, soup, tube


def _leaves(
    centres: ArrayLike, sizes: ArrayLike, count: int, leaf_m: float, green: ArrayLike,
    generator: Generator,
) -> Mesh:  # fmt: skip
    """Loose leaf clusters (triangles) on the shells of ellipsoids."""
    centres, sizes = np.asarray(centres), np.asarray(sizes)
    volume = np.prod(sizes, 1)
    which = generator.choice(len(centres), count, p=volume / volume.sum())
    direction = generator.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    shell = generator.uniform(0.55, 1.0, (count, 1)) ** 0.5
    middle = centres[which] + direction * shell * sizes[which]
    corners = generator.normal(size=(count, 3, 3))
    corners -= 0.6 * np.einsum("tij,tj->ti", corners, direction)[..., None] * direction[:, None]
    corners *= leaf_m / np.linalg.norm(corners, axis=2, keepdims=True)
    depth_shade = 0.45 + 0.55 * (shell - 0.55) / 0.45
    top_light = 0.8 + 0.25 * direction[:, 2:]
    tint = np.asarray(green) * generator.uniform(0.65, 1.25, (count, 1)) * depth_shade * top_light
    uv = corners[..., :2] + generator.uniform(0, 5, (count, 1, 2))
    return soup(middle[:, None] + corners, uv, M["leaves"], tint)


def make_tree(height: float, green: np.ndarray, generator: Generator) -> Mesh:
    """A broad-leaved tree of the given height (m)."""
    trunk_top = height * generator.uniform(0.28, 0.42)
    radius = 0.02 * height + generator.uniform(0.02, 0.08)
    bark = np.array([0.11, 0.085, 0.06]) * generator.uniform(0.7, 1.4)
    lean = generator.normal(0, 0.04 * height, 2)
    top = np.array([*lean, trunk_top])
    parts = [tube([0, 0, -0.2], top, radius * 1.2, radius * 0.8, M["bark"], bark, sides=7)]
    crown = height - trunk_top
    centres, sizes = [], []
    for _ in range(generator.integers(4, 8)):
        reach = crown * generator.uniform(0.1, 0.36)
        angle = generator.uniform(0, 2 * np.pi)
        up = generator.uniform(0.1, 0.72) * crown
        centre = top + np.array([reach * np.cos(angle), reach * np.sin(angle), up])
        parts.append(
            tube(top, centre, radius * 0.6, radius * 0.2, M["bark"], bark, sides=5, caps=False)
        )
        centres.append(centre)
        sizes.append(crown * generator.uniform(0.20, 0.34, 3) * [1.1, 1.1, 0.9])
    leaf = 0.032 * height * generator.uniform(0.85, 1.2)
    parts.append(_leaves(centres, sizes, 260 * len(centres), leaf, green, generator))
    return merge(parts)


def make_conifer(height: float, green: np.ndarray, generator: Generator) -> Mesh:
    """A fir: a trunk and layers of drooping leaf clusters."""
    parts = [
        tube(
            [0, 0, -0.2], [0, 0, height * 0.9], 0.16, 0.04, M["bark"], (0.08, 0.06, 0.045), sides=6
        )
    ]
    levels = np.linspace(0.15, 0.97, 9)
    centres = [[0, 0, height * z] for z in levels]
    sizes = [np.array([1, 1, 0.45]) * height * 0.24 * (1.04 - z) for z in levels]
    parts.append(_leaves(centres, sizes, 1100, 0.03 * height, green * 0.6, generator))
    return merge(parts)


def make_hedge(
    length: float, width: float, height: float, green: np.ndarray, generator: Generator
) -> Mesh:
    """A hedge along x, centred on the origin."""
    count = max(1, int(length / 0.8))
    centres = [[x, 0, height / 2] for x in np.linspace(-length / 2, length / 2, count)]
    sizes = [np.array([0.6, width / 2, height / 2])] * count
    return _leaves(centres, sizes, int(130 * length), 0.16, green, generator)
