"""The nearest rotation of many 3x3 matrices at once, without a singular value decomposition.

With the singular values s1 >= s2 >= |s3| (s3 carries the sign of det M), the answer has a closed
form (Markley 1993, "FOAM"): with lambda = s1 + s2 + s3, kappa = s1 s2 + s2 s3 + s3 s1 and
zeta = (s1 + s2)(s2 + s3)(s3 + s1),

    (tr(S) I - S)^-1 = (M^T M + kappa I) / zeta        where S = R^T M is symmetric,
    R = lambda (lambda M + cof M) / zeta - M (tr(S) I - S)^-1.

lambda is the largest eigenvalue of Horn's 4x4 matrix. s1^2 comes from the trigonometric solution
of the cubic of M^T M. That loses half the digits where s1 = s2, but lambda as a function of s1 is
stationary just there, so no Newton step is needed. Everything runs in float64, in planes (one row
of memory per matrix entry), into memory that is used again: on a CPU, fetching fresh pages costs
as much as a third of the arithmetic.
"""

import math
import threading

import torch
from torch import Tensor

SHARE = 49152  # rows for each further CPU thread: torch shares an operation out from 32768 on
MOST_THREADS = 4  # that the steps are cut for: more would need more memory
# Below this (s2 + s3) / lambda the caller takes the singular value decomposition: the closed form
# loses twice the digits that the conditioning costs.
TRUSTED_GAP = {torch.float32: 1e-4, torch.float64: 5e-2}
UPPER = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0))  # the stored entries of the inverse
ROWS = ((0, 3, 5), (3, 1, 4), (5, 4, 2))  # their places in each row (or column)
CYCLES = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
_kept = threading.local()


def nearest_rotation_3x3(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations [b,3,3], planes [6,b] of (tr(S) I - S)^-1, and which rows are not to be trusted."""
    count = len(matrix)
    rotation = torch.empty_like(matrix, memory_format=torch.contiguous_format)
    inverse = matrix.new_empty(6, count)
    doubtful = torch.empty(count, dtype=torch.bool, device=matrix.device)
    parts = _parts(matrix)
    m, cofactor, gram = _workspace(matrix, parts, ((3, 3), (3, 3), (6,)), torch.float64)
    for part in parts:
        _load(matrix[part], m)
        _fill_gram(m, gram)
        _fill_cofactor(m, cofactor)
        size, gap, lam, share, square_share = _finish_inverse(m, cofactor, gram)
        inverse[:, part].copy_(gram)
        _fill_answer(m, cofactor, gram, share, square_share)
        _store(cofactor, rotation[part])
        # Written so that NaN, gaps without an inverse in the dtype and numbers whose sixth
        # power leaves float64 count as doubtful.
        trusted = lam.mul_(TRUSTED_GAP[matrix.dtype]).clamp_min_(smallest_gap(matrix.dtype)) < gap
        if matrix.dtype == torch.float64:
            trusted &= (size > 1e-90) & (size < 1e90)
        torch.logical_not(trusted, out=doubtful[part])
    return rotation, inverse, doubtful


def smallest_gap(dtype: torch.dtype) -> float:
    """The smallest s_i + s_j that counts: the square of its inverse is a number of the dtype."""
    return torch.finfo(dtype).tiny ** 0.5


def _fill_gram(m: Tensor, gram: Tensor) -> None:
    """M^T M as its diagonal and the three entries beside it, in the order of `UPPER`."""
    for rows, others, entries in (
        (m, m, gram[:3]),
        (m[:, :2], m[:, 1:], gram[3:5]),
        (m[:, 2], m[:, 0], gram[5]),
    ):
        torch.mul(rows[0], others[0], out=entries)
        entries.addcmul_(rows[1], others[1]).addcmul_(rows[2], others[2])


def _fill_cofactor(m: Tensor, cofactor: Tensor) -> None:
    """cof(M): each row is the cross product of the two other rows."""
    for i, j, k in CYCLES:
        for c, a, b in CYCLES:
            torch.mul(m[j, a], m[k, b], out=cofactor[i, c]).addcmul_(m[j, b], m[k, a], value=-1)


def _finish_inverse(m: Tensor, cofactor: Tensor, gram: Tensor) -> tuple[Tensor, ...]:
    """Turns M^T M into (M^T M + kappa I) / zeta; the numbers that the rest needs."""
    a, b, c, *beside = gram.unbind(0)
    size = b + c
    area = (a * size).addcmul_(b, c)  # (s1 s2)^2 + (s2 s3)^2 + (s3 s1)^2
    for entry in beside:
        area.addcmul_(entry, entry, value=-1)
    size.add_(a)  # s1^2 + s2^2 + s3^2
    # The three invariants of the singular values: det M = s1 s2 s3 carries the sign.
    det = (m[0, 0] * cofactor[0, 0]).addcmul_(m[0, 1], cofactor[0, 1])
    det.addcmul_(m[0, 2], cofactor[0, 2])
    lam, gap = _largest_eigenvalue(size, area, det)
    # lambda^2 = size + 2 kappa, and zeta = kappa lambda - det.
    kappa = torch.addcmul(size, lam, lam, value=-1).mul_(-0.5)
    over_zeta = (kappa * lam).sub_(det).reciprocal_()
    gram[:3].add_(kappa)
    gram.mul_(over_zeta)
    share = lam * over_zeta
    return size, gap, lam, share, lam * share


def _fill_answer(m, cofactor, gram, share, square_share) -> None:
    """R in place of cof(M): (lambda cof(M) + M (lambda^2 I - (M^T M + kappa I))) / zeta."""
    gram[:3].sub_(square_share)
    cofactor.mul_(share)
    for k, row in enumerate(ROWS):
        for j, place in enumerate(row):
            cofactor[:, j].addcmul_(m[:, k], gram[place], value=-1)


def apply_derivative_3x3(rotation: Tensor, inverse: Tensor, direction: Tensor) -> Tensor:
    """The derivative of the projection applied to `direction`; it is its own transpose.

    dR = R [w]x with (tr(S) I - S) w = sum over rows k of dM_k x R_k, and row k of dR is R_k x w.
    """
    result = torch.empty_like(rotation, memory_format=torch.contiguous_format)
    parts = _parts(rotation)
    r, x, g, w = _workspace(rotation, parts, ((3, 3), (3, 3), (3,), (3,)), rotation.dtype)
    for part in parts:
        _load(rotation[part], r)
        _load(direction[part], x)
        # g = sum over k of dM_k x R_k, one entry at a time.
        for i, a, b in CYCLES:
            torch.mul(x[0, a], r[0, b], out=g[i]).addcmul_(x[0, b], r[0, a], value=-1)
            for k in (1, 2):
                g[i].addcmul_(x[k, a], r[k, b]).addcmul_(x[k, b], r[k, a], value=-1)
        # w = (tr(S) I - S)^-1 g, the matrix being symmetric and stored in six planes.
        diagonal, beside = inverse[:3, part], inverse[3:, part]
        torch.mul(diagonal, g, out=w)
        for entry, i, j in zip(beside, (0, 1, 2), (1, 2, 0), strict=True):
            w[i].addcmul_(entry, g[j])
            w[j].addcmul_(entry, g[i])
        # dR_k = R_k x w for all rows k at once.
        for i, a, b in CYCLES:
            torch.mul(r[:, a], w[b], out=x[:, i]).addcmul_(r[:, b], w[a], value=-1)
        _store(x, result[part])
    return result


def _largest_eigenvalue(size: Tensor, area: Tensor, det: Tensor) -> tuple[Tensor, Tensor]:
    """lambda = s1 + s2 + s3 and the gap s2 + s3 from the invariants of M^T M."""
    # With s1^2 = (size + 2 sqrt(p) cos(angle)) / 3, the largest root, the cubic of M^T M becomes
    # cos(3 angle) = r / p^(3/2); a triple root has p = 0.
    square = size * size
    p = torch.sub(square, area, alpha=3).clamp_min_(1e-200)
    root = p.sqrt()
    r = square.sub_(area, alpha=4.5).mul_(size).addcmul_(det, det, value=13.5)
    angle = r.div_(p.mul_(root)).clamp_(-1, 1).acos_().div_(3)
    first = torch.addcmul(size, root, angle.cos_(), value=2).div_(3)  # s1^2
    # (s2 + s3)^2 = s2^2 + s3^2 + 2 s2 s3 = size - s1^2 + 2 det / s1.
    s1 = first.sqrt()
    gap = torch.sub(size, first).addcdiv_(det, s1, value=2).clamp_min_(0).sqrt_()
    return s1.add_(gap), gap


def _parts(matrix: Tensor) -> list[slice]:
    """Steps of one size; the last one goes back over rows already done rather than be shorter.

    On a CPU they are as small as they can be while every operation is shared by all threads.
    """
    count = len(matrix)
    threads = min(torch.get_num_threads(), MOST_THREADS)
    number = min(count, 1)
    if matrix.device.type == "cpu":
        number = max(number, (count - 1) // (SHARE * max(1, threads - 1)))
    size = -(-count // number) if count else 0
    starts = (min(k * size, count - size) for k in range(number))
    return [slice(start, start + size) for start in starts]


def _workspace(like: Tensor, parts: list[slice], sides: tuple, dtype: torch.dtype) -> list[Tensor]:
    """Stacks [*sides, step] of planes; a CPU thread keeps their memory for its next call.

    That is 10 MB for each further thread that shares the work, at most twice that.
    """
    step = parts[0].stop if parts else 0
    sizes = [math.prod(side) * step for side in sides]
    needed = sum(sizes)
    kept = _kept.__dict__.setdefault("by_dtype", {}) if like.device.type == "cpu" else {}
    memory = kept.get(dtype)
    if memory is None or len(memory) < needed:
        with torch.inference_mode(False):  # memory made in inference mode could not be used outside
            memory = torch.empty(needed, dtype=dtype, device=like.device)
        kept[dtype] = memory
    stacks = memory[:needed].split(sizes)
    return [stack.view(*side, step) for stack, side in zip(stacks, sides, strict=True)]


def _load(matrix: Tensor, planes: Tensor) -> None:
    """Fills planes [3, 3, step] from matrices [step, 3, 3]."""
    planes.copy_(matrix.permute(1, 2, 0))


def _store(planes: Tensor, matrix: Tensor) -> None:
    matrix.copy_(planes.permute(2, 0, 1))
