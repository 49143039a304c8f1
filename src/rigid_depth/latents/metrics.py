"""How well two sets of paired latent points agree (thesis, sections 4.3, 7.4 and 8.1).

An absolute distance such as "1e-4" says nothing before the latent's scale is known, and a cosine
near 1 may only show that both sets have a large mean. Each measure below says what leaves it as it
is; several together tell more than any of them.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError

BLOCK = 1024
"""Rows whose distances to all others are held at a time."""


def alignment_metrics(
    source: Float[Tensor, "n d"],
    target: Float[Tensor, "n d"],
    *,
    k: int = 10,
    distance: str = "euclidean",
) -> dict[str, float]:
    """Every measure of this module for rows that are pairs, in float64.

    `relative_distance`, `latent_mse`, `cosine`, `cka`, `mrr`, `jaccard` (of `k` neighbours),
    `procrustes_residual`, `probe_accuracy`. What a collapsed latent leaves undefined is NaN. `mrr`
    and `jaccard` compare all rows with all rows: draw some thousand first.

    Raises RigidDepthError for fewer than 4 rows, fewer than `k` rows, and values not finite.
    """
    n = len(source)
    if n < max(4, k):
        raise RigidDepthError(f"{n} pairs of rows were given; at least {max(4, k)} are needed")
    if not (source.isfinite().all() and target.isfinite().all()):
        raise RigidDepthError("source and target must be finite to be compared")
    s, t = source.detach().double(), target.detach().double()
    mrr, jaccard = retrieval(s, t, k=k, distance=distance)
    return {
        "relative_distance": relative_distance(s, t),
        "latent_mse": float((s - t).square().mean()),
        "cosine": float(F.cosine_similarity(s, t, dim=-1).mean()),
        "cka": linear_cka(s, t),
        "mrr": mrr,
        "jaccard": jaccard,
        "procrustes_residual": procrustes_residual(s, t),
        "probe_accuracy": probe_accuracy(s, t),
    }


def relative_distance(source: Float[Tensor, "n d"], target: Float[Tensor, "n d"]) -> float:
    """Mean squared distance of the pairs over the sum of both total variances.

    0: equal; 1: as far apart as unrelated points around the same mean; more: the means differ too.
    Unchanged by a common rotation, translation or scale. NaN if both sets are collapsed.
    """
    variance = _centred(source).square().sum() + _centred(target).square().sum()
    return _ratio((source - target).square().sum(), variance)


def linear_cka(source: Float[Tensor, "n d"], target: Float[Tensor, "n e"]) -> float:
    """Linear centred kernel alignment (Kornblith et al., 2019), from 0 to 1 = equal up to below.

    Unchanged by a rotation, reflection, translation or scale of either set by itself, so it is
    high for spaces that do not fit together yet; not by another linear map. NaN if one set is
    collapsed.
    """
    # The kernels are n x n; their products are found from d x e ones.
    x, y = _centred(source), _centred(target)
    norm = torch.linalg.matrix_norm
    return _ratio(norm(x.mT @ y).square(), norm(x.mT @ x) * norm(y.mT @ y))


def retrieval(
    source: Float[Tensor, "n d"],
    target: Float[Tensor, "n d"],
    *,
    k: int = 10,
    distance: str = "euclidean",
) -> tuple[float, float]:
    """Mean reciprocal rank and Jaccard index: does a source row find its own among the targets?

    The rank of the pair's target among all targets by distance to the source row; chance is about
    (ln n + 0.58) / n. Ties share the middle rank: a collapsed set scores 2 / (n + 1). The Jaccard
    index is the overlap of the k targets nearest to the source row with the k nearest to its own
    target (itself among them); chance is about k / (2 n). Both are 1 for equal sets and unchanged
    by a common rotation or scale, and by a translation if the distance is Euclidean. Raises
    RigidDepthError for another distance and a `k` that is not 1 to n.
    """
    if distance not in ("euclidean", "cosine"):
        raise RigidDepthError(f"distance is {distance!r}; allowed are 'euclidean' and 'cosine'")
    if not 1 <= k <= len(target):
        raise RigidDepthError(f"k is {k}; allowed is 1 to the number of rows, {len(target)}")
    if distance == "cosine":
        source, target = F.normalize(source, dim=-1), F.normalize(target, dim=-1)
    reciprocal, overlap = [], []
    for start in range(0, len(source), BLOCK):
        rows = slice(start, start + BLOCK)
        found = _distances(source[rows], target)
        own = found.diagonal(start)[:, None]
        # One more than the targets that are nearer; those as near as the own one share the middle.
        rank = 0.5 + (found < own).sum(1) + (found == own).sum(1) / 2
        reciprocal.append(1 / rank)
        near = [_nearest(d, k) for d in (found, _distances(target[rows], target))]
        # Of two sets of k: what both have, over what either has.
        common = (near[0] & near[1]).sum(1)
        overlap.append(common / (2 * k - common))
    return float(torch.cat(reciprocal).mean()), float(torch.cat(overlap).double().mean())


def procrustes_residual(source: Float[Tensor, "n d"], target: Float[Tensor, "n e"]) -> float:
    """What the best orthogonal map, scale and translation leave of the variance, from 0 to 1.

    1 - (sum of singular values of S^T T)^2 / (|S|^2 |T|^2), both centred: scipy's disparity.
    Unchanged by a rotation, reflection, translation or scale of either set by itself; unlike CKA it
    sees where a linear map that is not orthogonal would be needed. NaN if one is collapsed.
    """
    x, y = _centred(source), _centred(target)
    singular = torch.linalg.svdvals(x.mT @ y).sum()
    return 1 - _ratio(singular.square(), x.square().sum() * y.square().sum())


def probe_accuracy(
    source: Float[Tensor, "n d"], target: Float[Tensor, "n d"], *, ridge: float = 1e-6
) -> float:
    """How often a linear probe on unseen rows tells the two sets apart: 0.5 cannot, 1 always.

    Fisher's discriminant with the midpoint as threshold, fitted to the pairs of one half of the
    rows and tested on the other, both ways round. The halves are the first and the second: order
    the rows so that they are independent (by image, say). Unchanged by a scale common to both sets
    however small, and by any common invertible linear map as far as `ridge` (relative to the mean
    variance) lets it be.
    """
    half = len(source) // 2
    parts = [(source[:half], target[:half]), (source[half:], target[half:])]
    right = sum(_probe(*fit, *test, ridge) for fit, test in (parts, parts[::-1]))
    return right / (2 * len(source))


def _probe(s: Tensor, t: Tensor, new_s: Tensor, new_t: Tensor, ridge: float) -> float:
    """Rows of the new sets on the right side; those on the border (a collapse) count half."""
    within = torch.cat([_centred(s), _centred(t)])
    gram = within.mT @ within / len(within)
    size = gram.diagonal().mean()
    difference = s.mean(0) - t.mean(0)
    floor = size * ridge + torch.finfo(s.dtype).tiny
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    # Fisher: the difference of the means, through the inverse of the scatter within the sets.
    direction = torch.linalg.solve(gram + floor * eye, difference)
    middle = (s.mean(0) + t.mean(0)) / 2
    sides = torch.cat([(new_s - middle) @ direction, -(new_t - middle) @ direction])
    return float((sides.sign() + 1).sum() / 2)


def _distances(rows: Tensor, others: Tensor) -> Tensor:
    """Euclidean, exact: equal rows have distance 0, so that ties are seen."""
    return torch.cdist(rows, others, compute_mode="donot_use_mm_for_euclid_dist")


def _nearest(distances: Tensor, k: int) -> Tensor:
    """Which are among the k smallest of each row."""
    chosen = torch.zeros_like(distances, dtype=torch.bool)
    return chosen.scatter_(1, distances.topk(k, largest=False).indices, True)


def _centred(rows: Tensor) -> Tensor:
    return rows - rows.mean(0)


def _ratio(numerator: Tensor, denominator: Tensor) -> float:
    return float(numerator / denominator) if denominator > 0 else math.nan
