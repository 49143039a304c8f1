"""Latents of RGB and of RGB-D pictures: how far apart are they, and which map joins them?

The study behind section 4.3 of the thesis: the setting of its chapter 7 on strips of the synthetic
world, small enough for fully connected networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from rigid_depth.data import decode_depth, encode_depth
from rigid_depth.latents.maps import KINDS, fit_map
from rigid_depth.latents.metrics import alignment_metrics
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.parallel_networks import ParallelMLP, train
from rigid_depth.studies.shared.small_training import Batch, small_frames

NETWORKS = {"rgb": ("rgb", "rgb"), "rgb twin": ("rgb", "rgb"), "rgbd": ("rgbd", "rgbd"),
            "shared": ("rgb", "rgbd")}  # fmt: skip
"""Name of a network -> the inputs it is trained on, half of the pictures each."""

PAIRS = {
    "rgb to rgb twin": (("rgb", "rgb"), ("rgb twin", "rgb")),
    "rgb to rgbd": (("rgb", "rgb"), ("rgbd", "rgbd")),
    "shared rgb to rgbd": (("shared", "rgb"), ("shared", "rgbd")),
}
"""Source and target, each the name of a network and its input."""

HEIGHT, WIDTH = 32, 8
"""Of a strip, in px of a frame of 32x64."""


@threadpool_limits.wrap(limits=1)
def join_modalities(
    seed: int, world: str = "cpu", steps: int = 2000, hidden: int = 128, latent_dim: int = 16
) -> dict:
    """Pair -> map -> agreement of latents on held-out streets, and the depth decoded from them.

    Four networks predict the depth of upright strips of a frame: two from RGB that differ by their
    seed, one from RGB-D (the picture plus its dense encoded depth, on every channel), one from both
    in turn. Maps are fitted to the latents of all training strips. Per map: `alignment_metrics` of
    the mapped source and the target, and `rmse_m` of the depth that the target's decoder makes, on
    surfaces up to 80 m. `own` is each network's `rmse_m`. None where a measure is undefined.
    """
    frames = small_frames(world, (64, 128))
    seen, new = (
        {"depth_m": strips(part)[1], **inputs(part)} for part in (frames.train, frames.test)
    )
    seeds = [10 * seed + number for number in range(len(NETWORKS))]
    encoder = ParallelMLP((3 * HEIGHT * WIDTH, hidden, hidden, latent_dim), seeds)
    decoder = ParallelMLP((latent_dim, hidden, hidden, HEIGHT * WIDTH), [s + 500 for s in seeds])
    both = torch.stack([torch.cat([seen[kind] for kind in kinds]) for kinds in NETWORKS.values()])
    goal = encode_depth(seen["depth_m"]).repeat(2, 1).expand(len(NETWORKS), -1, -1)
    train(nn.Sequential(encoder, decoder), both, goal, seeds=seeds, steps=steps)
    with torch.no_grad():
        latents = {
            (name, kind): [_of(encoder, number, part[kind]) for part in (seen, new)]
            for number, (name, kinds) in enumerate(NETWORKS.items())
            for kind in dict.fromkeys(kinds)
        }

        def rmse_m(name: str, latent: Tensor) -> float:
            """Of the network's decoder, in metres, on surfaces of the held-out strips."""
            made = decode_depth(_of(decoder, list(NETWORKS).index(name), latent))
            surface = (new["depth_m"] > 0) & (new["depth_m"] <= 80)
            return float((made - new["depth_m"])[surface].square().mean().sqrt())

        own = {f"{n} on {kind}": rmse_m(n, pair[1]) for (n, kind), pair in latents.items()}
        pairs = {
            pair: _join(latents[source], latents[target], lambda z, n=target[0]: rmse_m(n, z))
            for pair, (source, target) in PAIRS.items()
        }
    return {"own": own, **pairs}


def strips(part: Batch) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, "n hw"]]:
    """RGB in [0, 1] and dense depth in metres (0 = none) of every strip, frame by frame."""
    rgb = F.avg_pool2d(part["rgb"].float() / 255, 2)
    depth_m = part["dense_depth_m"][..., ::2, ::2]
    cut = [x.unfold(3, WIDTH, WIDTH).movedim(3, 1).flatten(0, 1) for x in (rgb, depth_m)]
    return cut[0], cut[1].flatten(1)


def inputs(part: Batch) -> dict[str, Float[Tensor, "n d"]]:
    """The strips as the networks take them: "rgb" in [0, 1], "rgbd" in [0, 2]."""
    rgb, depth_m = strips(part)
    encoded = encode_depth(depth_m).unflatten(1, (1, HEIGHT, WIDTH))
    return {"rgb": rgb.flatten(1), "rgbd": (rgb + encoded).flatten(1)}


def _of(networks: ParallelMLP, number: int, rows: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
    """What one of the networks makes of rows."""
    return networks(rows.expand(len(NETWORKS), -1, -1))[number]


def _join(source: list[Tensor], target: list[Tensor], rmse_m: Callable[[Tensor], float]) -> dict:
    """Map -> measures for one pair; each side holds the latents of training and new strips."""
    rows = {}
    for name in ("none", *KINDS):
        mapped = source[1]
        if name != "none":
            mapped = fit_map(source[0], target[0], name, ridge=1e-6)(mapped)
        values = {**alignment_metrics(mapped, target[1]), "rmse_m": rmse_m(mapped)}
        rows[name] = {key: None if math.isnan(v) else v for key, v in values.items()}
    return rows


STUDY = Study(
    name="rgb-and-rgbd",
    function=join_modalities,
    label="Latents of RGB and of RGB-D, and the maps between them",
    section="4.3",
    notebook="notebooks/04b_relative_and_aligned.md",
    smoke={"world": "smoke", "steps": 2},
)
