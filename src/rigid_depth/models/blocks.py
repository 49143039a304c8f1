"""The building blocks of the autoencoder (thesis, sections 2.6 and 6.2)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError


def norm(channels: int) -> nn.GroupNorm:
    """GroupNorm with groups of 32 channels, or a single group where 32 does not divide them."""
    return nn.GroupNorm(channels // 32 if channels % 32 == 0 else 1, channels)


def conv(
    in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1, padding: int = 1
) -> nn.Sequential:
    """Convolution, GroupNorm, GELU."""
    # No bias: the norm behind it has one.
    layer = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
    return nn.Sequential(layer, norm(out_channels), nn.GELU())


def up(in_channels: int, out_channels: int) -> nn.Sequential:
    """Doubles the resolution by a transposed 2x2 convolution; its taps do not overlap."""
    layer = nn.ConvTranspose2d(in_channels, out_channels, 2, 2, bias=False)
    return nn.Sequential(layer, norm(out_channels), nn.GELU())


class Dropout(nn.Module):
    """`nn.Dropout`, six times as fast on a CPU: its chances are multiples of 1 / 65536."""

    def __init__(self, chance: float):
        super().__init__()
        self.chance = chance

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and self.chance):
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.chance)
        drawn = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        drawn = drawn.view(torch.int16)[: x.numel()]  # four numbers from each draw
        kept = drawn >= round(self.chance * 2**16) - 2**15
        kept = kept.view(x.movedim(1, -1).shape).movedim(-1, 1)  # as x lies, channels last
        return x * (kept.to(x.dtype) / (1 - self.chance))


class DenseBlock(nn.Module):
    """Two 3x3 layers of one width; the second also sees the input (DenseNet, growth = width)."""

    def __init__(self, width: int, dropout: float = 0.0):
        super().__init__()
        self.first = conv(width, width)
        self.second = conv(2 * width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return self.dropout(self.second(torch.cat([x, self.first(x)], 1)))


class ChannelAttention(nn.Module):
    """One weight per channel from its mean and maximum over the image, by a shared MLP (CBAM)."""

    def __init__(self, channels: int, reduction: int = 8):
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(
            nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        # One MLP for mean and maximum, whose answers are added before the sigmoid.
        weight = torch.sigmoid(self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3))))
        return x * weight[:, :, None, None]


class SpatialAttention(nn.Module):
    """One weight per pixel from the mean and maximum over its channels, by a convolution (CBAM)."""

    def __init__(self, kernel: int = 7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return x * self.weights(x)

    def weights(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
        """The map itself, in (0, 1)."""
        pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return torch.sigmoid(self.conv(pooled))


class Residual(nn.Sequential):
    """What its layers make of the input, plus the input."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return x + super().forward(x)


def attention_layer(kind: str, channels: int) -> nn.Module:
    """CBAM (channel, then spatial attention), added to its input or not, its spatial half, nothing.

    Raises RigidDepthError for another kind.
    """
    if kind == "cbam":
        return nn.Sequential(ChannelAttention(channels), SpatialAttention())
    if kind == "cbam-residual":
        return Residual(ChannelAttention(channels), SpatialAttention())
    if kind == "spatial":
        return SpatialAttention()
    if kind == "none":
        return nn.Identity()
    raise RigidDepthError(
        f"attention is {kind!r}; allowed are 'cbam', 'cbam-residual', 'spatial' and 'none'"
    )
