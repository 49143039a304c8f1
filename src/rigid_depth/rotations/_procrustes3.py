"""The nearest rotation of many 3x3 matrices at once, without a singular value decomposition.

With the singular values s1 >= s2 >= |s3| (s3 carries the sign of det M), the answer has a closed
form (Markley 1993, "FOAM"): with lambda = s1 + s2 + s3, kappa = s1 s2 + s2 s3 + s3 s1 and
zeta = (s1 + s2)(s2 + s3)(s3 + s1),

    (tr(S) I - S)^-1 = (M^T M + kappa I) / zeta        where S = R^T M is symmetric,
    R = lambda (lambda M + cof M) / zeta - M (tr(S) I - S)^-1.

lambda is the largest eigenvalue of Horn's 4x4 matrix. s1^2 comes from the trigonometric solution
of the cubic of M^T M. That loses half the digits where s1 = s2, but lambda as a function of s1 is
stationary just there, so no Newton step is needed. Everything runs in float64, in planes (one row
of memory per matrix entry) and in chunks that stay in the cache, into memory that is used again:
on a CPU, fetching fresh pages costs as much as a third of the arithmetic.
"""

import threading

import torch
from torch import Tensor

CHUNK = 8192  # matrices per step on a CPU
# Below this (s2 + s3) / lambda the caller takes the singular value decomposition: the closed form
# loses twice the digits that the conditioning costs.
TRUSTED_GAP = {torch.float32: 1e-4, torch.float64: 5e-2}
UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # the stored entries of the inverse
_kept = threading.local()
CYCLES = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def nearest_rotation_3x3(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations [b,3,3], planes [6,b] of (tr(S) I - S)^-1, and which rows are not to be trusted."""
    count = len(matrix)
    rotation = torch.empty_like(matrix, memory_format=torch.contiguous_format)
    inverse = matrix.new_empty(6, count)
    doubtful = torch.empty(count, dtype=torch.bool, device=matrix.device)
    parts = _parts(matrix)
    cyclic, *work = _workspace(matrix, parts, (5, 3, 3), torch.float64)
    views = _solver_views(cyclic, *work)
    for part in parts:
        _load(matrix[part], cyclic[:3, :3])
        answer, inverse_planes, gap, lam, size = _solve(*views)
        # Written so that NaN and numbers whose sixth power leaves float64 count as doubtful.
        trusted = lam.mul_(TRUSTED_GAP[matrix.dtype]) < gap
        if matrix.dtype == torch.float64:
            trusted &= (size > 1e-90) & (size < 1e90)
        torch.logical_not(trusted, out=doubtful[part])
        _store(answer, rotation[part])
        for plane, (i, j) in zip(inverse.unbind(0), UPPER, strict=True):
            plane[part] = inverse_planes[i, j]
    return rotation, inverse, doubtful


def apply_derivative_3x3(rotation: Tensor, inverse: Tensor, direction: Tensor) -> Tensor:
    """The derivative of the projection applied to ``direction``; it is its own transpose.

    dR = R [w]x with (tr(S) I - S) w = sum over rows k of dM_k x R_k, and row k of dR is R_k x w.
    """
    result = torch.empty_like(rotation, memory_format=torch.contiguous_format)
    parts = _parts(rotation)
    work = _workspace(rotation, parts, (3, 3, 3), rotation.dtype)
    r, x, out = ([row.unbind(0) for row in planes.unbind(0)] for planes in work)
    for part in parts:
        _load(rotation[part], work[0])
        _load(direction[part], work[1])
        a, b, c, d, e, f = inverse[:, part].unbind(0)
        g1, g2, g3 = _sum_of_row_products(x, r)
        w = (
            (a * g1).addcmul_(b, g2).addcmul_(c, g3),
            (b * g1).addcmul_(d, g2).addcmul_(e, g3),
            (c * g1).addcmul_(e, g2).addcmul_(f, g3),
        )
        for row, out_row in zip(r, out, strict=True):
            for i, j, k in CYCLES:
                torch.mul(row[j], w[k], out=out_row[i]).addcmul_(row[k], w[j], value=-1)
        _store(work[2], result[part])
    return result


def _sum_of_row_products(x: list, r: list) -> list[Tensor]:
    """sum_k x_k x r_k over the rows k."""
    torque = []
    for _, j, k in CYCLES:
        g = (x[0][j] * r[0][k]).addcmul_(x[0][k], r[0][j], value=-1)
        for x_row, r_row in zip(x[1:], r[1:], strict=True):
            g.addcmul_(x_row[j], r_row[k]).addcmul_(x_row[k], r_row[j], value=-1)
        torque.append(g)
    return torque


def _solver_views(cyclic: Tensor, cofactor: Tensor, answer: Tensor) -> tuple:
    """The views of the workspace that ``_solve`` reads and writes, made once for all chunks.

    ``cyclic`` holds M with its first rows and columns repeated, so that every cofactor is one
    product of shifted blocks minus another. Afterwards the repeated rows make room for M^T M.
    """
    m = cyclic[:3, :3]
    repeats = ((cyclic[3:, :3], cyclic[:2, :3]), (cyclic[:, 3:], cyclic[:, :2]))
    blocks = (cyclic[1:4, 1:4], cyclic[2:, 2:], cyclic[1:4, 2:], cyclic[2:, 1:4])
    gram = cyclic[3:].flatten(0, 1)[:9].unflatten(0, (3, 3))
    rows = [(row[:, None], row[None]) for row in m.unbind(0)]
    diagonal = [gram[k, k] for k in range(3)]
    columns = [(m[:, k][:, None], gram[k][None]) for k in range(3)]
    return m, repeats, blocks, cofactor, rows, gram, diagonal, columns, answer


def _solve(m, repeats, blocks, cofactor, rows, gram, diagonal, columns, answer) -> tuple:
    for copy, original in repeats:
        copy.copy_(original)
    torch.mul(blocks[0], blocks[1], out=cofactor).addcmul_(blocks[2], blocks[3], value=-1)
    size = torch.mul(m, m, out=answer).sum((0, 1))  # s1^2 + s2^2 + s3^2
    area = torch.mul(cofactor, cofactor, out=answer).sum((0, 1))  # (s1 s2)^2 + ...
    det = torch.mul(m[0], cofactor[0], out=answer[0]).sum(0)

    lam, gap = _largest_eigenvalue(size, area, det)
    kappa = (lam * lam).sub_(size).mul_(0.5)
    zeta = (kappa * lam).sub_(det)

    torch.mul(*rows[0], out=gram).addcmul_(*rows[1]).addcmul_(*rows[2])
    for entry in diagonal:
        entry.add_(kappa)
    over_zeta = zeta.reciprocal_()
    inverse = gram.mul_(over_zeta)
    share = lam * over_zeta
    torch.mul(cofactor, share, out=answer).addcmul_(m, share.mul_(lam))
    for column, inverse_row in columns:
        answer.addcmul_(column, inverse_row, value=-1)
    return answer, inverse, gap, lam, size


def _largest_eigenvalue(size: Tensor, area: Tensor, det: Tensor) -> tuple[Tensor, Tensor]:
    """lambda = s1 + s2 + s3 and the gap s2 + s3 from the invariants of M^T M."""
    p = (size * size).sub_(area, alpha=3).clamp_min_(0)
    root = p.sqrt()
    r = (size * size).sub_(area, alpha=4.5).mul_(size).addcmul_(det, det, value=13.5)
    angle = r.div_(p.mul_(root)).nan_to_num_(1.0).clamp_(-1, 1).acos_().div_(3)
    first = root.mul_(angle.cos_()).mul_(2).add_(size).div_(3)  # s1^2
    s1 = first.sqrt()
    gap = (det / s1).mul_(2).add_(size).sub_(first).clamp_min_(0).sqrt_()
    return s1.add_(gap), gap


def _parts(matrix: Tensor) -> list[slice]:
    """Chunks of one size; the last one goes back over rows already done rather than be shorter."""
    count = len(matrix)
    limit = CHUNK if matrix.device.type == "cpu" else count
    number = -(-count // limit) if count else 0
    size = -(-count // number) if count else 0
    starts = (min(k * size, count - size) for k in range(number))
    return [slice(start, start + size) for start in starts]


def _workspace(like: Tensor, parts: list[slice], sides: tuple, dtype: torch.dtype) -> list[Tensor]:
    """Stacks [side, side, chunk] of planes; a CPU thread keeps their 3 MB for its next call."""
    size = parts[0].stop if parts else 0
    needed = sum(side * side for side in sides) * size
    memory = getattr(_kept, str(dtype), None) if like.device.type == "cpu" else None
    if memory is None or len(memory) < needed:
        with torch.inference_mode(False):  # memory made in inference mode could not be used outside
            memory = torch.empty(needed, dtype=dtype, device=like.device)
        if like.device.type == "cpu":
            setattr(_kept, str(dtype), memory)
    stacks = memory[:needed].split([side * side * size for side in sides])
    return [stack.view(side, side, size) for stack, side in zip(stacks, sides, strict=True)]


def _load(matrix: Tensor, planes: Tensor) -> None:
    planes.copy_(matrix.permute(1, 2, 0))


def _store(planes: Tensor, matrix: Tensor) -> None:
    matrix.copy_(planes.permute(2, 0, 1))
