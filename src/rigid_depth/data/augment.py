"""From LiDAR returns to network inputs: depth maps, dilution, noise, RGB-D (thesis 7, 7.1)."""

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from rigid_depth.errors import RigidDepthError


def rasterise(
    points: Float[Tensor, "*batch N 3"], size: tuple[int, int]
) -> Float[Tensor, "*batch 1 H W"]:
    """Depth map in metres of returns (u px, v px, depth m); the nearest wins, 0 = no return.

    The pixel of a return is the one whose centre is nearest (integer coordinates are pixel
    centres). Returns outside the image and padding (depth 0) are ignored; any batch shape, any
    device.
    """
    height, width = size
    u, v, depth_m = points.unbind(-1)
    column, row = (u + 0.5).floor(), (v + 0.5).floor()
    seen = (depth_m > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    pixel = torch.where(seen, row * width + column, 0.0).long()
    candidates = torch.where(seen, depth_m, torch.inf)
    flat = points.new_full((*points.shape[:-2], height * width), torch.inf)
    flat = flat.scatter_reduce(-1, pixel, candidates, "amin")
    return torch.where(flat.isinf(), 0.0, flat).unflatten(-1, (1, height, width))


def dilute(
    seen: Bool[Tensor, "b 1 h w"],
    share: float,
    generator: torch.Generator,
    rank: int = 0,
    ranks: int = 1,
) -> Bool[Tensor, "b 1 h w"]:
    """Which of the returns of depth maps stay, each with chance `share` (thesis 7.1: a tenth).

    The draws are made on the CPU for all `ranks` devices together, of which this one, number
    `rank`, takes every `ranks`-th: the same for any number of devices. Raises RigidDepthError
    unless 0 <= share <= 1.
    """
    if not 0 <= share <= 1:
        raise RigidDepthError(f"share of returns to keep is {share}; it must lie in [0, 1]")
    shape = (len(seen) * ranks, *seen.shape[1:])
    draws = torch.rand(shape, generator=generator)[rank::ranks].to(seen.device)
    return seen & (draws < share)


def add_noise(
    encoded: Float[Tensor, "b 1 h w"],
    std: float,
    generator: torch.Generator,
    rank: int = 0,
    ranks: int = 1,
) -> Float[Tensor, "b 1 h w"]:
    """Encoded depth with Gaussian noise of standard deviation `std`, kept in [0, 1].

    The thesis (7.1) says std 0.2 without a unit: on the linear encoding that is 20 m, on metres
    next to nothing. Pixels without a return get noise too; mask them. The draws are made as
    `dilute` makes them. Raises RigidDepthError for a negative `std`.
    """
    if std < 0:
        raise RigidDepthError(f"noise std is {std}; it must be 0 or more, in encoded depth")
    shape = (len(encoded) * ranks, *encoded.shape[1:])
    noise = torch.randn(shape, generator=generator)[rank::ranks].to(encoded.device)
    return (encoded + std * noise).clamp(0, 1)


def rgb_input(rgb: UInt8[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """The RGB image scaled to [0, 1]: the input of the RGB branch."""
    return rgb.float() / 255.0


def rgbd_input(
    rgb: UInt8[Tensor, "*batch 3 H W"], encoded: Float[Tensor, "*batch 1 H W"]
) -> Float[Tensor, "*batch 3 H W"]:
    """RGB in [0, 1] plus the encoded depth on each of the three channels: range [0, 2]."""
    return rgb_input(rgb) + encoded
