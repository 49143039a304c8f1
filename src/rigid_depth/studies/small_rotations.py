"""Regressing small rotations: do three or four numbers suffice there? (section 3.6).

After the advice of Geist et al. 2024. The task is that of `rotation_clouds`; what changes is how
far the rotations turn. Up to a limit below a half turn every representation has a continuous right
inverse, so that nothing forces a network to jump.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations import geodesic_distance, rotvec_to_matrix
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.rotation_networks import (
    REPRESENTATIONS,
    fit,
    seeded_network,
)
from rigid_depth.studies.shared.turned_clouds import cloud_pairs, pointnet

AT_IDENTITY = " from the identity"
ROWS = (
    ("euler", "mse"),
    ("rotation vector", "mse"),
    ("rotation vector", "pre-image"),
    ("quaternion", "mse"),
    ("quaternion", "pre-image"),
    ("quaternion" + AT_IDENTITY, "mse"),
    ("6d", "mse"),
    ("6d" + AT_IDENTITY, "mse"),
    ("9d", "mse"),
    ("9d" + AT_IDENTITY, "mse"),
)
"""Representation and loss. Untrained networks output numbers near zero: for angles and rotation
vectors that is the identity already, the others get its numbers added where the name says so."""


def regress_small_rotations(
    seed: int,
    limits_deg: tuple[int, ...] = (45, 180),
    steps: int = 1000,
    batch: int = 32,
    points: int = 32,
    tests: int = 5000,
) -> dict:
    """Limit in degrees -> representation -> loss -> `error_statistics` and the curve.

    Training and test rotations turn by at most the limit. Network, clouds and training are those of
    `rotation_clouds.align_clouds`. "identity" of a limit is the mean error of a network that
    answers with no turn at all.
    """
    return {
        str(limit): _of_limit(seed, math.radians(limit), steps, batch, points, tests)
        for limit in limits_deg
    }


def _of_limit(seed: int, limit_rad: float, steps: int, batch: int, points: int, tests: int) -> dict:
    generator = torch.Generator().manual_seed(seed)
    test = turned_clouds(generator, tests, points, limit_rad)
    after_test = generator.get_state()
    still = geodesic_distance(torch.eye(3).expand_as(test[1]), test[1])
    results: dict = {"identity": {"mean_deg": round(torch.rad2deg(still).mean().item(), 4)}}
    for name, loss in ROWS:
        generator.set_state(after_test)
        base = name.removesuffix(AT_IDENTITY)
        network = seeded_network(seed, pointnet, REPRESENTATIONS[base].size)
        if base != name:
            network = nn.Sequential(network, _Added(numbers_of_identity(base)))
        samples = (turned_clouds(generator, batch, points, limit_rad) for _ in range(steps))
        results.setdefault(name, {})[loss] = fit(network, samples, test, base, loss, steps)
    return results


def turned_clouds(
    generator: torch.Generator, count: int, points: int, limit_rad: float
) -> tuple[Float[Tensor, "count points 6"], Float[Tensor, "count 3 3"]]:
    """Point pairs (x, R x), one per row, of random clouds and rotations R up to the limit.

    The clouds are those of `cloud_pairs`.
    """
    x = cloud_pairs(generator, count, points)[0][..., :3]
    rotation = bounded_rotations(generator, count, limit_rad)
    return torch.cat((x, x @ rotation.mT), dim=-1), rotation


def bounded_rotations(
    generator: torch.Generator, count: int, limit_rad: float
) -> Float[Tensor, "count 3 3"]:
    """Rotations with the uniform (Haar) distribution among those that turn by at most the limit.

    The axis is uniform; the angle a has the density 1 - cos a on [0, limit], so that a - sin a is
    uniform; that is inverted by bisection.
    """
    axis = nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=-1)
    share = torch.rand(count, generator=generator, dtype=torch.float64)
    wanted = share * (limit_rad - math.sin(limit_rad))
    low, high = torch.zeros_like(share), torch.full_like(share, limit_rad)
    for _ in range(40):
        middle = (low + high) / 2
        below = middle - middle.sin() < wanted
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return rotvec_to_matrix(low.float()[:, None] * axis)


def numbers_of_identity(name: str) -> Float[Tensor, " k"]:
    """What a representation writes for the identity."""
    from_matrix = REPRESENTATIONS[name].from_matrix
    if from_matrix is None:
        raise RigidDepthError(f"the representation '{name}' has no right inverse.")
    return from_matrix(torch.eye(3))


class _Added(nn.Module):
    def __init__(self, numbers: Tensor):
        super().__init__()
        self.numbers = numbers

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs + self.numbers


STUDY = Study(
    name="small-rotations",
    function=regress_small_rotations,
    label="Small rotations and all rotations, regressed through five representations",
    section="3.6",
    notebook="notebooks/03e_regressing_rotations.md",
    full={"limits_deg": (45, 180), "steps": 1000, "batch": 32, "points": 32, "tests": 5000},
    smoke={"limits_deg": (45, 180), "steps": 20, "tests": 100},
)
