"""The rotation between two point clouds, by map and by loss (section 3.6)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.rotations import random_rotation
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.rotation_networks import (
    MAPS_ROWS,
    REPRESENTATIONS,
    fit,
    layers,
    seeded_network,
)

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
    ``autoencode_rotations``.
    """
    generator = torch.Generator().manual_seed(seed)
    test = cloud_pairs(generator, tests, points)
    after_test = generator.get_state()
    results: dict = {}
    for name, loss in MAPS_ROWS + LOSS_ROWS:
        generator.set_state(after_test)
        network = seeded_network(seed, _pointnet, REPRESENTATIONS[name].size)
        samples = (cloud_pairs(generator, batch, points) for _ in range(steps))
        results.setdefault(name, {})[loss] = fit(network, samples, test, name, loss, steps)
    return results


def cloud_pairs(
    generator: torch.Generator, count: int, points: int
) -> tuple[Float[Tensor, "count points 6"], Float[Tensor, "count 3 3"]]:
    """Point pairs (x, R x), one per row, of random clouds and random rotations R (Haar).

    A cloud is four blobs of equally many points (`points` is a multiple of 4), centred, at a root
    mean square distance of 1.
    """
    blobs = torch.randn(count, 4, 3, generator=generator).repeat(1, points // 4, 1)
    x = blobs + 0.3 * torch.randn(count, points, 3, generator=generator)
    x = x - x.mean(1, keepdim=True)
    x = x / x.square().sum(-1).mean(-1).sqrt()[:, None, None]
    rotation = random_rotation(3, count, generator)
    return torch.cat((x, x @ rotation.mT), dim=-1), rotation


def _pointnet(outputs: int) -> nn.Sequential:
    head = (*layers(128, 128), nn.Linear(128, outputs))
    return nn.Sequential(*layers(6, 64, 64, 128), _MaximumOverPoints(), *head)


class _MaximumOverPoints(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.amax(-2)


STUDY = Study(
    name="rotation-clouds",
    function=align_clouds,
    label="The rotation between two point clouds, by map and by loss",
    section="3.6",
    notebook="notebooks/03e_regressing_rotations.md",
    full={"steps": 1000, "batch": 32, "points": 32, "tests": 5000},
    smoke={"steps": 20, "tests": 100},
)
