"""Closed-form maps from one latent space to another (thesis, sections 4.3 and 4.4)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Real
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations import nearest_orthogonal, special_procrustes
from rigid_depth.rotations._numerics import common_dtype, full_precision

KINDS = ("mean", "coral", "rotation", "orthogonal", "linear", "affine")
SAME_DIM = ("mean", "coral", "rotation", "orthogonal")


@dataclass(frozen=True)
class LatentMap:
    """x -> (x - source_mean) weight + target_mean, on rows."""

    weight: Float[Tensor, "*batch d e"]
    source_mean: Float[Tensor, "*batch 1 d"]
    target_mean: Float[Tensor, "*batch 1 e"]

    def __call__(self, points: Real[Tensor, "*batch n d"]) -> Float[Tensor, "*batch n e"]:
        """The mapped points, new ones too."""
        return _mapped(points, self.source_mean, self.weight, self.target_mean)


@full_precision
def _mapped(points: Tensor, source_mean: Tensor, weight: Tensor, target_mean: Tensor) -> Tensor:
    return (points - source_mean) @ weight + target_mean


@full_precision
def fit_map(
    source: Float[Tensor, "*batch n d"],
    target: Float[Tensor, "*batch m e"],
    kind: str,
    *,
    ridge: float = 0.0,
    centre: bool = True,
    with_scale: bool = True,
    allow_underdetermined: bool = False,
) -> LatentMap:
    """The map of a kind that takes the rows of source nearest to the same rows of target.

    - "mean": a translation.
    - "coral": matches mean and covariance by whitening and colouring, C_s^(-1/2) C_t^(1/2); rows
      are not paired and may differ in number.
    - "rotation", "orthogonal": Procrustes, without and with reflections; least squares. `centre`
      (by the means) and `with_scale` (one factor) say what is fitted beside it.
    - "linear": least squares through the origin. "affine": the same with an offset.

    `ridge` steadies the fit: it pulls linear and affine weights to 0, Procrustes to the identity,
    CORAL's covariances to the isotropic, each relative to the size of the data (mean variance).

    Each kind needs `pairs_needed` rows for one answer, or a ridge. With `allow_underdetermined` and
    fewer, linear and affine give the weight of least norm, CORAL leaves flat directions at 0 and
    Procrustes picks one of many best matrices. Solved in float64 without gradient. Types follow the
    rule of `rigid_depth.rotations`: integers count as the default float, float32 with float64
    gives float64, 16-bit input a map in float32.

    Raises RigidDepthError for an unknown kind, unequal dimensions (but linear, affine), unpaired
    rows (but CORAL), too few rows, and numbers that are not finite.
    """
    _refuse(source, target, kind, ridge, allow_underdetermined, centre)
    dtype = common_dtype((source, target))
    # In float64: covariances and x^T y multiply the numbers, which halves the digits they keep.
    x, y = source.detach().double(), target.detach().double()
    moved = kind in ("mean", "coral", "affine") or (kind in ("rotation", "orthogonal") and centre)
    mean_x = x.mean(-2, keepdim=True) if moved else torch.zeros_like(x[..., :1, :])
    mean_y = y.mean(-2, keepdim=True) if moved else torch.zeros_like(y[..., :1, :])
    x, y = x - mean_x, y - mean_y
    if kind == "mean":
        weight = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device).expand(
            *x.shape[:-2], x.shape[-1], x.shape[-1]
        )
    elif kind == "coral":
        weight = _root(x, ridge, inverse=True) @ _root(y, ridge, inverse=False)
    elif kind in ("linear", "affine"):
        weight = _least_squares(x, y, ridge)
    else:
        weight = _procrustes(x, y, ridge, kind == "rotation", with_scale)
    return LatentMap(weight.to(dtype), mean_x.to(dtype), mean_y.to(dtype))


def pairs_needed(kind: str, dim: int, centre: bool = True) -> int:
    """The rows in general position from which a kind of map has one answer in `dim` dimensions."""
    needed = {
        "mean": 1,
        "coral": dim + 1,
        "rotation": max(1, dim - 1) + centre,
        "orthogonal": dim + centre,
        "linear": dim,
        "affine": dim + 1,
    }
    if kind not in needed:
        raise RigidDepthError(f"kind is {kind!r}; allowed are {', '.join(needed)}")
    return needed[kind]


def _least_squares(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    if ridge:
        # The normal equations; the ridge keeps their matrix invertible.
        gram = x.mT @ x
        return torch.linalg.solve(gram + ridge * _isotropic(gram), x.mT @ y)
    # By QR: the pseudo-inverse is then of a small matrix, and nothing is squared.
    q, r = torch.linalg.qr(x)
    return torch.linalg.pinv(r) @ (q.mT @ y)


def _procrustes(x: Tensor, y: Tensor, ridge: float, proper: bool, with_scale: bool) -> Tensor:
    d = x.shape[-1]
    # The unit of the ridge: what stands on the diagonal of x^T y if y is x and varies alike in all
    # directions.
    size = torch.linalg.matrix_norm(x) * torch.linalg.matrix_norm(y) / d
    eye = torch.eye(d, dtype=x.dtype, device=x.device)
    cross = x.mT @ y
    nearest = special_procrustes if proper else nearest_orthogonal
    weight = nearest(cross + ridge * size[..., None, None] * eye)
    if with_scale:
        # For a given rotation R the best factor is <R, x^T y> / |x|^2.
        energy = x.square().sum((-1, -2))
        scale = (weight * cross).sum((-1, -2)) / energy.clamp(min=torch.finfo(x.dtype).tiny)
        weight = weight * scale[..., None, None]
    return weight


def _root(rows: Tensor, ridge: float, *, inverse: bool) -> Tensor:
    """The symmetric square root of the covariance, or the pseudo-inverse of it."""
    covariance = rows.mT @ rows / max(1, rows.shape[-2] - 1)
    values, vectors = torch.linalg.eigh(covariance + ridge * _isotropic(covariance))
    roots = values.clamp(min=0).sqrt()
    if inverse:
        # A direction without variance has no inverse and is left at 0.
        floor = roots.amax(-1, keepdim=True) * rows.shape[-1] * torch.finfo(rows.dtype).eps ** 0.5
        roots = torch.where(roots > floor, 1 / roots, 0)
    return (vectors * roots[..., None, :]) @ vectors.mT


def _isotropic(gram: Tensor) -> Tensor:
    """The multiple of the identity with the same trace."""
    d = gram.shape[-1]
    eye = torch.eye(d, dtype=gram.dtype, device=gram.device)
    return gram.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None] * eye


def _refuse(
    source: Tensor, target: Tensor, kind: str, ridge: float, underdetermined: bool, centre: bool
) -> None:
    if not (source.isfinite().all() and target.isfinite().all()):
        raise RigidDepthError("a map is fitted to finite numbers, but some are NaN or infinite")
    (n, d), (m, e) = source.shape[-2:], target.shape[-2:]
    needed = pairs_needed(kind, d, centre)
    if ridge < 0:
        raise RigidDepthError(f"ridge is {ridge}; allowed is a number of at least 0")
    if kind in SAME_DIM and d != e:
        raise RigidDepthError(
            f"a {kind} map keeps the dimension, but source has {d} and target {e}; "
            "linear and affine maps may change it"
        )
    if kind != "coral" and n != m:
        raise RigidDepthError(
            f"a {kind} map is fitted to pairs, but source has {n} rows and target {m}"
        )
    rows = min(n, m)
    if rows == 0 or (rows < needed and not ridge and not underdetermined):
        raise RigidDepthError(
            f"a {kind} map in {d} dimensions needs {needed} pairs of rows and has {rows}; give "
            "more, a ridge above 0, or allow_underdetermined=True for one of many answers"
        )
