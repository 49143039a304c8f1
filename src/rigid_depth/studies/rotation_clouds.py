"""The rotation between two point clouds, by map and by loss (section 3.6)."""

from __future__ import annotations

import torch

from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.rotation_networks import (
    MAPS_ROWS,
    REPRESENTATIONS,
    fit,
    seeded_network,
)
from rigid_depth.studies.shared.turned_clouds import cloud_pairs, pointnet

LOSS_ROWS = (
    ("euler", "pre-image"),
    ("euler", "pre-image, wrapped"),
    ("rotation vector", "pre-image"),
    ("quaternion", "pre-image"),
    ("quaternion", "pre-image, either sign"),
    ("quaternion", "geodesic"),
    ("6d", "pre-image"),
    ("6d", "geodesic"),
    ("9d", "pre-image, cosine"),
    ("9d", "geodesic"),
)


def align_clouds(
    seed: int, steps: int = 1000, batch: int = 32, points: int = 32, tests: int = 5000
) -> dict:
    """A point cloud before and after a rotation in, the rotation out, for maps and losses.

    Point pairs (x, R x) enter a PointNet (Qi 2017) 64-64-128; the maximum over the points goes
    through 128 units to k numbers. No cloud is seen twice; the test clouds are new. Losses before
    the map to SO(3) stand beside losses after it (section 3.6.2). Returns as
    `autoencode_rotations`.
    """
    generator = torch.Generator().manual_seed(seed)
    test = cloud_pairs(generator, tests, points)
    after_test = generator.get_state()
    results: dict = {}
    for name, loss in MAPS_ROWS + LOSS_ROWS:
        generator.set_state(after_test)
        network = seeded_network(seed, pointnet, REPRESENTATIONS[name].size)
        samples = (cloud_pairs(generator, batch, points) for _ in range(steps))
        results.setdefault(name, {})[loss] = fit(network, samples, test, name, loss, steps)
    return results


STUDY = Study(
    name="rotation-clouds",
    function=align_clouds,
    label="The rotation between two point clouds, by map and by loss",
    section="3.6",
    notebook="notebooks/03e_regressing_rotations.md",
    full={"steps": 1000, "batch": 32, "points": 32, "tests": 5000},
    smoke={"steps": 20, "tests": 100},
)
