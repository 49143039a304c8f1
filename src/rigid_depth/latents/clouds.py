"""A latent read as point clouds (thesis section 4.4, thesis eqs. 7.2 and 7.3)."""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError


def to_point_clouds(
    latent: Float[Tensor, "b c h w"], context: str, point_dim: int | None = None
) -> Float[Tensor, "b *clouds points dim"]:
    """The latent's entries as points; which entries make a point depends on the context.

    - "local", `[B, H*W, C/d, d]` (thesis eq. 7.2): one cloud per pixel; its point j holds the
      channels j*d to (j+1)*d - 1. Pixels count row by row.
    - "global", `[B, H*W*C/d, d]` (thesis eq. 7.3): the same points, one cloud per image.
    - "channel", `[B, C, H*W]`: one cloud per image, a point is a channel over all pixels; the
      dimension is H*W and need not be given.

    The points may share the latent's memory or not: do not write into them. Raises RigidDepthError
    for an unknown context, a missing dimension, or one that does not divide the channels.
    """
    c, h, w = latent.shape[1:]
    _refuse_context(context)
    if context == "channel":
        if point_dim not in (None, h * w):
            raise RigidDepthError(f"point_dim is {point_dim}; a channel of {h}x{w} has {h * w}")
        return latent.flatten(2)
    d = _valid_dim(c, point_dim)
    # Channels last, so that the d entries of a point lie side by side.
    pixels = latent.permute(0, 2, 3, 1)
    if context == "local":
        return pixels.reshape(-1, h * w, c // d, d)
    return pixels.reshape(-1, h * w * c // d, d)


def from_point_clouds(
    points: Float[Tensor, "b *clouds points dim"], context: str, size: tuple[int, int]
) -> Float[Tensor, "b c h w"]:
    """The latent of height and width `size` whose `to_point_clouds` are these points, exactly.

    Raises RigidDepthError if the number of points does not fit the size.
    """
    _refuse_context(context)
    h, w = size
    entries = points[0].numel()
    fits = {
        "local": points.ndim == 4 and points.shape[1] == h * w,
        "global": points.ndim == 3 and entries % (h * w) == 0,
        "channel": points.ndim == 3 and points.shape[2] == h * w,
    }
    if not fits[context]:
        raise RigidDepthError(
            f"points of shape {tuple(points.shape)} are no {context} clouds of a {h}x{w} latent"
        )
    if context == "channel":
        return points.unflatten(2, size)
    return points.reshape(-1, h, w, entries // (h * w)).permute(0, 3, 1, 2)


def rotation_as_convolution(
    rotation: Float[Tensor, "*batch d d"], channels: int
) -> Float[Tensor, "*batch c c 1 1"]:
    """The weight of the 1x1 convolution that rotates every d-dimensional point of a latent.

    kron(I, R): a global rotation of the local or global clouds (section 7.8) is this special linear
    layer. Raises RigidDepthError if d does not divide the channels.
    """
    d = _valid_dim(channels, rotation.shape[-1])
    # Block diagonal: each group of d channels is one point and is turned by the same R.
    eye = torch.eye(channels // d, dtype=rotation.dtype, device=rotation.device)
    return torch.kron(eye, rotation)[..., None, None]


def _refuse_context(context: str) -> None:
    if context not in ("local", "global", "channel"):
        raise RigidDepthError(
            f"context is {context!r}; allowed are 'local', 'global' and 'channel'"
        )


def _valid_dim(channels: int, point_dim: int | None) -> int:
    if point_dim is None or point_dim < 1 or channels % point_dim:
        raise RigidDepthError(
            f"point_dim is {point_dim}; allowed is a divisor of the latent's {channels} channels"
        )
    return point_dim
