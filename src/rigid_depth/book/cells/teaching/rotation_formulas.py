"""The formulas of thesis chapter 3 as one would write them on a board, with its errors corrected.

Each has a stable twin of the package that a test holds equal to it. What these lack is said in
one line each: half the digits, or a derivative, at some point.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import skew


def euler_matrix_expanded(angles_rad: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Rx Ry Rz multiplied out (the expansion below thesis eq. 3.3, corrected; radians).

    Twin: `euler_to_matrix(angles_rad, "XYZ")`.
    """
    (cx, cy, cz), (sx, sy, sz) = angles_rad.cos().unbind(-1), angles_rad.sin().unbind(-1)
    entries = (
        cy * cz, -cy * sz, sy,
        cx * sz + sx * sy * cz, cx * cz - sx * sy * sz, -sx * cy,
        sx * sz - cx * sy * cz, sx * cz + cx * sy * sz, cx * cy,
    )  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


def rodrigues(rotvec_rad: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """I + sin(t) K + (1 - cos(t)) K^2 with the unit axis in K (thesis eq. 3.15; radians).

    Not defined at the zero vector. Twin: `rotvec_to_matrix`.
    """
    angle = rotvec_rad.norm(dim=-1)[..., None, None]
    k = skew(rotvec_rad) / angle
    return torch.eye(3, dtype=k.dtype) + torch.sin(angle) * k + (1 - torch.cos(angle)) * (k @ k)


def procrustes_by_svd(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """U diag(1, ..., 1, det(U V^T)) V^T (section 3.6.7).

    Its derivative by autograd divides by s_i - s_j. Twin: `special_procrustes`.
    """
    u, _, vh = torch.linalg.svd(matrix)
    sign = torch.ones_like(matrix[..., 0, :])
    sign[..., -1] = torch.linalg.det(u @ vh).sign()
    return u @ (sign[..., None] * vh)


def alignment_by_algorithm_1(
    source: Float[Tensor, "n d"], target: Float[Tensor, "n d"]
) -> tuple[Float[Tensor, "d d"], Float[Tensor, ""], Float[Tensor, " d"]]:
    """Thesis Algorithm 1 for one cloud: R, s, T of s R x + T (flip, scale and row form corrected).

    Twin: `procrustes_alignment`.
    """
    mean_x, mean_y = source.mean(0), target.mean(0)
    x, y = source - mean_x, target - mean_y
    u, sigma, vh = torch.linalg.svd(x.T @ y)
    flip = torch.ones_like(sigma)
    flip[-1] = torch.linalg.det(vh.T @ u.T).sign()
    rotation = vh.T @ torch.diag(flip) @ u.T
    scale = (sigma * flip).sum() / (x * x).sum()
    return rotation, scale, mean_y - scale * rotation @ mean_x


def geodesic_by_arccos(
    first: Float[Tensor, "*batch 3 3"], second: Float[Tensor, "*batch 3 3"]
) -> Float[Tensor, "*batch"]:
    """arccos((tr(R1^T R2) - 1) / 2) in radians (thesis eq. 3.10 with the arccos it lacks).

    Half the digits near 0 and pi, derivative NaN there. Twin: `geodesic_distance`.
    """
    trace = (first * second).sum((-2, -1))
    return torch.acos(((trace - 1) / 2).clamp(-1, 1))


def geodesic_by_arcsin(
    first: Float[Tensor, "*batch 3 3"], second: Float[Tensor, "*batch 3 3"], limit: float = 1.0
) -> Float[Tensor, "*batch"]:
    """2 arcsin(||R1 - R2||_F / (2 sqrt 2)) in radians (thesis eq. 3.12), argument held at `limit`.

    Half the digits near pi; the derivative at pi is finite only for a limit below 1. Twin:
    `geodesic_distance`.
    """
    chord = torch.linalg.matrix_norm(first - second)
    return 2 * torch.asin((chord / 8**0.5).clamp_max(limit))


def horn_matrix(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4 4"]:
    """The symmetric N with q^T N q = tr(R(q)^T M) for unit quaternions q = (x, y, z, w).

    Its leading eigenvector is the quaternion of `special_procrustes(matrix)`.
    """
    trace = matrix.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]
    eye = torch.eye(3, dtype=matrix.dtype)
    across = (matrix - matrix.mT)[..., [2, 0, 1], [1, 2, 0]]
    top = torch.cat((matrix + matrix.mT - trace * eye, across[..., None]), -1)
    return torch.cat((top, torch.cat((across[..., None, :], trace), -1)), -2)
