"""The two-branch model: what lies between the latents is all that differs (thesis Figure 6.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.models.autoencoder import Autoencoder, Decoder, Encoder

Batch = dict[str, Tensor]


class Outputs(NamedTuple):
    """What a training step sees: encoded depth by branch, and the losses a network knows itself.

    `alignment`: between the latents; `guide`: of a guide that predicts something else than depth;
    `target`: encoded depth that RGB is trained on in place of the returns.
    """

    depth: dict[str, Tensor]
    alignment: Tensor | None = None
    guide: Tensor | None = None
    target: Tensor | None = None


class Aligned(NamedTuple):
    """The latents as the two decoders get them, the loss between them, rotations if there are."""

    rgb: Tensor
    depth: Tensor
    loss: Tensor | None = None
    rotations: tuple[Tensor, Tensor] | None = None


class Alignment(nn.Module):
    """What is done with the two latents before they are decoded; this one leaves them alone.

    `forward` sees both; `infer` has the RGB latent only and gives what the RGB decoder gets.
    """

    def forward(self, rgb: Float[Tensor, "b c h w"], rgbd: Float[Tensor, "b c h w"]) -> Aligned:
        return Aligned(rgb, rgbd)

    def infer(self, rgb: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The latent for the RGB decoder, from the RGB latent alone."""
        return rgb

    def frames(self) -> Batch:
        """Frames that both encoders see behind those of the batch: `rgb`, `guide`; here none."""
        return {}

    def build_on(self, trained: TwoBranch | None, frames: Callable[[], Batch]) -> None:
        """Takes what it needs from a trained model and from training frames; here nothing."""


class TwoBranch(nn.Module):
    """An RGB autoencoder guided by an RGB-D one in training, alone at inference: thesis Figure 6.1.

    Args:
        rgb: the RGB branch.
        rgbd: encoder of RGB plus depth; None = the RGB branch's encoder for both.
        decoder: decoder of the RGB-D branch; None = the RGB branch's decoder for both.
        alignment: what is done between the latents.
        control: a decoder trained on detached RGB-D latents and nothing else. It is needed where
            `decoder` is given other latents in training: only then is decoding an RGB latent with
            it a crossing from one encoder to the other.
        inherits: the encoders start as those of the trained model this one is built on.
        frozen: the encoders are not trained.
    """

    guide_sees_depth = True
    """Whether the RGB-D branch predicts depth, so that `zero_shot` and copying mean something."""

    def __init__(
        self,
        rgb: Autoencoder,
        rgbd: Encoder | None,
        decoder: Decoder | None,
        alignment: Alignment,
        control: Decoder | None = None,
        inherits: bool = False,
        frozen: bool = False,
    ):
        super().__init__()
        self.rgb, self.rgbd, self.decoder = rgb, rgbd, decoder
        self.alignment, self.control = alignment, control
        self.inherits, self.frozen = inherits, frozen
        if frozen:
            for encoder in self._encoders():
                encoder.requires_grad_(False)

    def latents(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The latents of `rgb` `[B, 3, H, W]` and of `rgb + guide`, `guide` `[B, 1, H, W]`."""
        rgbd = self.rgbd or self.rgb.encoder
        # The guide has one channel and is added to each colour: the RGB-D input lies in [0, 2].
        return self.rgb.encode(batch["rgb"]), rgbd(batch["rgb"] + batch["guide"])

    def latents_with_frames(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The same, with those of the alignment's own frames behind them."""
        return self.latents(self._with_frames(batch))

    def forward(self, batch: Batch) -> Outputs:
        """Encoded depth in (0, 1) of the branches `rgb`, `depth` and, if it exists, `control`."""
        rgb, rgbd = self.latents_with_frames(batch)
        aligned = self.alignment(rgb, rgbd)
        depth = {"rgb": self.rgb.decode(aligned.rgb), "depth": self._decode(aligned.depth)}
        if self.control:
            # Detached: it learns to decode these latents, and no encoder learns from it.
            depth["control"] = self.control(rgbd[: len(batch["rgb"])].detach())
        return Outputs(depth, aligned.loss)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encoded depth of every way through the model.

        `rgb` and `depth` as in training; `zero_shot`: the RGB decoder's latent through the RGB-D
        decoder; `zero_shot_control`: through a decoder that only saw RGB-D latents.
        """
        aligned = self.alignment(*self.latents_with_frames(batch))
        zero_shot = self._decode(aligned.rgb)
        return {
            "rgb": self.rgb.decode(aligned.rgb),
            "depth": self._decode(aligned.depth),
            "zero_shot": zero_shot,
            "zero_shot_control": self.control(aligned.rgb) if self.control else zero_shot,
        }

    def infer(self, rgb: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        """Encoded depth from images alone: the RGB branch."""
        rgb = self._with_frames({"rgb": rgb})["rgb"]
        return self.rgb.decode(self.alignment.infer(self.rgb.encode(rgb)))

    def build_on(self, trained: TwoBranch | None, frames: Callable[[], Batch]) -> None:
        """Takes the encoders of a trained model if it inherits them, and what the alignment needs.

        `frames` reads training frames, as a batch has them. Raises RigidDepthError if it inherits
        encoders and there is no trained model.
        """
        if self.inherits:
            if trained is None:
                raise RigidDepthError("the model inherits encoders; it needs a trained model")
            # A trained model that has one encoder for both gives it to both.
            self.rgb.encoder.load_state_dict(trained.rgb.encoder.state_dict())
            if self.rgbd:
                self.rgbd.load_state_dict((trained.rgbd or trained.rgb.encoder).state_dict())
        self.alignment.build_on(trained, frames)

    def train(self, mode: bool = True) -> TwoBranch:
        """Frozen encoders stay as they are at inference, without dropout."""
        super().train(mode)
        if self.frozen:
            for encoder in self._encoders():
                encoder.eval()
        return self

    def _with_frames(self, batch: Batch) -> Batch:
        extra = self.alignment.frames()
        return {k: torch.cat([batch[k], extra[k]]) for k in extra if k in batch} or batch

    def _decode(self, latent: Tensor) -> Tensor:
        return (self.decoder or self.rgb.decoder)(latent)

    def _encoders(self) -> list[nn.Module]:
        return [encoder for encoder in (self.rgb.encoder, self.rgbd) if encoder]
