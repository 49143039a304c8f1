"""Rotations (thesis chapter 3).

Convention card, for every function of this folder:

- Active: a matrix turns vectors, the axes stay. Column vectors: y = R x; point clouds hold one
  point per row, so they turn by `points @ R.mT`.
- Right-handed; positive angles are counter-clockwise seen from the tip of the axis. Angles in
  radians.
- Quaternions are (w, x, y, z); q and -q are the same rotation.
- Euler orders as in scipy: lower case is extrinsic (about the fixed axes, the default "xyz" is
  Rz Ry Rx), upper case intrinsic (about the moving axes).
- The 6D representation is the first two columns.
- Any leading batch shape; those of two inputs broadcast. One rule of types for all functions:
  float32 and float64 stay, and meet in float64; integers count as the default float; 16-bit input
  and autocast are computed and returned in float32, for a rotation in 16 bits is no rotation;
  complex numbers are refused.
- Every map is differentiable to any order, finite at its degenerate points, and works under
  torch.func and torch.compile. A NaN in a row makes the row NaN.
- Maps from matrices take rotations and do not look: `check_rotation` does.
"""

from rigid_depth.rotations.alignment import Similarity, procrustes_alignment
from rigid_depth.rotations.distances import (
    chordal_distance,
    geodesic_distance,
    quaternion_distance,
    rotation_log,
)
from rigid_depth.rotations.euler import (
    axis_rotation,
    euler_to_matrix,
    matrix_to_euler,
    rotation_matrix_2d,
)
from rigid_depth.rotations.extras import fived_to_matrix, matrix_to_fived, symmetric10_to_matrix
from rigid_depth.rotations.gram_schmidt import (
    extend_orthonormal,
    gram_schmidt,
    matrix_to_sixd,
    sixd_to_matrix,
)
from rigid_depth.rotations.losses import (
    cosine_loss,
    euler_mse,
    orthogonality_loss,
    orthonormality_penalty,
    quaternion_mse,
    rotation_mse,
)
from rigid_depth.rotations.procrustes import nearest_orthogonal, special_procrustes
from rigid_depth.rotations.quaternions import (
    matrix_to_quaternion,
    quaternion_multiply,
    quaternion_rotate,
    quaternion_to_matrix,
    slerp,
)
from rigid_depth.rotations.so_n import (
    check_rotation,
    degrees_of_freedom,
    is_rotation,
    jacobian_rank,
    jacobian_singular_values,
    random_rotation,
)
from rigid_depth.rotations.vectors import matrix_to_rotvec, rotvec_to_matrix

__all__ = [
    "Similarity",
    "axis_rotation",
    "check_rotation",
    "chordal_distance",
    "cosine_loss",
    "degrees_of_freedom",
    "euler_mse",
    "euler_to_matrix",
    "extend_orthonormal",
    "fived_to_matrix",
    "geodesic_distance",
    "gram_schmidt",
    "is_rotation",
    "jacobian_rank",
    "jacobian_singular_values",
    "matrix_to_euler",
    "matrix_to_fived",
    "matrix_to_quaternion",
    "matrix_to_rotvec",
    "matrix_to_sixd",
    "nearest_orthogonal",
    "orthogonality_loss",
    "orthonormality_penalty",
    "procrustes_alignment",
    "quaternion_distance",
    "quaternion_mse",
    "quaternion_multiply",
    "quaternion_rotate",
    "quaternion_to_matrix",
    "random_rotation",
    "rotation_log",
    "rotation_matrix_2d",
    "rotation_mse",
    "rotvec_to_matrix",
    "sixd_to_matrix",
    "slerp",
    "special_procrustes",
    "symmetric10_to_matrix",
]
