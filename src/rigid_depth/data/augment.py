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
    points: Float[Tensor, "*batch N 3"], share: float, generator: torch.Generator | None = None
) -> Float[Tensor, "*batch N 3"]:
    """Keep a random ``share`` of every image's returns (thesis 7.1: a tenth) and zero the others.

    Exactly round(share * returns) stay, each with its values unchanged; the shape stays the same, a
    dropped return looks like padding (depth 0). Raises RigidDepthError unless 0 <= share <= 1.
    """
    if not 0 <= share <= 1:
        raise RigidDepthError(f"share of returns to keep is {share}; it must lie in [0, 1]")
    seen = points[..., 2] > 0
    draw = torch.rand(seen.shape, generator=generator, device=_device(generator)).to(points.device)
    rank = draw.masked_fill(~seen, torch.inf).argsort(-1).argsort(-1)
    keep = rank < (share * seen.sum(-1, keepdim=True)).round()
    return points * (keep & seen).unsqueeze(-1)


def add_noise(
    values: Float[Tensor, "*shape"],
    std: float,
    generator: torch.Generator | None = None,
    mask: Bool[Tensor, "*shape"] | None = None,
) -> Float[Tensor, "*shape"]:
    """Add Gaussian noise of standard deviation ``std``, in the unit of ``values``, under ``mask``.

    The thesis (7.1) says std 0.2 without a unit: on the linear encoding that is 20 m, on metres
    next to nothing. The default mask is ``values > 0``; give ``depth_m > 0`` when the values are
    encoded. Noisy values are not clamped. Raises RigidDepthError for a negative ``std``.
    """
    if std < 0:
        raise RigidDepthError(
            f"noise std is {std}; it must be 0 or more, in the unit of the values"
        )
    noise = torch.randn(values.shape, generator=generator, device=_device(generator))
    mask = values > 0 if mask is None else mask
    return torch.where(mask, values + std * noise.to(values), values)


def rgb_input(rgb: UInt8[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """The RGB image scaled to [0, 1]: the input of the RGB branch."""
    return rgb.float() / 255.0


def rgbd_input(
    rgb: UInt8[Tensor, "*batch 3 H W"], encoded: Float[Tensor, "*batch 1 H W"]
) -> Float[Tensor, "*batch 3 H W"]:
    """RGB in [0, 1] plus the encoded depth on each of the three channels: range [0, 2]."""
    return rgb_input(rgb) + encoded


def _device(generator: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if generator is None else generator.device
