"""The nearest rotation of many 3x3 matrices at once, without a singular value decomposition.

With the singular values s1 >= s2 >= |s3| (s3 carries the sign of det M), the answer has a closed
form (Markley 1993, "FOAM"): with lambda = s1 + s2 + s3, kappa = s1 s2 + s2 s3 + s3 s1 and
zeta = (s1 + s2)(s2 + s3)(s3 + s1),

    (tr(S) I - S)^-1 = (M^T M + kappa I) / zeta        where S = R^T M is symmetric,
    R = lambda (lambda M + cof M) / zeta - M (tr(S) I - S)^-1.

lambda is the largest eigenvalue of Horn's 4x4 matrix. Its start value comes from the trigonometric
solution of the cubic of M^T M, one Newton step on the quartic makes it exact. Everything runs in
float64, in planes (one row of memory per matrix entry) and in chunks that stay in the cache, into
memory that is used again: on a CPU, fetching fresh pages costs more than the arithmetic.
"""

import torch
from torch import Tensor

CHUNK = 8192  # matrices per step on a CPU
# Below this (s2 + s3) / lambda the caller takes the singular value decomposition: the closed form
# loses twice the digits that the conditioning costs.
TRUSTED_GAP = {torch.float32: 1e-4, torch.float64: 1e-2}
UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # the stored entries of the inverse


def nearest_rotation_3x3(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations [b,3,3], planes [6,b] of (tr(S) I - S)^-1, and which rows are not to be trusted."""
    count = len(matrix)
    rotation = torch.empty_like(matrix, memory_format=torch.contiguous_format)
    inverse = matrix.new_empty(6, count)
    doubtful = torch.empty(count, dtype=torch.bool, device=matrix.device)
    step = _chunk(matrix)
    cyclic, *planes = _workspace(matrix, step, 5, 3, 3, 3)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        size = part.stop - start
        answer, inverse_planes, doubtful[part] = _solve(
            matrix[part], cyclic[..., :size], *(plane[..., :size] for plane in planes)
        )
        rotation[part].view(-1, 9).copy_(answer.flatten(0, 1).t())
        for k, (i, j) in enumerate(UPPER):
            inverse[k, part] = inverse_planes[i, j]
    return rotation, inverse, doubtful


def apply_derivative_3x3(rotation: Tensor, inverse: Tensor, direction: Tensor) -> Tensor:
    """The derivative of the projection applied to ``direction``; it is its own transpose.

    dR = R [w]x with (tr(S) I - S) w = sum over rows k of dM_k x R_k, and row k of dR is R_k x w.
    """
    result = torch.empty_like(rotation, memory_format=torch.contiguous_format)
    count, step = len(rotation), _chunk(rotation)
    work = _workspace(rotation, step, 3, 3, 3, dtype=rotation.dtype)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        r, x, out = (plane[..., : part.stop - start] for plane in work)
        _load(rotation[part], r)
        _load(direction[part], x)
        torque = _sum_of_row_products(x, r)
        a, b, c, d, e, f = inverse[:, part]
        g1, g2, g3 = torque
        w = (
            (a * g1).addcmul_(b, g2).addcmul_(c, g3),
            (b * g1).addcmul_(d, g2).addcmul_(e, g3),
            (c * g1).addcmul_(e, g2).addcmul_(f, g3),
        )
        for k in range(3):
            for i in range(3):
                j, m = (i + 1) % 3, (i + 2) % 3
                torch.mul(r[k, j], w[m], out=out[k, i]).addcmul_(r[k, m], w[j], value=-1)
        result[part].view(-1, 9).copy_(out.flatten(0, 1).t())
    return result


def _sum_of_row_products(x: Tensor, r: Tensor) -> list[Tensor]:
    """sum_k x_k x r_k over the rows k."""
    torque = []
    for i in range(3):
        j, m = (i + 1) % 3, (i + 2) % 3
        g = x[0, j] * r[0, m]
        g.addcmul_(x[0, m], r[0, j], value=-1)
        for k in (1, 2):
            g.addcmul_(x[k, j], r[k, m]).addcmul_(x[k, m], r[k, j], value=-1)
        torque.append(g)
    return torque


def _solve(matrix: Tensor, cyclic: Tensor, cofactor: Tensor, gram: Tensor, answer: Tensor):
    m = _load(matrix, cyclic[:3, :3])
    cyclic[3:, :3] = cyclic[:2, :3]
    cyclic[:, 3:] = cyclic[:, :2]
    torch.mul(cyclic[1:4, 1:4], cyclic[2:, 2:], out=cofactor)
    cofactor.addcmul_(cyclic[1:4, 2:], cyclic[2:, 1:4], value=-1)
    size = torch.mul(m, m, out=answer).sum((0, 1))  # s1^2 + s2^2 + s3^2
    area = torch.mul(cofactor, cofactor, out=answer).sum((0, 1))  # (s1 s2)^2 + ...
    det = torch.mul(m[0], cofactor[0], out=answer[0]).sum(0)

    lam, gap = _largest_eigenvalue(size, area, det)
    kappa = (lam * lam).sub_(size).mul_(0.5)
    zeta = (kappa * lam).sub_(det)

    torch.mul(m[0][:, None], m[0][None], out=gram)
    gram.addcmul_(m[1][:, None], m[1][None]).addcmul_(m[2][:, None], m[2][None])
    for k in range(3):
        gram[k, k] += kappa
    inverse = gram.div_(zeta)
    torch.mul(m, lam, out=answer).add_(cofactor).mul_(lam / zeta)
    for k in range(3):
        answer.addcmul_(m[:, k][:, None], inverse[k][None], value=-1)
    # Written so that NaN and numbers whose sixth power leaves float64 count as doubtful.
    trusted = (gap > TRUSTED_GAP[matrix.dtype] * lam) & (size > 1e-90) & (size < 1e90)
    return answer, inverse, ~trusted


def _largest_eigenvalue(size: Tensor, area: Tensor, det: Tensor) -> tuple[Tensor, Tensor]:
    """lambda = s1 + s2 + s3 and the gap s2 + s3 from the invariants of M^T M."""
    p = (size * size).sub_(area, alpha=3).clamp_min_(0)
    root = p.sqrt()
    r = (size * size).sub_(area, alpha=4.5).mul_(size).addcmul_(det, det, value=13.5)
    angle = r.div_(p.mul_(root)).nan_to_num_(1.0).clamp_(-1, 1).acos_().div_(3)
    first = root.mul_(angle.cos_()).mul_(2).add_(size).div_(3)  # s1^2
    s1 = first.sqrt()
    gap = (det / s1).mul_(2).add_(size).sub_(first).clamp_min_(0).sqrt_()
    lam = s1 + gap
    rest = (lam * lam).sub_(size)
    value = (rest * rest).addcmul_(det, lam, value=-8).sub_(area, alpha=4)
    slope = rest.mul_(lam).sub_(det, alpha=2).mul_(4)
    return lam.sub_(value.div_(slope)), gap


def _chunk(matrix: Tensor) -> int:
    return CHUNK if matrix.device.type == "cpu" else max(len(matrix), 1)


def _workspace(like: Tensor, step: int, *sides: int, dtype=torch.float64) -> list[Tensor]:
    step = min(step, max(len(like), 1))
    return [torch.empty(side, side, step, dtype=dtype, device=like.device) for side in sides]


def _load(matrix: Tensor, planes: Tensor) -> Tensor:
    return planes.copy_(matrix.permute(1, 2, 0))
