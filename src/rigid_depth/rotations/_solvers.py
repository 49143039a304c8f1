"""The ways to the nearest rotation: by closed form, by eigenvectors, by singular values."""

import math
import warnings

import torch
from torch import Tensor

from rigid_depth.rotations._procrustes3 import UPPER, nearest_rotation_3x3, smallest_gap

# On a CPU the singular value decomposition of few matrices takes less time than the many steps of
# the closed form (3x3), or of the eigenvectors' way (larger ones).
FEW, FEW_LARGE = 128, 16
# Below this (s_{n-1} + s_n) / s_1, or s_n / s_1, the eigenvectors of M^T M, whose eigenvalues are
# squares, no longer give float32 its digits: then the singular value decomposition does.
TRUSTED_SPREAD = 3e-4


def nearest_rotation(matrix: Tensor, keep: bool = True) -> tuple[Tensor, Tensor]:
    """The rotations and, if to `keep`, what the first derivative needs of [*batch, n, n].

    That is planes [6, *batch] of (tr(S) I - S)^-1 after the closed form, else [*batch, n + 1, n]:
    V above the signed s of S = R^T M = V diag(s) V^T.
    """
    n = matrix.shape[-1]
    rows = matrix.reshape(-1, n, n)
    if n == 3 and (len(rows) > FEW or matrix.device.type != "cpu"):
        rotation, kept, ambiguous = _by_closed_form(rows)
        kept = kept.reshape(6, *matrix.shape[:-2])
    else:
        many = len(rows) > FEW_LARGE and matrix.dtype == torch.float32
        solve = _by_eigenvectors if many and n > 3 and matrix.device.type == "cpu" else _by_svd
        rotation, v, s, ambiguous = solve(rows)
        kept = s
        if keep:
            kept = torch.cat((v, s[..., None, :]), dim=-2).reshape(*matrix.shape[:-2], n + 1, n)
    if ambiguous.any():
        warnings.warn(
            f"the nearest rotation is not unique for {int(ambiguous.sum())} of {len(rows)} "
            "matrices: their two smallest signed singular values add up to zero",
            RuntimeWarning,
            stacklevel=3,
        )
    return rotation.reshape(matrix.shape), kept


def _by_closed_form(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations, planes [6, b] and which answers are ambiguous, of 3x3 matrices."""
    rotation, inverse, doubtful = nearest_rotation_3x3(rows)
    ambiguous = doubtful.new_zeros(())
    doubtful = doubtful.nonzero()[:, 0]
    if len(doubtful):
        rotation[doubtful], v, s, ambiguous = _by_svd(rows[doubtful])
        inverse[:, doubtful] = inverse_planes(v, s, rows.dtype)
    return rotation, inverse, ambiguous


def _by_eigenvectors(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """As `_by_svd` in two thirds of its time: by the eigenvectors of M^T M. For float32."""
    m = rows.double()
    if not math.isfinite(m.sum().item()):
        return _by_svd(rows)
    _, v = torch.linalg.eigh(m.mT @ m)  # the smallest first
    turned = m @ v
    # |M v| has twice the digits of the root of the eigenvalue.
    s = torch.linalg.vector_norm(turned, dim=-2)
    turned = turned / s[..., None, :]  # the left singular vectors U
    rotation = turned @ v.mT
    sign = torch.linalg.det(rotation).sign()
    # Of an improper M the direction of the smallest singular value flips: U diag(sign, 1, ...) V^T.
    flipped = turned[..., :1] * (sign - 1)[..., None, None]
    rotation = torch.addcmul(rotation, flipped, v[..., :1].mT).to(rows.dtype)
    smallest, signed = s[..., 0], s[..., 0] * sign
    s = torch.cat((signed[..., None], s[..., 1:]), dim=-1)
    # Written so that the NaN of a zero matrix counts as doubtful.
    trusted = torch.minimum(smallest, s[..., 1] + signed) > TRUSTED_SPREAD * s[..., -1]
    doubtful = trusted.logical_not().nonzero()[:, 0]
    ambiguous = trusted.new_zeros(())
    if len(doubtful):
        rotation[doubtful], v[doubtful], s[doubtful], ambiguous = _by_svd(rows[doubtful])
    return rotation, v, s, ambiguous


def _by_svd(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rotations R, V and signed s of R^T M = V diag(s) V^T, and whether the answer is ambiguous."""
    wide = rows.double()
    is_finite = None
    if not math.isfinite(wide.sum().item()):  # LAPACK would stop at a NaN in any row of the batch
        is_finite = wide.isfinite().all(-1).all(-1)
        wide = torch.where(is_finite[..., None, None], wide, 0.0)
    u, s, vh = torch.linalg.svd(wide)
    rotation = u @ vh
    det = torch.linalg.det(rotation)
    if (det < 0).any():  # the direction of the smallest singular value flips
        sign = det.sign()
        s[..., -1] *= sign
        u[..., -1] *= sign[..., None]
        rotation = u @ vh
    ambiguous = s[..., -2:].sum(-1) <= 4 * torch.finfo(rows.dtype).eps * s[..., 0]
    if is_finite is not None:
        rotation = torch.where(is_finite[..., None, None], rotation, torch.nan)
        ambiguous = ambiguous & is_finite
    return rotation.to(rows.dtype), vh.mT, s, ambiguous


def inverse_gaps(s: Tensor, dtype: torch.dtype) -> Tensor:
    """1 / (s_i + s_j) off the diagonal, 0 on it and where the sum is rounding noise."""
    # Sums, not differences as in the derivative of U and V themselves: equal values do no harm.
    gaps = s[..., :, None] + s[..., None, :]
    noise = 4 * torch.finfo(dtype).eps * s.abs().amax(-1)[..., None, None]
    usable = gaps > noise.clamp_min(smallest_gap(dtype))
    usable = usable & ~torch.eye(s.shape[-1], dtype=torch.bool, device=s.device)
    return torch.where(usable, 1 / torch.where(usable, gaps, 1.0), 0.0)


def inverse_planes(v: Tensor, s: Tensor, dtype: torch.dtype) -> Tensor:
    """(tr(S) I - S)^-1 = V diag(1 / (s_j + s_k)) V^T of 3x3 matrices, as planes [6, b]."""
    gaps = inverse_gaps(s, dtype)
    # A turn about axis i mixes the two other directions, so it is slowed by their sum.
    opposite = torch.stack((gaps[..., 1, 2], gaps[..., 0, 2], gaps[..., 0, 1]), dim=-1)
    inverse = (v * opposite[..., None, :]) @ v.mT
    rows, columns = zip(*UPPER, strict=True)
    return inverse[:, rows, columns].t().to(dtype)
