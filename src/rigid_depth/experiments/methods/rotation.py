"""Rotations: the RGB latent turned as the RGB-D latent asks, and as it guesses itself (7.8)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rigid_depth.experiments.methods.branches import two_branch
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.latents import from_point_clouds, to_point_clouds
from rigid_depth.models.pointnet import RotationHead
from rigid_depth.models.two_branch import Aligned, Alignment, TwoBranch
from rigid_depth.rotations import geodesic_distance, special_procrustes
from rigid_depth.rotations.losses import rotation_mse


class Rotation(Alignment):
    """The points of the RGB latent, rotated once by R_rgbd and once by R_rgb.

    These are thesis eqs. 7.2 to 7.5. R_rgbd is the rotation that brings the RGB points nearest to
    the RGB-D points (Procrustes, neither centred nor scaled), or a second PointNet's of the RGB-D
    points. R_rgb is a PointNet's of the RGB points alone; "oracle" takes R_rgbd instead, "identity"
    turns neither. The loss pulls R_rgb to R_rgbd, which is detached there unless `detach_guide` is
    false; the RGB-D encoder learns through the depth it guides. With `both_rotated` the RGB-D
    branch decodes its own points, turned by the inverse of R_rgbd towards the RGB points (the
    "initial trials" of 8.1).
    """

    def __init__(self, experiment: Experiment):
        super().__init__()
        self.context, self.point_dim = experiment.context, experiment.point_dim
        self.kind, self.loss = experiment.rotation, experiment.rotation_loss
        self.detach_rgb, self.detach_guide = experiment.detach_rgb, experiment.detach_guide
        self.both_rotated = experiment.both_rotated

        def head() -> RotationHead:
            return RotationHead(self.point_dim, noisy=experiment.point_noise)

        self.head = head() if self.kind == "pointnet" else None
        learned = self.kind != "identity" and experiment.rotation_target == "pointnet"
        self.target: nn.Module | None = head() if learned else None

    def forward(self, rgb: Tensor, rgbd: Tensor) -> Aligned:
        """The RGB latent turned by R_rgb and by R_rgbd, the loss between the two."""
        size = rgb.shape[-2:]
        source, target = self._points(rgb), self._points(rgbd)
        guide = self._guide(source, target)
        # With `detach_rgb` what R_rgb and the RGB decoder ask for stops at the latent: the RGB
        # encoder learns through the points that R_rgbd turns.
        own_source = source.detach() if self.detach_rgb else source
        own = guide if self.head is None else self.head(own_source)
        turned = turn(own_source, own), turn(source, guide)
        # The inverse of a rotation is its transpose.
        decoded = (turned[0], turn(target, guide.mT)) if self.both_rotated else turned
        latents = [from_point_clouds(points, self.context, size) for points in decoded]
        loss = None if self.head is None else self._loss(own, guide, *turned)
        return Aligned(*latents, loss, (own, guide))

    def infer(self, rgb: Tensor) -> Tensor:
        """The RGB latent turned by its own guess; the oracle has none and leaves it."""
        if self.head is None:
            return rgb
        source = self._points(rgb)
        return from_point_clouds(turn(source, self.head(source)), self.context, rgb.shape[-2:])

    def _points(self, latent: Tensor) -> Tensor:
        return to_point_clouds(latent.float(), self.context, self.point_dim)

    def _guide(self, source: Tensor, target: Tensor) -> Tensor:
        if self.kind == "identity":
            eye = torch.eye(self.point_dim, device=source.device)
            return eye.expand(*source.shape[:-2], -1, -1)
        if self.target is not None:
            return self.target(target)
        # The R with the least sum of |R x - y|^2 over all points is the rotation nearest to the sum
        # of y x^T. Such a sum is taken in full precision.
        with torch.autocast(source.device.type, enabled=False):
            return special_procrustes(target.mT @ source)

    def _loss(self, own: Tensor, guide: Tensor, own_points: Tensor, points: Tensor) -> Tensor:
        # R_rgb follows R_rgbd, not the other way round.
        if self.detach_guide:
            guide, points = guide.detach(), points.detach()
        # Compares what the two rotations make of these points, not the rotations themselves.
        if self.loss == "latent":
            return F.mse_loss(own_points, points)
        distance = rotation_mse if self.loss == "matrix" else geodesic_distance
        return distance(own, guide).mean()


def turn(points: Tensor, rotation: Tensor) -> Tensor:
    """Rows `[..., N, d]` rotated by `[..., d, d]`."""
    # A point is a row here: (R x)^T = x^T R^T.
    with torch.autocast(points.device.type, enabled=False):
        return points @ rotation.mT


def build(experiment: Experiment, scale: Scale) -> TwoBranch:
    """The two-branch model with rotations of its RGB latent."""
    return two_branch(
        experiment, scale, lambda: Rotation(experiment), control=not experiment.both_rotated
    )
