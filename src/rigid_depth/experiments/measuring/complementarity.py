"""What a guide's latent tells about depth that the RGB latent does not: can it teach at all?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.latents.metrics import linear_cka

RIDGE = 1e-3
"""Of the mean variance of a latent's channels."""


def cell_depths(
    depth: Float[Tensor, "b 1 H W"], has_return: Bool[Tensor, "b 1 H W"], size: tuple[int, int]
) -> Float[Tensor, " rows"]:
    """Mean encoded depth of the returns behind each latent pixel; NaN where there is none.

    Rows in the order of a latent `[B, C, h, w]` flattened to pixels, `size` its (h, w).
    """
    total = F.adaptive_avg_pool2d((depth * has_return).double(), size)
    share = F.adaptive_avg_pool2d(has_return.double(), size)
    return (total / share).flatten()


def complementarity(
    rgb: Float[Tensor, "n c"], guide: Float[Tensor, "n c"], depth: Float[Tensor, " n"]
) -> dict[str, float]:
    """Dependence between latents and depth, over the latent pixels that have a return.

    `cka_rgb_guide`, `cka_rgb_depth`, `cka_guide_depth`: normalised HSIC with linear kernels, the
    stand-in for mutual information: distillation is expected to help where the first is larger than
    the second (arXiv 2510.13182). `r2_rgb`, `r2_guide`, `r2_both`: the share of the variance of
    depth that a linear map (ridge) of each latent, and of both, explains on rows it was not fitted
    on. The maps are fitted on the first half of the rows and judged on the second: the rows are
    sorted by frame, so that the halves are of different streets.
    """
    known = depth.isfinite()
    x, y, d = rgb[known].double(), guide[known].double(), depth[known].double()[:, None]
    return {
        "cka_rgb_guide": linear_cka(x, y),
        "cka_rgb_depth": linear_cka(x, d),
        "cka_guide_depth": linear_cka(y, d),
        "r2_rgb": held_out_r2(x, d),
        "r2_guide": held_out_r2(y, d),
        "r2_both": held_out_r2(torch.cat([x, y], 1), d),
    }


def held_out_r2(features: Float[Tensor, "n c"], target: Float[Tensor, "n 1"]) -> float:
    """1 - residual / variance of the second half, of a ridge fitted on the first."""
    half = len(features) // 2
    mean, centre = features[:half].mean(0), target[:half].mean(0)
    x = features[:half] - mean
    gram = x.mT @ x
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weights = torch.linalg.lstsq(gram + ridge, x.mT @ (target[:half] - centre)).solution
    found = (features[half:] - mean) @ weights + centre
    spread = (target[half:] - target[half:].mean(0)).square().sum()
    return float(1 - (target[half:] - found).square().sum() / spread)
