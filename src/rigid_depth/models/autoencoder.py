"""The autoencoder of every experiment: latent at 1/32 or 1/16, no skip connections (6.2)."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.models.blocks import (
    ChannelAttention,
    DenseBlock,
    SpatialAttention,
    attention_layer,
    conv,
    up,
)

STRIDE = 32
WIDTHS = (64, 128, 144, 192)
DECODER_WIDTHS = (144, 128, 96, 12)


class Encoder(nn.Module):
    """Image -> latent: a 7x7 stem of stride 4, four scales of dense blocks, a linear convolution.

    Attention ends every scale but the first. The latent has neither norm nor activation (7.4); it
    has as many channels as the last scale unless told otherwise. At a stride of 16 in place of the
    thesis's 32 the last scale keeps the resolution of the one before.
    """

    def __init__(
        self,
        in_channels: int = 3,
        widths: Sequence[int] = WIDTHS,
        blocks: Sequence[int] = (1, 2, 2, 2),
        attention: str = "cbam",
        dropout: float = 0.0,
        latent_channels: int | None = None,
        stride: int = STRIDE,
    ):
        super().__init__()
        steps = _steps(stride, len(widths))
        self.scales = nn.ModuleList()
        for i, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            # The stem looks at 7x7 px and keeps a quarter of the resolution; later scales halve it.
            first = conv(in_channels, width, 7, 4, 3) if i == 0 else None
            entry = first or conv(widths[i - 1], width, stride=steps[i])
            dense = [DenseBlock(width, dropout) for _ in range(count)]
            end = [attention_layer(attention, width)] if i else []
            self.scales.append(nn.Sequential(entry, *dense, *end))
        self.latent = nn.Conv2d(widths[-1], latent_channels or widths[-1], 3, padding=1)
        initialise(self)

    def forward(self, image: Float[Tensor, "b c H W"]) -> Float[Tensor, "b latent h w"]:
        refuse_size(image.shape[-2:])
        for scale in self.scales:
            image = scale(image)
        return self.latent(image)


class Decoder(nn.Module):
    """Latent -> encoded depth in (0, 1): three doublings, a transposed 4x4 convolution, a sigmoid.

    Attention ends the scales below a quarter of the image's resolution, as in the encoder. At a
    stride of 16 the first scale keeps the resolution of the latent.
    """

    def __init__(
        self,
        in_channels: int = WIDTHS[-1],
        widths: Sequence[int] = DECODER_WIDTHS,
        blocks: Sequence[int] = (2, 2, 1, 0),
        attention: str = "cbam",
        dropout: float = 0.0,
        stride: int = STRIDE,
        outputs: int = 1,
    ):
        super().__init__()
        steps = _steps(stride, len(widths))[::-1]
        self.scales = nn.ModuleList()
        for i, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            # The last scale goes up by 4 at once, as far as the stem went down.
            if i == len(widths) - 1:
                entry = _last_up(in_channels, width)
            else:
                entry = (up if steps[i] == 2 else conv)(in_channels, width)
            dense = [DenseBlock(width, dropout) for _ in range(count)]
            end = [attention_layer(attention, width)] if i < len(widths) - 2 else []
            self.scales.append(nn.Sequential(entry, *dense, *end))
            in_channels = width
        self.logits = nn.Conv2d(in_channels, outputs, 1)
        initialise(self)

    def forward(self, latent: Float[Tensor, "b latent h w"]) -> Float[Tensor, "b outputs H W"]:
        return self.scores(latent).sigmoid()

    def scores(self, latent: Float[Tensor, "b latent h w"]) -> Float[Tensor, "b outputs H W"]:
        """What the sigmoid is taken of."""
        for scale in self.scales[:-1]:
            latent = scale(latent)
        entry, *rest = self.scales[-1]  # pyright: ignore[reportGeneralTypeIssues]
        if rest:
            return self.logits(self.scales[-1](latent))
        # A last scale without dense blocks needs no map of all its channels at full resolution.
        return _by_taps(latent, entry[0], self.logits)


class Autoencoder(nn.Module):
    """Encoder and decoder of one branch; at its defaults the thesis's RGB branch.

    Encoded depth out of an image `[B, C, H, W]` whose sides 32 divides; the latent is
    `[B, widths[-1], H/stride, W/stride]`. Raises RigidDepthError for other sizes and for bad
    settings.
    """

    def __init__(
        self,
        in_channels: int = 3,
        widths: Sequence[int] = WIDTHS,
        encoder_blocks: Sequence[int] = (1, 2, 2, 2),
        decoder_widths: Sequence[int] = DECODER_WIDTHS,
        decoder_blocks: Sequence[int] = (2, 2, 1, 0),
        attention: str = "cbam",
        dropout: float = 0.0,
        stride: int = STRIDE,
    ):
        super().__init__()
        options = {"attention": attention, "dropout": dropout, "stride": stride}
        self.encoder = Encoder(in_channels, widths, encoder_blocks, **options)
        self.decoder = Decoder(widths[-1], decoder_widths, decoder_blocks, **options)

    def encode(self, image: Float[Tensor, "b c H W"]) -> Float[Tensor, "b latent h w"]:
        """The latent of an image with values in [0, 1] (RGB) or [0, 2] (RGB + depth)."""
        return self.encoder(image)

    def decode(self, latent: Float[Tensor, "b latent h w"]) -> Float[Tensor, "b 1 H W"]:
        """The encoded depth in (0, 1) of a latent, at `stride` times its resolution."""
        return self.decoder(latent)

    def forward(
        self, image: Float[Tensor, "b c H W"]
    ) -> tuple[Float[Tensor, "b 1 H W"], Float[Tensor, "b latent h w"]]:
        """Encoded depth and latent of an image."""
        latent = self.encoder(image)
        return self.decoder(latent), latent


def scaled(width_multiplier: float, **options) -> Autoencoder:
    """The autoencoder with all widths times a factor, to the nearest multiple of 8, at least 8.

    The latent's 192 channels scale too. `options` go to `Autoencoder`.
    """
    if not width_multiplier > 0:
        raise RigidDepthError(
            f"width_multiplier is {width_multiplier}; allowed is a number above 0"
        )
    if width_multiplier == 1:
        return Autoencoder(**options)
    return Autoencoder(
        widths=scaled_widths(WIDTHS, width_multiplier),
        decoder_widths=scaled_widths(DECODER_WIDTHS, width_multiplier),
        **options,
    )


def scaled_widths(widths: Sequence[int], width_multiplier: float) -> tuple[int, ...]:
    """Widths times a factor, to the nearest multiple of 8, at least 8."""
    return tuple(max(8, 8 * math.floor(width * width_multiplier / 8 + 0.5)) for width in widths)


def count_parameters(module: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def refuse_size(size: Sequence[int]) -> None:
    """Raises RigidDepthError unless 32 divides both sides of an image."""
    if any(side % STRIDE for side in size):
        height, width = size
        raise RigidDepthError(
            f"the image size is {height}x{width}; height and width must be divisible by {STRIDE}"
        )


def initialise(module: nn.Module) -> None:
    """Normal weights that keep the variance (He's where GELU follows), biases 0, gates open.

    A gate that starts at sigmoid(0) = 0.5 takes half of the signal, twice a scale: with them closed
    the network learns at half the speed; they start at sigmoid(2) = 0.88.

    The taps of an upsampling start equal (Aitken et al. 2017), so that no pattern of its stride
    lies on the first predictions. Where no norm follows, half of the channels start as the negative
    of the others: else all channels of a tap may start below zero, where GELU lets no gradient
    through, and one pixel of every stride stays the same for ever.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            follower = "relu" if layer.bias is None else "linear"
            nn.init.kaiming_normal_(layer.weight, nonlinearity=follower)
        elif isinstance(layer, nn.ConvTranspose2d):  # stride = kernel: one tap per output pixel
            tap = torch.randn(layer.weight.shape[:2]) * math.sqrt(2 / layer.in_channels)
            if layer.bias is not None:
                half = layer.out_channels // 2
                tap[:, half : 2 * half] = -tap[:, :half]
            with torch.no_grad():
                layer.weight.copy_(tap[:, :, None, None])
        elif isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        bias = getattr(layer, "bias", None)
        if isinstance(bias, Tensor):
            nn.init.zeros_(bias)
    for layer in module.modules():
        if isinstance(layer, ChannelAttention):
            bias = layer.mlp[-1].get_parameter("bias")
            nn.init.constant_(bias, 1.0)  # counts twice, for the mean and the maximum
        elif isinstance(layer, SpatialAttention):
            nn.init.constant_(layer.conv.get_parameter("bias"), 2.0)


def _steps(stride: int, scales: int) -> list[int]:
    """By how much each scale of an encoder divides the resolution; the product is the stride."""
    if stride not in (STRIDE // 2, STRIDE):
        raise RigidDepthError(f"stride is {stride}; allowed are {STRIDE // 2} and {STRIDE}")
    steps = [4] + [2] * (scales - 1)
    return steps if stride == STRIDE else [*steps[:-1], 1]


def _by_taps(x: Tensor, up: nn.ConvTranspose2d, logits: nn.Conv2d) -> Tensor:
    """`logits(gelu(up(x)))` without a map of all channels at the resolution of the image.

    The taps of `up` do not overlap: each pixel of `x` gives stride^2 groups of channels by a matrix
    product, each group one logit, and the logits take their places at the end.
    """
    stride = up.stride[0]
    taps = up.weight.permute(2, 3, 1, 0).flatten(0, 2)  # [stride^2 * channels, in]
    found = F.gelu(F.linear(x.movedim(1, -1), taps, up.bias.repeat(stride**2)))  # pyright: ignore
    each = torch.eye(stride**2, device=x.device)
    y = F.linear(found, torch.kron(each, logits.weight.flatten(1)), logits.bias.repeat(stride**2))  # pyright: ignore
    y = y.unflatten(-1, (stride**2, logits.out_channels)).permute(0, 4, 3, 1, 2)
    return F.pixel_shuffle(y.flatten(1, 2), stride)


def _last_up(in_channels: int, out_channels: int) -> nn.Sequential:
    """The last upsampling, by 4; without a norm, which would be the dearest layer of all."""
    return nn.Sequential(nn.ConvTranspose2d(in_channels, out_channels, 4, 4), nn.GELU())
