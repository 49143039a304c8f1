"""The networks of experiments at a small size, and a batch made by hand for them."""

from dataclasses import replace

import torch

from rigid_depth.experiments import EXPERIMENTS, SCALES
from rigid_depth.experiments.methods import build_model

SCALE = replace(SCALES["smoke"], image_size=(64, 128))


def network(name, scale=SCALE, seed=0, **changes) -> torch.nn.Module:
    """The network of an experiment, with changes of its settings, as a seed starts it."""
    torch.manual_seed(seed)
    return build_model(replace(EXPERIMENTS[name], **changes), scale)


def batch(count=2, size=SCALE.image_size, sky_share=0.1) -> dict[str, torch.Tensor]:
    """Depth everywhere, returns at a fifth of the pixels, all of them given to the guide."""
    generator = torch.Generator().manual_seed(1)
    dense_m = 5 + 40 * torch.rand(count, *size, generator=generator)
    depth_m = (dense_m * (torch.rand(count, *size, generator=generator) < 0.2))[:, None]
    return {
        "rgb": torch.rand(count, 3, *size, generator=generator),
        "depth_m": depth_m,
        "dense_depth_m": dense_m,
        "sky": torch.rand(count, *size, generator=generator) < sky_share,
        "guide": torch.where(depth_m > 0, 1 - depth_m / 100, 0),
        "given": depth_m > 0,
    }
