"""The networks of the thesis (chapter 6)."""

from rigid_depth.models.autoencoder import (
    DECODER_WIDTHS,
    STRIDE,
    WIDTHS,
    Autoencoder,
    Decoder,
    Encoder,
    count_parameters,
    scaled,
    scaled_widths,
)
from rigid_depth.models.blocks import ChannelAttention, DenseBlock, SpatialAttention
from rigid_depth.models.summary import receptive_fields, summary

__all__ = [
    "DECODER_WIDTHS",
    "STRIDE",
    "WIDTHS",
    "Autoencoder",
    "ChannelAttention",
    "Decoder",
    "DenseBlock",
    "Encoder",
    "SpatialAttention",
    "count_parameters",
    "receptive_fields",
    "scaled",
    "scaled_widths",
    "summary",
]
