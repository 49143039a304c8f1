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

SHARE = 32768  # torch gives each further CPU thread work only beyond so many numbers
MOST_THREADS = 4  # that the steps are cut for: more would need more memory
# Below this (s2 + s3) / lambda the caller takes the singular value decomposition: the closed form
# loses twice the digits that the conditioning costs.
TRUSTED_GAP = {torch.float32: 1e-4, torch.float64: 5e-2}
UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # the stored entries of the inverse
DIAGONAL = (0, 3, 5)  # their places on the diagonal
ROWS = ((0, 1, 2), (1, 3, 4), (2, 4, 5))  # and in each row (or column)
CYCLES = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
_kept = threading.local()


def nearest_rotation_3x3(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations [b,3,3], planes [6,b] of (tr(S) I - S)^-1, and which rows are not to be trusted."""
    count = len(matrix)
    rotation = torch.empty_like(matrix, memory_format=torch.contiguous_format)
    inverse = matrix.new_empty(6, count)
    doubtful = torch.empty(count, dtype=torch.bool, device=matrix.device)
    parts = _parts(matrix)
    m, cofactor, gram = _workspace(matrix, parts, ((3, 5), (3, 3), (6,)), torch.float64)
    for part in parts:
        _load(matrix[part], m)
        _fill_gram(m, gram)
        _fill_cofactor(m, cofactor)
        size, gap, lam, share, square_share = _finish_inverse(m, cofactor, gram)
        inverse[:, part].copy_(gram)
        _fill_answer(m, cofactor, gram, share, square_share)
        _store(cofactor, rotation[part])
        # Written so that NaN and numbers whose sixth power leaves float64 count as doubtful.
        trusted = lam.mul_(TRUSTED_GAP[matrix.dtype]) < gap
        if matrix.dtype == torch.float64:
            trusted &= (size > 1e-90) & (size < 1e90)
        torch.logical_not(trusted, out=doubtful[part])
    return rotation, inverse, doubtful


def _fill_gram(m: Tensor, gram: Tensor) -> None:
    """The upper half of M^T M."""
    for i, row in enumerate((gram[:3], gram[3:5], gram[5:])):
        torch.mul(m[0, i], m[0, i:3], out=row)
        for m_row in m[1:].unbind(0):
            row.addcmul_(m_row[i], m_row[i:3])


def _fill_cofactor(m: Tensor, cofactor: Tensor) -> None:
    """cof(M): each row is the cross product of the two other rows, whose columns repeat in m."""
    for i, j, k in CYCLES:
        torch.mul(m[j, 1:4], m[k, 2:], out=cofactor[i]).addcmul_(m[j, 2:], m[k, 1:4], value=-1)


def _finish_inverse(m: Tensor, cofactor: Tensor, gram: Tensor) -> tuple[Tensor, ...]:
    """Turns M^T M into (M^T M + kappa I) / zeta; the numbers that the rest needs."""
    a, b, c, d, e, f = gram.unbind(0)
    size = (a + d).add_(f)  # s1^2 + s2^2 + s3^2
    area = (a * d).addcmul_(a, f).addcmul_(d, f)  # (s1 s2)^2 + ...
    for entry in (b, c, e):
        area.addcmul_(entry, entry, value=-1)
    det = (m[0, 0] * cofactor[0, 0]).addcmul_(m[0, 1], cofactor[0, 1])
    det.addcmul_(m[0, 2], cofactor[0, 2])
    lam, gap = _largest_eigenvalue(size, area, det)
    kappa = (lam * lam).sub_(size).mul_(0.5)
    over_zeta = (kappa * lam).sub_(det).reciprocal_()
    for entry in (a, d, f):
        entry.add_(kappa)
    gram.mul_(over_zeta)
    share = lam * over_zeta
    return size, gap, lam, share, lam * share


def _fill_answer(m, cofactor, gram, share, square_share) -> None:
    """R in place of cof(M): (lambda cof(M) + M (lambda^2 I - (M^T M + kappa I))) / zeta."""
    for k in DIAGONAL:
        gram[k].sub_(square_share)
    cofactor.mul_(share)
    for k, row in enumerate(ROWS):
        for j, place in enumerate(row):
            cofactor[:, j].addcmul_(m[:, k], gram[place], value=-1)


def apply_derivative_3x3(rotation: Tensor, inverse: Tensor, direction: Tensor) -> Tensor:
    """The derivative of the projection applied to ``direction``; it is its own transpose.

    dR = R [w]x with (tr(S) I - S) w = sum over rows k of dM_k x R_k, and row k of dR is R_k x w.
    """
    result = torch.empty_like(rotation, memory_format=torch.contiguous_format)
    parts = _parts(rotation)
    r, x, g, w = _workspace(rotation, parts, ((3, 5), (3, 5), (3,), (5,)), rotation.dtype)
    answer = x.flatten(0, 1)[:9].unflatten(0, (3, 3))
    for part in parts:
        _load(rotation[part], r)
        _load(direction[part], x)
        torch.mul(x[0, 1:4], r[0, 2:], out=g).addcmul_(x[0, 2:], r[0, 1:4], value=-1)
        for k in (1, 2):
            g.addcmul_(x[k, 1:4], r[k, 2:]).addcmul_(x[k, 2:], r[k, 1:4], value=-1)
        for i, row in enumerate(ROWS):
            torch.mul(inverse[row[0], part], g[0], out=w[i])
            w[i].addcmul_(inverse[row[1], part], g[1]).addcmul_(inverse[row[2], part], g[2])
        w[3:].copy_(w[:2])
        for row, answer_row in zip(r, answer, strict=True):
            torch.mul(row[1:4], w[2:], out=answer_row).addcmul_(row[2:], w[1:4], value=-1)
        _store(answer, result[part])
    return result


def _largest_eigenvalue(size: Tensor, area: Tensor, det: Tensor) -> tuple[Tensor, Tensor]:
    """lambda = s1 + s2 + s3 and the gap s2 + s3 from the invariants of M^T M."""
    p = (size * size).sub_(area, alpha=3).clamp_min_(1e-200)
    root = p.sqrt()
    r = (size * size).sub_(area, alpha=4.5).mul_(size).addcmul_(det, det, value=13.5)
    angle = r.div_(p.mul_(root)).clamp_(-1, 1).acos_().div_(3)
    first = root.mul_(angle.cos_()).mul_(2).add_(size).div_(3)  # s1^2
    s1 = first.sqrt()
    gap = (det / s1).mul_(2).add_(size).sub_(first).clamp_min_(0).sqrt_()
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

    That is 8 MB for each thread that shares the work, at most twice that.
    """
    step = parts[0].stop if parts else 0
    sizes = [math.prod(side) * step for side in sides]
    needed = sum(sizes)
    memory = getattr(_kept, str(dtype), None) if like.device.type == "cpu" else None
    if memory is None or len(memory) < needed:
        with torch.inference_mode(False):  # memory made in inference mode could not be used outside
            memory = torch.empty(needed, dtype=dtype, device=like.device)
        if like.device.type == "cpu":
            setattr(_kept, str(dtype), memory)
    stacks = memory[:needed].split(sizes)
    return [stack.view(*side, step) for stack, side in zip(stacks, sides, strict=True)]


def _load(matrix: Tensor, planes: Tensor) -> None:
    """Fills planes [3, 5, step]; the first two columns come twice."""
    planes[:, :3].copy_(matrix.permute(1, 2, 0))
    planes[:, 3:].copy_(planes[:, :2])


def _store(planes: Tensor, matrix: Tensor) -> None:
    matrix.copy_(planes.permute(2, 0, 1))
