"""What a network is, read off the network itself: shapes, parameters, what a latent pixel sees."""

import torch
from torch import nn

from rigid_depth.models.autoencoder import Autoencoder, Encoder, count_parameters
from rigid_depth.models.blocks import DenseBlock, SpatialAttention


def receptive_fields(encoder: Encoder) -> list[int]:
    """Side in px of the image square that a pixel sees after each scale and in the latent.

    By convolutions alone: attention and GroupNorm pool over the whole image on top of it.
    """
    size_px, stride_px, fields = 1, 1, []
    for part in (*encoder.scales, encoder.latent):
        for layer in _convolutions(part):
            size_px += (layer.kernel_size[0] - 1) * stride_px
            stride_px *= layer.stride[0]
        fields.append(size_px)
    return fields


def summary(model: Autoencoder, image_size: tuple[int, int]) -> list[dict]:
    """One row for each scale of an autoencoder, in the order of the computation.

    `part` (encoder, latent, decoder, output), `channels`, `height`, `width`, `blocks` (dense ones),
    `attention`, `parameters`, and for the encoder `sees_px`, see `receptive_fields`.
    """
    x = torch.zeros(1, _convolutions(model.encoder)[0].in_channels, *image_size)
    x = x.to(next(model.parameters()).device)
    sees_px = receptive_fields(model.encoder)
    parts = [("encoder", scale) for scale in model.encoder.scales]
    parts += [("latent", model.encoder.latent)]
    parts += [("decoder", scale) for scale in model.decoder.scales]
    parts += [("output", model.decoder.logits)]
    rows = []
    for number, (name, module) in enumerate(parts):
        with torch.no_grad():
            x = module(x)
        rows.append(
            {
                "part": name,
                "channels": x.shape[1],
                "height": x.shape[2],
                "width": x.shape[3],
                "blocks": sum(isinstance(m, DenseBlock) for m in module.modules()),
                "attention": any(isinstance(m, SpatialAttention) for m in module.modules()),
                "parameters": count_parameters(module),
                "sees_px": sees_px[number] if number < len(sees_px) else None,
            }
        )
    return rows


def _convolutions(module: nn.Module) -> list[nn.Conv2d]:
    """The convolutions in the order of the computation, without those of the attention."""
    if isinstance(module, SpatialAttention):
        return []
    if isinstance(module, nn.Conv2d):
        return [module]
    return [layer for child in module.children() for layer in _convolutions(child)]
