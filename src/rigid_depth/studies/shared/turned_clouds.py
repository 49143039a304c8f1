"""Point clouds before and after a rotation, and the PointNet that regresses it (section 3.6)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.rotations import random_rotation
from rigid_depth.studies.shared.rotation_networks import layers


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


def pointnet(outputs: int) -> nn.Sequential:
    """Point pairs [*, points, 6] to numbers: each through 64-64-128, the maximum through 128."""
    head = (*layers(128, 128), nn.Linear(128, outputs))
    return nn.Sequential(*layers(6, 64, 64, 128), _MaximumOverPoints(), *head)


class _MaximumOverPoints(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.amax(-2)
