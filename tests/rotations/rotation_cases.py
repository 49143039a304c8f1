"""One call of every map with a batch [2, 4] of each input, for tests of what all maps share."""

import torch

import rigid_depth.rotations as rr

ROTATIONS = rr.random_rotation(3, (2, 4), torch.Generator().manual_seed(0))
FOUR = rr.random_rotation(4, (2, 4), torch.Generator().manual_seed(0))
QUATERNIONS = rr.matrix_to_quaternion(ROTATIONS)
FLIPPED = ROTATIONS.flip(0)


def numbers(*shape):
    return torch.randn(2, 4, *shape, generator=torch.Generator().manual_seed(sum(shape)))


CASES = {
    "rotation_matrix_2d": (numbers(),),
    "euler_to_matrix": (numbers(3),),
    "matrix_to_euler": (ROTATIONS,),
    "rotvec_to_matrix": (numbers(3),),
    "matrix_to_rotvec": (ROTATIONS,),
    "quaternion_to_matrix": (numbers(4),),
    "matrix_to_quaternion": (ROTATIONS,),
    "quaternion_multiply": (QUATERNIONS, QUATERNIONS.flip(0)),
    "quaternion_rotate": (QUATERNIONS, numbers(3)),
    "quaternion_distance": (QUATERNIONS, QUATERNIONS.flip(0)),
    "slerp": (QUATERNIONS, QUATERNIONS.flip(0), torch.rand(2, 4)),
    "sixd_to_matrix": (numbers(3, 2),),
    "fived_to_matrix": (numbers(5),),
    "matrix_to_fived": (ROTATIONS,),
    "symmetric10_to_matrix": (numbers(10),),
    "gram_schmidt": (numbers(4, 3),),
    "extend_orthonormal": (ROTATIONS[..., :2], numbers(3)),
    "special_procrustes": (numbers(3, 3),),
    "special_procrustes 4": (numbers(4, 4),),
    "nearest_orthogonal": (numbers(3, 3),),
    "procrustes_alignment": (numbers(6, 3), numbers(6, 3).flip(0)),
    "geodesic_distance": (ROTATIONS, FLIPPED),
    "geodesic_distance 4": (FOUR, FOUR.flip(0)),
    "chordal_distance": (ROTATIONS, FLIPPED),
    "rotation_mse": (ROTATIONS, FLIPPED),
    "cosine_loss": (ROTATIONS, FLIPPED),
    "orthogonality_loss": (ROTATIONS, FLIPPED),
    "orthonormality_penalty": (numbers(2, 3),),
    "quaternion_mse": (QUATERNIONS, QUATERNIONS.flip(0)),
    "euler_mse": (numbers(3), numbers(3).flip(0)),
}


def call(name, inputs):
    """The outputs of a map as a list of tensors."""
    result = getattr(rr, name.split()[0])(*inputs)
    return list(result) if isinstance(result, tuple) else [result]


def close(actual, expected, tolerance=1e-5):
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, e.to(a.dtype), atol=tolerance, rtol=tolerance)
