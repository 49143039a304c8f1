"""Rotations (thesis chapter 3).

Convention card, for every function of this folder:

- Active: a matrix turns vectors, the axes stay. Column vectors: y = R x; point clouds hold one
  point per row, so they turn by ``points @ R.mT``.
- Right-handed; positive angles are counter-clockwise seen from the tip of the axis. Angles in
  radians.
- Quaternions are (w, x, y, z); q and -q are the same rotation.
- Euler orders as in scipy: lower case is extrinsic (about the fixed axes, the default "xyz" is
  Rz Ry Rx), upper case intrinsic (about the moving axes).
- The 6D representation is the first two columns.
- ``teaching`` holds the formulas of the thesis as written on a board; they are not exported here.
- Any leading batch shape; float32 and float64; 16-bit input and autocast are computed and returned
  in float32. Every map is differentiable, finite at its degenerate points, and works under
  torch.func and torch.compile.
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
