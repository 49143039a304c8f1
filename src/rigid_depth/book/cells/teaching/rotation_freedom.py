"""How much a rotation of latent points has to say (thesis, sections 4.4 and 7.8)."""

from typing import NamedTuple

import torch

from rigid_depth.latents import to_point_clouds
from rigid_depth.rotations import degrees_of_freedom


class CloudFreedom(NamedTuple):
    """Per image: clouds, points of each, their dimension, entries and freedom of all rotations."""

    clouds: int
    points: int
    point_dim: int
    matrix_entries: int
    degrees_of_freedom: int
    rotation_unique: bool
    """Whether generic points fix the rotation: n - 1 of them are needed in n dimensions."""


def cloud_freedom(
    channels: int, size: tuple[int, int], context: str, point_dim: int | None = None
) -> CloudFreedom:
    """What rotating the clouds of a latent means, one rotation per cloud (`to_point_clouds`).

    The degrees of freedom of a rotation grow with n^2, as the entries of its matrix do. Section
    4.4 says that the size of the matrix grows exponentially.
    """
    shape = to_point_clouds(torch.empty(1, channels, *size), context, point_dim).shape
    clouds, points, dim = shape[1:-2].numel(), shape[-2], shape[-1]
    return CloudFreedom(
        clouds, points, dim, clouds * dim**2, clouds * degrees_of_freedom(dim), points >= dim - 1
    )
