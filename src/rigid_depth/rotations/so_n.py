"""The group SO(n) (thesis sections 3.2, 3.4): size, samples, membership, ranks of maps onto it."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import full_precision

ROUNDING = 16
"""So many units in the last place may be left of what is zero."""


def degrees_of_freedom(n: int) -> int:
    """The dimension n (n - 1) / 2 of SO(n) (section 3.2)."""
    return n * (n - 1) // 2


def random_rotation(
    n: int = 3,
    size: tuple[int, ...] | int = (),
    generator: torch.Generator | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Float[Tensor, "*size n n"]:
    """Rotations drawn uniformly (Haar measure) from SO(n), n >= 2.

    The Q of a Gaussian matrix, its columns signed so that R has a positive diagonal (Stewart 1980,
    Mezzadri 2007), is uniform on O(n); flipping one column where det Q < 0 makes it uniform on
    SO(n).

    Raises RigidDepthError for n < 2 and for a dtype without fractions.
    """
    if n < 2:
        raise RigidDepthError(f"rotations need n >= 2 dimensions, got n = {n}.")
    if not dtype.is_floating_point:
        raise RigidDepthError(f"rotations need a floating-point dtype, got {dtype}.")
    size = (size,) if isinstance(size, int) else tuple(size)
    device = generator.device if generator is not None and device is None else device
    gaussian = torch.randn(*size, n, n, generator=generator, dtype=torch.float64, device=device)
    # Q alone is not uniform: its signs are a habit of the algorithm. Those of R undo it.
    q, r = torch.linalg.qr(gaussian)
    q = q * r.diagonal(dim1=-2, dim2=-1).sign()[..., None, :]
    # Flipping a column takes the improper half of O(n) to SO(n) and keeps the measure.
    first = q[..., :1] * torch.linalg.det(q).sign()[..., None, None]
    return torch.cat((first, q[..., 1:]), dim=-1).to(dtype)


@full_precision
def is_rotation(
    matrix: Float[Tensor, "*batch n n"], tolerance: float = 1e-5
) -> Bool[Tensor, "*batch"]:
    """Whether R^T R = I within `tolerance` in every entry, and det R > 0 (section 3.2).

    16-bit entries are rounded by up to 1/256 (bfloat16) or 1/2048 (float16): ask for no more.
    """
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    deviation = (matrix.mT @ matrix - eye).abs().amax((-2, -1))
    # R^T R = I leaves det R = -1 open, and NaN fails both comparisons.
    return (deviation <= tolerance) & (torch.linalg.det(matrix) > 0)


@full_precision
def check_rotation(
    matrix: Float[Tensor, "*batch n n"], tolerance: float = 1e-5
) -> Float[Tensor, "*batch n n"]:
    """The matrix itself if `is_rotation` holds for all of the batch.

    The maps from matrices do not look at what they are given, as a look costs time and stops a
    GPU: of an improper matrix (det = -1) they give the numbers of some rotation. Write
    `matrix_to_quaternion(check_rotation(matrix))` where matrices come from outside.

    Raises RigidDepthError with the number of matrices at fault, and what is wrong with the first.
    """
    is_wrong = ~is_rotation(matrix, tolerance).flatten()
    if is_wrong.any():
        first = matrix.detach().flatten(0, -3)[is_wrong][0] if matrix.ndim > 2 else matrix.detach()
        first = first.double()
        eye = torch.eye(first.shape[-1], dtype=first.dtype, device=first.device)
        deviation = (first.mT @ first - eye).abs().max().item()
        raise RigidDepthError(
            f"{int(is_wrong.sum())} of {is_wrong.numel()} matrices are no rotations; the first has "
            f"determinant {torch.linalg.det(first).item():.3g} and R^T R - I up to {deviation:.1e} "
            f"(allowed: +1 and {tolerance:.1e})."
        )
    return matrix


@full_precision
def jacobian_singular_values(
    function: Callable[[Tensor], Tensor], point: Float[Tensor, "..."]
) -> Float[Tensor, " k"]:
    """Singular values, largest first, of the Jacobian of a map at one (unbatched) point (3.6.1)."""
    jacobian = torch.func.jacrev(function)(point)
    return torch.linalg.svdvals(jacobian.reshape(-1, point.numel()))


@full_precision
def jacobian_rank(
    function: Callable[[Tensor], Tensor], point: Float[Tensor, "..."], tolerance: float = 1e-9
) -> Int[Tensor, ""]:
    """The rank of the Jacobian of a map at one point (section 3.6.1).

    Singular values above `tolerance` times the largest one (and 1) count, or above what rounding
    leaves of a zero where that is more. A map onto SO(3) has
    full rank where this is 3, whatever the number of its inputs; that makes it neither injective
    nor invertible.
    """
    values = jacobian_singular_values(function, point)
    least = max(tolerance, ROUNDING * torch.finfo(values.dtype).eps)
    return (values > least * values[0].clamp_min(1)).sum()
