"""Latents of RGB and of RGB-D images on small networks: how far apart, and which map joins them?

The study behind section 4.3 of the thesis, in the setting of its chapter 7.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.data import decode_depth, encode_depth
from rigid_depth.experiments.feed import draw_indices
from rigid_depth.experiments.small import Batch, small_frames
from rigid_depth.latents.maps import KINDS, fit_map
from rigid_depth.latents.metrics import alignment_metrics
from rigid_depth.losses import masked_mse
from rigid_depth.models import Autoencoder, scaled

INPUTS = {"rgb": ("rgb",), "rgb twin": ("rgb",), "rgbd": ("rgbd",), "shared": ("rgb", "rgbd")}
"""Name of a network -> what it is trained on; the shared one on both in turn."""

PAIRS = {
    "rgb to rgb twin": (("rgb", "rgb"), ("rgb twin", "rgb")),
    "rgb to rgbd": (("rgb", "rgb"), ("rgbd", "rgbd")),
    "shared rgb to rgbd": (("shared", "rgb"), ("shared", "rgbd")),
}
"""Source and target, each the name of a network and its input."""


def join_modalities(
    seed: int,
    world: str = "cpu",
    size: tuple[int, int] = (64, 128),
    width: float = 0.25,
    steps: int = 400,
) -> dict:
    """Pair -> map -> agreement of latent pixels on held-out streets, and the depth decoded.

    Four networks predict depth: two from RGB that differ by their seed, one from RGB-D (the image
    plus the LiDAR's depth, sparse), one from both in turn. Maps are fitted to the latent pixels of
    all training frames, with a ridge of 1e-4. Per map: `alignment_metrics` of the mapped source and the target,
    `rmse_m` of the target's decoder at returns, up to 80 m. `own` is each network's `rmse_m`.
    None where a measure is undefined.
    """
    frames = small_frames(world, tuple(size))
    networks = {
        name: _trained(frames.train, inputs, 10 * seed + number, steps, width)
        for number, (name, inputs) in enumerate(INPUTS.items())
    }
    own = {}
    for name, inputs in INPUTS.items():
        for kind in inputs:
            latent = _encode(networks[name], frames.test, kind)
            own[f"{name} on {kind}"] = _rmse_m(networks[name], latent, frames.test)
    return {"own": own, **{pair: _join(networks, *PAIRS[pair], frames) for pair in PAIRS}}


def image_of(batch: Batch, kind: str) -> Float[Tensor, "b 3 h w"]:
    """The input of a kind: "rgb" in [0, 1], or "rgbd", the encoded depth added to each channel."""
    rgb = batch["rgb"].float() / 255
    return rgb if kind == "rgb" else rgb + encode_depth(batch["depth_m"])


def _trained(
    train: Batch, inputs: tuple[str, ...], seed: int, steps: int, width: float
) -> Autoencoder:
    """Depth at returns by masked MSE; AdamW, batches of 8, one cycle to 3e-3."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = scaled(width)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 3e-3, total_steps=steps + 1, pct_start=0.15, cycle_momentum=False
    )
    for step in range(steps):
        chosen = draw_indices(seed, step, 8, len(train["rgb"]))
        batch = {key: train[key][chosen] for key in ("rgb", "depth_m")}
        y, _ = model(image_of(batch, inputs[step % len(inputs)]))
        seen = batch["depth_m"] > 0
        optimiser.zero_grad()
        masked_mse(y, encode_depth(batch["depth_m"]), seen).backward()
        optimiser.step()
        schedule.step()
    return model.eval()


def _join(networks: dict[str, Autoencoder], source: tuple, target: tuple, frames: object) -> dict:
    """Map -> measures for one pair of networks and inputs."""
    seen, new = (
        [_encode(networks[name], part, kind) for name, kind in (source, target)]
        for part in (frames.train, frames.test)
    )
    rows = {}
    for name in ("none", *KINDS):
        mapped = new[0]
        if name != "none":
            fit = fit_map(_pixels(seen[0]), _pixels(seen[1]), name, ridge=1e-4)
            mapped = fit(_pixels(new[0])).reshape(*new[0].permute(0, 2, 3, 1).shape)
            mapped = mapped.permute(0, 3, 1, 2)
        measures = alignment_metrics(_pixels(mapped), _pixels(new[1]))
        rmse_m = _rmse_m(networks[target[0]], mapped, frames.test)
        values = {**measures, "rmse_m": rmse_m}
        rows[name] = {key: None if math.isnan(v) else v for key, v in values.items()}
    return rows


@torch.no_grad()
def _encode(model: Autoencoder, part: Batch, kind: str) -> Float[Tensor, "n c h w"]:
    pieces = range(0, len(part["rgb"]), 32)
    keys = ("rgb", "depth_m")
    batches = ({key: part[key][i : i + 32] for key in keys} for i in pieces)
    return torch.cat([model.encode(image_of(batch, kind)) for batch in batches])


@torch.no_grad()
def _rmse_m(model: Autoencoder, latent: Float[Tensor, "n c h w"], part: Batch) -> float:
    """Root of the mean squared error in metres, pooled over returns up to 80 m."""
    depth_m = decode_depth(torch.cat([model.decode(piece) for piece in latent.split(32)]))
    seen = (part["depth_m"] > 0) & (part["depth_m"] <= 80)
    return float((depth_m - part["depth_m"])[seen].square().mean().sqrt())


def _pixels(latent: Float[Tensor, "n c h w"]) -> Float[Tensor, "m c"]:
    return latent.permute(0, 2, 3, 1).flatten(0, 2)
