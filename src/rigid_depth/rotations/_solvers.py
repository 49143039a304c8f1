"""The ways to the nearest rotation: by closed form, by eigenvectors, by singular values."""

import math
import warnings
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from rigid_depth.rotations._procrustes3 import UPPER, nearest_rotation_3x3, smallest_gap

# On a CPU the singular value decomposition of few matrices takes less time than the many steps of
# the closed form (3x3), or of the eigenvectors' way (larger ones).
FEW, FEW_LARGE = 128, 16
# Below this (s_{n-1} + s_n) / s_1, or s_n / s_1, the eigenvectors of M^T M, whose eigenvalues are
# squares, no longer give float32 its digits: then the singular value decomposition does.
TRUSTED_SPREAD = 3e-4
Solved = tuple[Tensor, Tensor, Tensor, int]


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
        rotation, v, s, ambiguous = _by_factors(rows)
        kept = s
        if keep:
            kept = torch.cat((v, s[..., None, :]), dim=-2).reshape(*matrix.shape[:-2], n + 1, n)
    if ambiguous:
        warnings.warn(
            f"the nearest rotation is not unique for {ambiguous} of {len(rows)} "
            "matrices: their two smallest signed singular values add up to zero",
            RuntimeWarning,
            stacklevel=3,
        )
    return rotation.reshape(matrix.shape), kept


def _by_factors(rows: Tensor) -> Solved:
    """As `_by_svd`, by the way that takes the least time."""
    if rows.device.type != "cpu":
        return _by_svd(rows)
    if len(rows) <= (FEW if rows.shape[-1] == 3 else FEW_LARGE):
        return _few_by_svd(rows)
    return _by_eigenvectors(rows) if rows.dtype == torch.float32 else _by_svd(rows)


def _by_closed_form(rows: Tensor) -> tuple[Tensor, Tensor, int]:
    """Rotations, planes [6, b] and how many answers are ambiguous, of 3x3 matrices."""
    rotation, inverse, doubtful = nearest_rotation_3x3(rows)
    ambiguous = 0
    doubtful = doubtful.nonzero()[:, 0]
    if len(doubtful):
        rotation[doubtful], v, s, ambiguous = _by_svd(rows[doubtful])
        inverse[:, doubtful] = inverse_planes(v, s, rows.dtype)
    return rotation, inverse, ambiguous


def _by_eigenvectors(rows: Tensor) -> Solved:
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
    ambiguous = 0
    if len(doubtful):
        rotation[doubtful], v[doubtful], s[doubtful], ambiguous = _by_svd(rows[doubtful])
    return rotation, v, s, ambiguous


def _by_svd(rows: Tensor) -> Solved:
    """Rotations R, V and signed s of R^T M = V diag(s) V^T, and how many answers are ambiguous."""
    rotation, v, s, ambiguous = _decomposed(rows.double(), torch, torch.finfo(rows.dtype).eps)
    return rotation.to(rows.dtype), v, s, ambiguous


def _few_by_svd(rows: Tensor) -> Solved:
    """The same by numpy, whose calls cost a third: for few matrices they are most of the time."""
    given = rows.numpy(force=True)
    *solved, ambiguous = _decomposed(given.astype(np.float64), np, torch.finfo(rows.dtype).eps)
    solved[0] = solved[0].astype(given.dtype)
    rotation, v, s = map(torch.from_numpy, solved)
    return rotation, v, s, ambiguous


def _decomposed(wide, library: ModuleType, eps: float):
    """`_by_svd` of a float64 tensor or array: these lines read the same in torch and numpy."""
    is_finite = library.isfinite(wide)
    all_finite = is_finite.all()
    if not all_finite:  # LAPACK would stop at a NaN in any row of the batch
        is_finite = is_finite.all(-1).all(-1)
        wide = library.where(is_finite[..., None, None], wide, 0.0)
    u, s, vh = library.linalg.svd(wide)
    rotation = u @ vh
    det = library.linalg.det(rotation)
    if library.count_nonzero(det < 0):  # the direction of the smallest singular value flips
        sign = library.sign(det)
        s[..., -1] *= sign
        u[..., -1] *= sign[..., None]
        rotation = u @ vh
    ambiguous = s[..., -2] + s[..., -1] <= 4 * eps * s[..., 0]
    if not all_finite:
        rotation = library.where(is_finite[..., None, None], rotation, math.nan)
        ambiguous &= is_finite
    return rotation, vh.swapaxes(-1, -2), s, int(library.count_nonzero(ambiguous))


def inverse_gaps(s: Tensor, dtype: torch.dtype) -> Tensor:
    """1 / (s_i + s_j) off the diagonal, 0 on it and where the sum is rounding noise."""
    # Sums, not differences as in the derivative of U and V themselves: equal values do no harm.
    gaps = s[..., :, None] + s[..., None, :]
    noise = 4 * torch.finfo(dtype).eps * s.abs().amax(-1)[..., None, None]
    usable = gaps > noise.clamp_min(smallest_gap(dtype))
    usable.diagonal(dim1=-2, dim2=-1).fill_(False)
    return torch.where(usable, 1 / gaps, 0.0)


def inverse_planes(v: Tensor, s: Tensor, dtype: torch.dtype) -> Tensor:
    """(tr(S) I - S)^-1 = V diag(1 / (s_j + s_k)) V^T of 3x3 matrices, as planes [6, b]."""
    gaps = inverse_gaps(s, dtype)
    # A turn about axis i mixes the two other directions, so it is slowed by their sum.
    opposite = torch.stack((gaps[..., 1, 2], gaps[..., 0, 2], gaps[..., 0, 1]), dim=-1)
    inverse = (v * opposite[..., None, :]) @ v.mT
    rows, columns = zip(*UPPER, strict=True)
    return inverse[:, rows, columns].t().to(dtype)
