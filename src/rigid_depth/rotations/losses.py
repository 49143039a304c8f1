"""Losses on rotations and on what represents them (thesis section 3.6), one value per sample."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import full_precision


@full_precision
def rotation_mse(
    first: Float[Tensor, "*#batch n n"], second: Float[Tensor, "*#batch n n"]
) -> Float[Tensor, "*#batch"]:
    """Mean square of the entries of R1 - R2 (section 3.6.2); (8/9) sin^2(angle / 2) on SO(3)."""
    return (first - second).square().mean((-2, -1))


@full_precision
def cosine_loss(
    first: Float[Tensor, "*#batch n n"], second: Float[Tensor, "*#batch n n"]
) -> Float[Tensor, "*#batch"]:
    """1 - <A, B> / (|A| |B|) (thesis eq. 3.8 as a loss); at most 4/3 on SO(3): chordal^2 / 6."""
    # On SO(n) both norms are sqrt(n) and the loss is 1 - <A, B> / n.
    return 1 - torch.cosine_similarity(first.flatten(-2), second.flatten(-2), dim=-1)


@full_precision
def orthogonality_loss(
    first: Float[Tensor, "*#batch n n"], second: Float[Tensor, "*#batch n n"]
) -> Float[Tensor, "*#batch"]:
    """||A B^T - I||_F^2 / n^2 (thesis eq. 3.9 with the norm it lacks).

    Zero for B = A^-T, so on unconstrained matrices it does not ask either for orthonormality.
    """
    # A B^T is the rotation from B to A, and I where they agree.
    eye = torch.eye(first.shape[-1], dtype=first.dtype, device=first.device)
    return (first @ second.mT - eye).square().mean((-2, -1))


@full_precision
def orthonormality_penalty(vectors: Float[Tensor, "*batch m n"]) -> Float[Tensor, "*batch"]:
    """||X X^T - I||_F^2 / m^2 for m vectors as rows (section 3.6.6, corrected).

    It encourages orthonormal vectors; it does not make them independent.
    """
    eye = torch.eye(vectors.shape[-2], dtype=vectors.dtype, device=vectors.device)
    return (vectors @ vectors.mT - eye).square().mean((-2, -1))


@full_precision
def quaternion_mse(
    first: Float[Tensor, "*#batch 4"], second: Float[Tensor, "*#batch 4"]
) -> Float[Tensor, "*#batch"]:
    """Mean square of q1 -+ q2, the smaller one (thesis eq. 3.17; q and -q are one rotation)."""
    # q and -q are one rotation, so the nearer of the two counts.
    minus, plus = (first - second).square().mean(-1), (first + second).square().mean(-1)
    return torch.minimum(minus, plus)


@full_precision
def euler_mse(
    first_rad: Float[Tensor, "*#batch 3"], second_rad: Float[Tensor, "*#batch 3"]
) -> Float[Tensor, "*#batch"]:
    """Mean square of angle differences wrapped to (-pi, pi], rad^2 (thesis eq. 3.13, corrected)."""
    # Whole turns are taken off. Their number is constant but for jumps, so the slope stays that of
    # the difference.
    difference = first_rad - second_rad
    wrapped = difference - 2 * math.pi * torch.round(difference.detach() / (2 * math.pi))
    return wrapped.square().mean(-1)
