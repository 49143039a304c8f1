"""The encoders as Vision Transformers of as many parameters (claims of 6.2, 8.1 and 8.2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.methods.branches import latent_channels, latent_size, two_branch
from rigid_depth.experiments.methods.mse import Mse
from rigid_depth.experiments.methods.rgb import RgbOnly
from rigid_depth.experiments.methods.starting import own_start
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.models.autoencoder import count_parameters, initialise
from rigid_depth.models.two_branch import Batch, TwoBranch

DEPTHS = {"rgb": 6, "rgbd": 3}
"""Blocks of a transformer; the convolutional encoders have 7 and 4 dense blocks."""

HEADS = 4
NOT_ENCODING = ("head.", "head_dist.", "pre_logits.", "fc_norm.")
"""What a file of weights may hold beyond the encoder."""


class VisionEncoder(nn.Module):
    """Image -> latent: timm's Vision Transformer, a patch for each latent pixel, a 3x3 convolution.

    The latent has neither norm nor activation, as that of the convolutional encoder. Images have
    the size of the scale alone; raises RigidDepthError for others. `file` holds weights for `load`.
    """

    def __init__(self, vit: nn.Module, channels: int, file: str = ""):
        super().__init__()
        self.vit, self.file = vit, file
        self.latent = nn.Conv2d(vit.embed_dim, channels, 3, padding=1)
        initialise(self.latent)
        cfg = vit.pretrained_cfg if file else {"mean": (0, 0, 0), "std": (1, 1, 1)}
        for name in ("mean", "std"):  # of the images that the weights are made for
            values = torch.tensor(cfg[name], dtype=torch.float32)[:, None, None]
            self.register_buffer(name, values, persistent=False)

    def forward(self, image: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b latent h w"]:
        patches = self.vit.patch_embed
        given, wanted = ("x".join(map(str, s)) for s in (image.shape[-2:], patches.img_size))
        if given != wanted:
            raise RigidDepthError(
                f"the image size is {given}; this transformer takes {wanted}, as it was built for"
            )
        tokens = self.vit.forward_features((image - self.mean) / self.std)
        tokens = tokens[:, self.vit.num_prefix_tokens :]
        return self.latent(tokens.mT.unflatten(2, patches.grid_size))

    def load(self) -> None:
        """Takes the weights of the file; the position embedding is brought to the image size.

        Raises RigidDepthError for a file that is missing, unreadable or of another network.
        """
        if not self.file:
            return
        timm = import_timm()
        if not Path(self.file).is_file():
            raise RigidDepthError(f"there are no weights for the encoder at {self.file}.")
        fit = timm.models.vision_transformer.checkpoint_filter_fn
        options = {"strict": False, "filter_fn": fit, "weights_only": True}
        try:
            keys = timm.models.load_checkpoint(self.vit, self.file, **options)
        except Exception as error:  # whatever a foreign file does to its readers
            raise RigidDepthError(
                f"the weights in {self.file} do not fit the encoder ({type(error).__name__})."
            ) from None
        stray = [k for k in keys.unexpected_keys if not k.startswith(NOT_ENCODING)]
        if differ := sorted([*keys.missing_keys, *stray]):
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
    channels = latent_channels(scale)
    name, _, file = experiment.encoder_weights.partition(":")
    with own_start(f"{branch} transformer"):
        if name:
            return VisionEncoder(named(name, scale, dropout), channels, file)
        options = {"embed_dim": embed_dim(count_parameters(convolutional), DEPTHS[branch], scale)}
        options |= {"depth": DEPTHS[branch], "num_heads": HEADS, "patch_size": scale.stride}
        options |= {"class_token": False, "global_pool": "", "num_classes": 0}
        options |= {"img_size": scale.image_size, "proj_drop_rate": dropout}
        vit = import_timm().models.vision_transformer.VisionTransformer(**options)
        return VisionEncoder(vit, channels)


def embed_dim(parameters: int, depth: int, scale: Scale) -> int:
    """Channels of the tokens, a multiple of 8, with which the encoder comes closest to a size."""
    height, width = latent_size(scale)
    channels = latent_channels(scale)

    def count(dim: int) -> int:
        blocks = depth * (12 * dim**2 + 13 * dim)
        patches = (3 * scale.stride**2 + 1 + height * width) * dim
        return blocks + patches + 2 * dim + (9 * dim + 1) * channels

    return min(range(8, 2048, 8), key=lambda dim: abs(count(dim) - parameters))


def named(name: str, scale: Scale, dropout: float) -> nn.Module:
    """timm's Vision Transformer of that name for the images of the scale, untrained.

    Raises RigidDepthError unless timm has it and its patches are as large as the stride.
    """
    timm = import_timm()
    if not timm.is_model(name):
        raise RigidDepthError(f"encoder_weights: timm has no model '{name}'.")
    options = {"pretrained": False, "num_classes": 0, "img_size": scale.image_size}
    try:
        vit = timm.create_model(name, proj_drop_rate=dropout, **options)
    except TypeError:  # a network without patches
        vit = None
    plain = isinstance(vit, timm.models.vision_transformer.VisionTransformer)
    if not plain or vit.patch_embed.patch_size != (scale.stride, scale.stride):
        raise RigidDepthError(
            f"encoder_weights: '{name}' is no Vision Transformer with patches of {scale.stride} px,"
            " the stride of the scale."
        )
    return vit


def import_timm() -> ModuleType:
    """The package timm, or one sentence that says how to get it."""
    try:
        import timm
    except ImportError:
        raise RigidDepthError(
            "a transformer needs the package timm: pip install timm, with the torchvision that "
            "was built for your torch"
        ) from None
    return timm
