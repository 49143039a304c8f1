"""Gram-Schmidt orthonormalisation (thesis section 3.6.6) and the maps built on it."""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import (
    ORDINARY,
    at_unit_size,
    full_precision,
    inspectable,
    is_ordinary,
    normalised,
)

METHODS = ("modified", "classical", "qr")
MANY = 512  # rows from which sixd_to_matrix computes in planes
Planes = tuple[Tensor, ...]


@full_precision
def sixd_to_matrix(columns: Float[Tensor, "*batch 3 2"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation whose first two columns are two vectors made orthonormal (thesis Algorithm 2).

    The third column is their cross product, so the determinant is +1 always. Two vectors that are
    zero or parallel still give a rotation: the coordinate axis farthest from the first column takes
    the place of what is missing, with zero derivative.
    """
    solve = _sixd_of_planes if columns.numel() >= 6 * MANY else _sixd_of_rows
    matrix = solve(columns)
    return _sixd_guarded(*columns.unbind(-1)) if matrix is None else matrix


def _sixd_of_rows(columns: Tensor) -> Tensor | None:
    """The matrices, or None where a vector may be zero or parallel to the other."""
    given_first, given_second = columns.unbind(-1)
    length = torch.linalg.vector_norm(given_first, dim=-1, keepdim=True)
    if not is_ordinary(length):
        return None
    first = given_first / length
    # (u x v) x u = v - (u . v) u, but orthogonal to u in all digits: a cross product is, even
    # where v is nearly parallel and the difference would leave rounding noise along u.
    second = torch.linalg.cross(torch.linalg.cross(first, given_second), first)
    length = torch.linalg.vector_norm(second, dim=-1, keepdim=True)
    if not is_ordinary(length, low=_noise(given_second)):
        return None
    second = second / length
    return torch.stack((first, second, torch.linalg.cross(first, second)), dim=-1)


def _sixd_of_planes(columns: Tensor) -> Tensor | None:
    """The same for many rows in half of the time, each number of a vector in its own tensor."""
    numbers = columns.flatten(-2).unbind(-1)
    given_first, given_second = numbers[::2], numbers[1::2]
    length = _plane_length(given_first)
    if not is_ordinary(length):
        return None
    first = tuple(x / length for x in given_first)
    second = _plane_cross(_plane_cross(first, given_second), first)
    length = _plane_length(second)
    if not is_ordinary(length, low=_noise(columns[..., 1])):
        return None
    second = tuple(x / length for x in second)
    rows = zip(first, second, _plane_cross(first, second), strict=True)
    return torch.stack([entry for row in rows for entry in row], dim=-1).unflatten(-1, (3, 3))


def _plane_length(vector: Planes) -> Tensor:
    x, y, z = vector
    return torch.addcmul(torch.addcmul(x * x, y, y), z, z).sqrt()


def _plane_cross(left: Planes, right: Planes) -> Planes:
    x, y, z = (
        torch.addcmul(left[j] * right[k], left[k], right[j], value=-1)
        for j, k in ((1, 2), (2, 0), (0, 1))
    )
    return x, y, z


def _noise(given: Tensor) -> float:
    """The length up to which what is left of a vector may be rounding, and at least ordinary."""
    smallest, largest = (end.item() for end in given.detach().aminmax())
    return max(ORDINARY[0], 16 * torch.finfo(given.dtype).eps * max(-smallest, largest))


def _sixd_guarded(given_first: Tensor, given_second: Tensor) -> Tensor:
    """The same with a substitute for zero and for parallel vectors."""
    x_axis = torch.zeros(3, dtype=given_first.dtype, device=given_first.device)
    x_axis[0] = 1
    first = normalised(given_first, x_axis)
    scale = given_second.detach().abs().amax(-1, keepdim=True)
    second = given_second / torch.where(scale == 0, 1.0, scale)
    second = second - (first * second).sum(-1, keepdim=True) * first
    # The axis with the smallest share of the first column is never parallel to it.
    smallest = first.detach().abs().argmin(-1, keepdim=True)
    spare = (torch.arange(3, device=first.device) == smallest).to(first.dtype)
    is_parallel = second.detach().norm(dim=-1, keepdim=True) <= 4 * torch.finfo(first.dtype).eps
    second = torch.where(is_parallel, spare - (first * spare).sum(-1, keepdim=True) * first, second)
    second = normalised(second, x_axis)
    # Once more: for nearly parallel vectors the first subtraction leaves rounding noise along u1.
    second = normalised(second - (first * second).sum(-1, keepdim=True) * first, x_axis)
    return torch.stack((first, second, torch.linalg.cross(first, second)), dim=-1)


@full_precision
def matrix_to_sixd(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 2"]:
    """The first two columns of a rotation (a copy), a right inverse of `sixd_to_matrix`."""
    # A NaN in the third column, which is not read, must not go unseen.
    return matrix[..., :2] + 0 * matrix[..., 2:].detach()


@full_precision
def gram_schmidt(
    vectors: Float[Tensor, "*batch n m"],
    method: str = "modified",
    tolerance: float | None = None,
    rotation: bool = False,
) -> Float[Tensor, "*batch n m"]:
    """Orthonormal columns that span the nested spaces of m <= n given ones (thesis Algorithm 3).

    `method`: "classical" subtracts the projections of the given vector, as printed in the thesis,
    and loses orthogonality like the square of the conditioning; "modified" subtracts those of the
    running remainder (loss like the conditioning); "qr" is Householder's (no loss). All three give
    every column the direction of its own remainder, so they agree where the input is well
    conditioned. `rotation` flips the last of n = m columns where the determinant is negative.

    A column counts as dependent when its remainder is at most `tolerance` (default: n times the
    machine epsilon) times its length. This is looked at outside torch.compile and torch.func only.

    Raises RigidDepthError for m > n, for dependent columns, for an unknown method, and for
    `rotation` with m < n.
    """
    n, m = vectors.shape[-2:]
    if method not in METHODS:
        raise RigidDepthError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    if m > n or (rotation and m < n):
        need = f"exactly {n}" if rotation else f"at most {n}"
        raise RigidDepthError(f"{m} vectors in {n} dimensions: {need} are possible here.")
    vectors = at_unit_size(vectors, dim=-2)
    basis, remainder = _by_qr(vectors) if method == "qr" else _by_projections(vectors, method)
    tolerance = n * torch.finfo(vectors.dtype).eps if tolerance is None else tolerance
    is_dependent = remainder.detach() <= tolerance * vectors.detach().norm(dim=-2)
    if inspectable() and is_dependent.any():
        column = int(is_dependent.nonzero()[0, -1])
        raise RigidDepthError(
            f"column {column} lies in the span of the columns before it (tolerance "
            f"{tolerance:.1e}): the vectors must be linearly independent."
        )
    if rotation:
        # The last column alone may turn round: the others span the nested spaces asked for.
        sign = torch.linalg.det(basis.detach()).sign()[..., None, None]
        basis = torch.cat((basis[..., :-1], basis[..., -1:] * sign), dim=-1)
    return basis


@full_precision
def extend_orthonormal(
    basis: Float[Tensor, "*batch n m"], vector: Float[Tensor, "*batch n"]
) -> Float[Tensor, "*batch n m+1"]:
    """One more orthonormal column: the part of `vector` outside the span of the basis (3.6.6).

    Raises RigidDepthError when the basis is full or the vector lies in its span.
    """
    n, m = basis.shape[-2:]
    if m >= n:
        raise RigidDepthError(f"{m} orthonormal vectors fill {n} dimensions: none can be added.")
    vector = at_unit_size(vector, dim=-1)
    remainder = vector[..., None]
    for _ in range(2):  # the second pass removes what rounding left
        remainder = remainder - basis @ (basis.mT @ remainder)
    length = remainder.norm(dim=-2, keepdim=True)
    limit = n * torch.finfo(basis.dtype).eps * vector.norm(dim=-1)[..., None, None]
    if inspectable() and (length <= limit).any():
        raise RigidDepthError("the new vector lies in the span of the basis: choose another one.")
    return torch.cat((basis, remainder / length), dim=-1)


def _by_projections(vectors: Tensor, method: str) -> tuple[Tensor, Tensor]:
    columns, lengths = [], []
    for given in vectors.unbind(-1):
        remainder = given
        for unit in columns:
            # The only difference between the two: what rounding left of earlier columns in the
            # remainder is seen by "modified" and taken away, and missed by "classical".
            projected = given if method == "classical" else remainder
            remainder = remainder - (projected * unit).sum(-1, keepdim=True) * unit
        length = remainder.norm(dim=-1)
        lengths.append(length)
        columns.append(remainder / torch.where(length == 0, 1.0, length)[..., None])
    return torch.stack(columns, dim=-1), torch.stack(lengths, dim=-1)


def _by_qr(vectors: Tensor) -> tuple[Tensor, Tensor]:
    # Householder's columns may point backwards; a positive diagonal of R makes them Gram-Schmidt's.
    q, r = torch.linalg.qr(vectors)
    diagonal = r.diagonal(dim1=-2, dim2=-1)
    signs = torch.where(diagonal.detach() < 0, -1.0, 1.0).to(q.dtype)
    return q * signs[..., None, :], diagonal.abs()
