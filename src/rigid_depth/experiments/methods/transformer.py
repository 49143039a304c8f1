"""The encoders as Vision Transformers of as many parameters (claims of 6.2, 8.1 and 8.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.methods.branches import latent_channels, latent_size, two_branch
from rigid_depth.experiments.methods.mse import Mse
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.methods.starting import own_start
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.autoencoder import count_parameters, initialise, refuse_size
from rigid_depth.models.two_branch import Batch, TwoBranch

DEPTHS = {"rgb": 6, "rgbd": 3}
"""Blocks of a transformer; the convolutional encoders have 7 and 4 dense blocks."""

HEADS = 4
PUBLISHED = {
    "vit_tiny": (192, 12, 3),
    "vit_small": (384, 12, 6),
    "vit_base": (768, 12, 12),
    "vit_large": (1024, 24, 16),
}
"""Channels, blocks and heads of the networks that weights are published for."""

NAMES = {
    r"patch_embed\.proj\.": "patches.",
    r"cls_token$": "first",
    r"pos_embed$": "positions",
    r"blocks\.(\d+)\.attn\.qkv\.": r"blocks.layers.\1.self_attn.in_proj_",
    r"blocks\.(\d+)\.attn\.proj\.": r"blocks.layers.\1.self_attn.out_proj.",
    r"blocks\.(\d+)\.mlp\.fc([12])\.": r"blocks.layers.\1.linear\2.",
    r"blocks\.(\d+)\.norm([12])\.": r"blocks.layers.\1.norm\2.",
    r"norm\.": "blocks.norm.",
}
"""What a part is called in files of weights (timm, DeiT, MAE, DINO), and here."""

NOT_ENCODING = ("head.", "pre_logits.", "fc_norm.", "mask_token", "decoder_")
"""What such a file may hold beyond the encoder."""


class VisionEncoder(nn.Module):
    """Image -> latent: a Vision Transformer (Dosovitskiy et al. 2021), then a 3x3 convolution.

    Each patch of `stride` px is a token and gives a pixel of the latent; one token more, the first,
    belongs to the whole image, as in published weights. The position embedding is learned on the
    latent's grid and interpolated for images of other sizes. The latent has neither norm nor
    activation, as that of the convolutional encoder. `file` holds weights for `load`.

    Of torch's own layers: timm does not import beside a torchvision for another torch; transformers
    5.24 does without one, but brings 11 packages of 167 MB, takes 2.4 s to import, and interpolates
    the positions of square images alone.
    """

    def __init__(
        self,
        size: tuple[int, int, int],
        grid: tuple[int, int],
        stride: int,
        channels: int,
        dropout: float,
        file: str = "",
    ):
        super().__init__()
        dim, depth, heads = size
        self.file = file
        self.patches = nn.Conv2d(3, dim, stride, stride)
        self.first = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, dim, *grid))
        block = nn.TransformerEncoderLayer(
            dim, heads, 4 * dim, dropout, "gelu", 1e-6, batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(dim, 1e-6)
        self.blocks = nn.TransformerEncoder(block, depth, norm, enable_nested_tensor=False)
        for values in (self.first, self.positions, *self.blocks.parameters()):
            if values.dim() > 1:  # torch copies one block; here each starts from its own weights
                nn.init.trunc_normal_(values, std=0.02)
        for layer in self.blocks.layers:
            nn.init.zeros_(layer.linear1.bias)
            nn.init.zeros_(layer.linear2.bias)
        self.latent = nn.Conv2d(dim, channels, 3, padding=1)
        initialise(self.latent)

    def forward(self, image: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b latent h w"]:
        refuse_size(image.shape[-2:])
        patches = self.patches(2 * image - 1)
        # Attention is blind to order: only what is added here says where a patch lies.
        placed = patches + resized(self.positions, patches.shape[-2:])
        first = self.first.expand(len(image), -1, -1).to(placed.dtype)
        tokens = self.blocks(torch.cat([first, placed.flatten(2).mT], 1))[:, 1:]
        return self.latent(tokens.mT.unflatten(2, patches.shape[-2:]))

    def load(self) -> None:
        """Takes the weights of the file; the position embedding is brought to the latent's grid.

        Raises RigidDepthError for a file that is missing, unreadable or of another network.
        """
        if not self.file:
            return
        if not Path(self.file).is_file():
            raise RigidDepthError(f"there are no weights for the encoder at {self.file}.")
        try:
            given = as_here(read_tensors(self.file), self.positions.shape[-2:])
            keys = self.load_state_dict(given, strict=False)
        except Exception as error:  # whatever a foreign file does to its readers
            raise RigidDepthError(
                f"the weights in {self.file} do not fit the encoder ({type(error).__name__})."
            ) from None
        missing = [name for name in keys.missing_keys if not name.startswith("latent.")]
        if differ := sorted([*missing, *keys.unexpected_keys]):
            raise RigidDepthError(
                f"the weights in {self.file} do not fit the encoder: {len(differ)} tensors are "
                f"missing or too many, '{differ[0]}' first."
            )


class RgbTransformer(RgbOnly):
    """RGB alone with a transformer as its encoder; the decoder starts as that of `rgb`."""

    def __init__(self, experiment: Experiment, scale: Scale):
        super().__init__(experiment, scale)
        self.rgb.encoder = encoder_like(self.rgb.encoder, "rgb", experiment, scale)

    def build_on(self, trained: RgbOnly | None, frames: Callable[[], Batch]) -> None:
        """Takes the weights that are named."""
        super().build_on(trained, frames)
        self.rgb.encoder.load()


class TwoTransformers(TwoBranch):
    """The two-branch model whose encoders are transformers."""

    def build_on(self, trained: TwoBranch | None, frames: Callable[[], Batch]) -> None:
        """Takes the weights that are named, for both encoders."""
        super().build_on(trained, frames)
        for encoder in self._encoders():
            encoder.load()


def build(experiment: Experiment, scale: Scale) -> TwoTransformers:
    """The two-branch model with the MSE between the latents of two transformers."""
    model = two_branch(
        experiment, scale, lambda: Mse(experiment.detach_depth), kind=TwoTransformers
    )
    model.rgb.encoder = encoder_like(model.rgb.encoder, "rgb", experiment, scale)
    if model.rgbd:
        model.rgbd = encoder_like(model.rgbd, "rgbd", experiment, scale)
    return model


def encoder_like(
    convolutional: nn.Module, branch: str, experiment: Experiment, scale: Scale
) -> VisionEncoder:
    """A transformer in place of an encoder: untrained of as many parameters, or the one named."""
    dropout = experiment.rgbd_dropout if branch == "rgbd" else experiment.dropout
    name, _, file = experiment.encoder_weights.partition(":")
    if name and name not in PUBLISHED:
        raise RigidDepthError(
            f"encoder_weights: there is no transformer '{name}'; allowed are "
            f"{', '.join(PUBLISHED)}."
        )
    if name:
        size = PUBLISHED[name]
    else:
        dim = embed_dim(count_parameters(convolutional), DEPTHS[branch], scale)
        size = (dim, DEPTHS[branch], HEADS)
    with own_start(f"{branch} transformer"):
        grid, channels = latent_size(scale), latent_channels(scale)
        return VisionEncoder(size, grid, scale.stride, channels, dropout, file)


def embed_dim(parameters: int, depth: int, scale: Scale) -> int:
    """Channels of the tokens, a multiple of 8, with which the encoder comes closest to a size."""
    height, width = latent_size(scale)
    channels = latent_channels(scale)

    def count(dim: int) -> int:
        # A block: 4 dim^2 of attention and 8 dim^2 of its MLP, whose hidden layer has 4 dim; 13 dim
        # are biases and norms.
        blocks = depth * (12 * dim**2 + 13 * dim)
        patches = (3 * scale.stride**2 + 2 + height * width) * dim
        return blocks + patches + 2 * dim + (9 * dim + 1) * channels

    return min(range(8, 2048, 8), key=lambda dim: abs(count(dim) - parameters))


def read_tensors(file: str) -> dict[str, Tensor]:
    """The tensors of a file of safetensors, or of one that torch wrote."""
    if file.endswith(".safetensors"):
        from safetensors.torch import load_file

        return load_file(file)
    found = torch.load(file, map_location="cpu", weights_only=True)
    return found.get("model", found)


def as_here(tensors: dict[str, Tensor], grid: tuple[int, int]) -> dict[str, Tensor]:
    """Published weights under the names of `VisionEncoder`, the positions for a grid of patches."""
    found = {}
    for name, values in tensors.items():
        if name.startswith(NOT_ENCODING):
            continue
        for pattern, here in NAMES.items():
            name, changed = re.subn(f"^{pattern}", here, name)
            if changed:
                break
        found[name] = values
    if (positions := found.get("positions")) is not None:  # [1, 1 + n * n, dim], the first first
        n = round((positions.shape[1] - 1) ** 0.5)
        found["first"] = found["first"] + positions[:, :1]
        found["positions"] = resized(positions[:, 1:].mT.unflatten(2, (n, n)), grid)
    return found


def resized(positions: Float[Tensor, "1 c h w"], size: tuple[int, int]) -> Tensor:
    """A position embedding for another grid of patches, itself where that is its own."""
    if positions.shape[-2:] == torch.Size(size):
        return positions
    return F.interpolate(positions, size=size, mode="bicubic", antialias=True)
