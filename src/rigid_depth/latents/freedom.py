"""How much a rotation of latent points has to say (thesis, sections 4.4 and 7.8)."""

from typing import NamedTuple

from rigid_depth.latents.clouds import _refuse_context, _refuse_dim
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

    The degrees of freedom grow with n^2 as the entries of the matrices do, not exponentially as
    section 4.4 says.
    """
    _refuse_context(context)
    pixels = size[0] * size[1]
    if context == "channel":
        clouds, points, dim = 1, channels, pixels
    else:
        _refuse_dim(channels, point_dim)
        dim, clouds = point_dim, pixels if context == "local" else 1
        points = channels * pixels // (dim * clouds)
    return CloudFreedom(
        clouds, points, dim, clouds * dim**2, clouds * degrees_of_freedom(dim), points >= dim - 1
    )
