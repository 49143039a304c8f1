"""A rotation from a point cloud: PointNet with Procrustes at its end (thesis, 7.8)."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.rotations import special_procrustes

WIDE = 128
"""From this many entries of the matrix on, the last layers are wider."""


class RotationHead(nn.Module):
    """Points -> rotation: shared layers d-64-128-128, maximum over the points, layers to d^2.

    The order of the points is forgotten. Noise of standard deviation `noise` is added to the points
    in training, or "always" (`noisy`). The nearest rotation of the d x d matrix (Procrustes) is the
    answer; an untrained head answers about the identity.
    """

    def __init__(self, point_dim: int, noise: float = 0.2, noisy: str = "training"):
        super().__init__()
        entries = point_dim**2
        hidden = (128, 256) if entries >= WIDE else (128, 64)
        self.point_dim, self.noise, self.noisy = point_dim, noise, noisy
        self.points = _layers((point_dim, 64, 128, 128))
        inner, last = _layers(hidden), nn.Linear(hidden[-1], entries)
        # Near the identity at first, far from matrices whose nearest rotation is not unique.
        nn.init.normal_(last.weight, std=0.01)
        with torch.no_grad():
            last.bias.copy_(torch.eye(point_dim).flatten())
        self.matrix = nn.Sequential(inner, last)

    def forward(self, points: Float[Tensor, "*batch n d"]) -> Float[Tensor, "*batch d d"]:
        if self.noise and (self.training or self.noisy == "always"):
            points = points + self.noise * torch.randn_like(points)
        # The maximum over the points is what forgets their order.
        features = self.points(points).amax(-2)
        matrix = self.matrix(features).unflatten(-1, (self.point_dim, self.point_dim))
        # d^2 free numbers are no rotation yet; the nearest one is, and gradients pass through it.
        return special_procrustes(matrix.float())


def _layers(widths: tuple[int, ...]) -> nn.Sequential:
    pairs = [[nn.Linear(i, o), nn.GELU()] for i, o in pairwise(widths)]
    return nn.Sequential(*(layer for pair in pairs for layer in pair))
