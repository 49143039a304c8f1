"""Two more maps onto SO(3): of 5 numbers (Zhou 2019) and of 10 numbers (Peretroukhin 2020)."""

import roma
import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.rotations._numerics import full_precision
from rigid_depth.rotations.gram_schmidt import sixd_to_matrix
from rigid_depth.rotations.quaternions import quaternion_to_matrix

# RoMa keeps a constant of its first call. Were that call inside torch.func, all later ones fail.
roma.symmatrixvec_to_unitquat(torch.zeros(1, 10))


@full_precision
def fived_to_matrix(numbers: Float[Tensor, "*batch 5"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation of 5 numbers: 6D with four of its numbers on a sphere, seen stereographically.

    The last three numbers are unprojected to a unit vector p in four dimensions; (n1, n2, p1/c) and
    p[2:4]/c with c = |p[2:4]| are the two vectors of `sixd_to_matrix`. Right inverse:
    `matrix_to_fived`.
    """
    planar = numbers[..., 2:]
    square = (planar * planar).sum(-1, keepdim=True)
    # p = (square - 1, 2 planar) / (square + 1), so |p[2:4]| = 2 |planar| / (square + 1). The length
    # of the second vector does not matter to Gram-Schmidt, that of the first one does.
    length = square.clamp_min(torch.finfo(numbers.dtype).tiny).sqrt()
    first = torch.cat((numbers[..., :2], (square - 1) / (2 * length)), dim=-1)
    # In Gram-Schmidt the unit vector comes first here, and the columns change places afterwards.
    swapped = sixd_to_matrix(torch.stack((planar, first), dim=-1))
    second, first, normal = swapped.unbind(-1)
    return torch.stack((first, second, -normal), dim=-1)


@full_precision
def matrix_to_fived(matrix: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 5"]:
    """Five numbers of a rotation, a right inverse of `fived_to_matrix`.

    The first column's last entry and the second column are four numbers of length sqrt(2); divided
    by it they lie on a sphere, which is projected to three numbers from its pole.
    """
    first, second = matrix[..., 0], matrix[..., 1]
    corner = first[..., 2:]
    scale = (1 + corner * corner).sqrt()
    # A NaN in the third column, which is not read, must not go unseen.
    unread = 0 * matrix[..., 2].detach().sum(-1, keepdim=True)
    return torch.cat((first[..., :2], second / (scale - corner)), dim=-1) + unread


@full_precision
def symmetric10_to_matrix(numbers: Float[Tensor, "*batch 10"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation of a symmetric 4x4 matrix, given by its upper triangle (by RoMa).

    Its quaternion is the eigenvector of the smallest eigenvalue.
    """
    return quaternion_to_matrix(roma.quat_xyzw_to_wxyz(roma.symmatrixvec_to_unitquat(numbers)))
