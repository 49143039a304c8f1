"""Builds the two-branch model of an experiment around its alignment (thesis, Fig. 6.1)."""

from __future__ import annotations

from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models import Decoder, Encoder, scaled, scaled_widths
from rigid_depth.models.autoencoder import DECODER_WIDTHS, WIDTHS
from rigid_depth.models.two_branch import Alignment, TwoBranch

RGBD_BLOCKS = (1, 1, 1, 1)
"""Dense blocks of the RGB-D encoder; the RGB encoder has 1, 2, 2, 2."""


def two_branch(
    experiment: Experiment,
    scale: Scale,
    alignment: Alignment,
    *,
    control: bool = False,
    inherits: bool = False,
) -> TwoBranch:
    """Both branches at the width of the scale.

    `control`: the RGB-D decoder is given other latents than those of the RGB-D encoder, so that
    zero-shot needs a decoder of its own to be compared with. Sharing a module is such a case.
    """
    attention, dropout = experiment.attention, experiment.rgbd_dropout
    rgb = scaled(scale.width, attention=attention, dropout=experiment.dropout)
    channels = latent_channels(scale)

    def decoder() -> Decoder:
        widths = scaled_widths(DECODER_WIDTHS, scale.width)
        return Decoder(channels, widths, attention=attention, dropout=dropout)

    rgbd = None
    if not experiment.shared_encoder:
        widths = scaled_widths(WIDTHS, scale.width * experiment.rgbd_width)
        rgbd = Encoder(3, widths, RGBD_BLOCKS, attention, dropout, channels)
    return TwoBranch(
        rgb,
        rgbd,
        None if experiment.shared_decoder else decoder(),
        alignment,
        decoder() if control or experiment.shared_decoder else None,
        inherits=inherits,
        frozen=experiment.freeze_encoders,
    )


def latent_channels(scale: Scale) -> int:
    """Channels of the latents: 192 at full width."""
    return scaled_widths(WIDTHS, scale.width)[-1]


def latent_size(scale: Scale) -> tuple[int, int]:
    """Height and width of the latents: 12 x 24 at 384 x 768."""
    return scale.image_size[0] // 32, scale.image_size[1] // 32
