"""Builds the two-branch model of an experiment around its alignment (thesis Figure 6.1)."""

from __future__ import annotations

from collections.abc import Callable

from rigid_depth.experiments.methods.starting import own_start
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models import Autoencoder, Decoder, Encoder, scaled, scaled_widths
from rigid_depth.models.autoencoder import DECODER_WIDTHS, WIDTHS
from rigid_depth.models.two_branch import Alignment, TwoBranch

RGBD_BLOCKS = (1, 1, 1, 1)
"""Dense blocks of the RGB-D encoder; the RGB encoder has 1, 2, 2, 2."""


def two_branch(
    experiment: Experiment,
    scale: Scale,
    alignment: Callable[[], Alignment],
    *,
    control: bool = False,
    inherits: bool = False,
    kind: type[TwoBranch] = TwoBranch,
    outputs: int = 1,
) -> TwoBranch:
    """Both branches at the width of the scale, with what `alignment` builds between them.

    Every part starts from weights of its own, see `own_start`. `outputs` are the channels of what
    the RGB-D branch predicts: one, depth, unless the `kind` of model is another.

    `control`: the RGB-D decoder is given other latents than those of the RGB-D encoder, so that
    zero-shot needs a decoder of its own to be compared with. Sharing a module is such a case.
    """
    with own_start("alignment"):
        between = alignment()
    # A decoder that both branches share has seen RGB latents in training, too.
    controlled = control or experiment.shared_decoder
    own = not experiment.shared_decoder
    return kind(
        rgb_branch(experiment, scale),
        None if experiment.shared_encoder else rgbd_encoder(experiment, scale),
        rgbd_decoder(experiment, scale, "rgbd decoder", outputs) if own else None,
        between,
        rgbd_decoder(experiment, scale, "control decoder") if controlled else None,
        inherits=inherits,
        frozen=experiment.freeze_encoders,
    )


def rgb_branch(experiment: Experiment, scale: Scale) -> Autoencoder:
    """The RGB branch, the same of every experiment."""
    options = {"attention": experiment.attention, "dropout": experiment.dropout}
    with own_start("rgb branch"):
        return scaled(scale.width, stride=scale.stride, **options)


def rgbd_encoder(experiment: Experiment, scale: Scale) -> Encoder:
    """The encoder of RGB plus depth; its latent is as wide as that of the RGB branch."""
    widths = scaled_widths(WIDTHS, scale.width * experiment.rgbd_width)
    parts = (experiment.attention, experiment.rgbd_dropout, latent_channels(scale))
    with own_start("rgbd encoder"):
        # Three channels: depth is added to each colour, not stacked behind them as a fourth.
        return Encoder(3, widths, RGBD_BLOCKS, *parts, scale.stride)


def rgbd_decoder(experiment: Experiment, scale: Scale, part: str, outputs: int = 1) -> Decoder:
    """A decoder as the RGB-D branch has it; `part` says which, as there may be two."""
    widths = scaled_widths(DECODER_WIDTHS, scale.width)
    options = {"attention": experiment.attention, "dropout": experiment.rgbd_dropout}
    options |= {"stride": scale.stride, "outputs": outputs}
    with own_start(part):
        return Decoder(latent_channels(scale), widths, **options)


def latent_channels(scale: Scale) -> int:
    """Channels of the latents: 192 at full width."""
    return scaled_widths(WIDTHS, scale.width)[-1]


def latent_size(scale: Scale) -> tuple[int, int]:
    """Height and width of the latents: 12 x 24 at 384 x 768 and stride 32."""
    height, width = scale.image_size
    return height // scale.stride, width // scale.stride
