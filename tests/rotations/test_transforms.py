"""Every map under batching, dtypes, autocast, torch.func.vmap and torch.compile."""

import os
import subprocess
import sys

import pytest
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


@pytest.mark.parametrize("name", CASES)
def test_batches_are_independent_rows(name):
    together = call(name, CASES[name])
    alone = call(name, [tensor[1, 2] for tensor in CASES[name]])
    close([output[1, 2] for output in together], alone)
    empty = call(name, [tensor[:0] for tensor in CASES[name]])
    assert all(output.shape[:2] == (0, 4) for output in empty)


@pytest.mark.parametrize("name", CASES)
def test_vmap_is_the_batched_call(name):
    inputs = CASES[name]
    mapped = torch.vmap(torch.vmap(lambda *row: tuple(call(name, row))), in_dims=1)(*inputs)
    close([output.transpose(0, 1) for output in mapped], call(name, inputs))


@pytest.mark.parametrize("name", CASES)
def test_jacobians_of_a_batch_are_those_of_its_rows(name):
    inputs = [tensor[0, :2] for tensor in CASES[name]]

    def jacobian(*row):
        return torch.func.jacrev(lambda first: call(name, (first, *row[1:]))[0])(row[0])

    together = torch.vmap(jacobian)(*inputs)
    close([together[1]], [jacobian(*(tensor[1] for tensor in inputs))])


@pytest.mark.parametrize("name", CASES)
def test_dtype_is_kept_and_float64_agrees(name):
    low = call(name, CASES[name])
    high = call(name, [tensor.double() for tensor in CASES[name]])
    assert all(output.dtype == torch.float32 for output in low)
    assert all(output.dtype == torch.float64 for output in high)
    close(low, high, 1e-3)


@pytest.mark.parametrize("name", CASES)
def test_autocast_changes_nothing_and_16_bits_come_back_in_32(name):
    expected = call(name, CASES[name])
    with torch.autocast("cpu", torch.bfloat16):
        inputs = [tensor.clone().requires_grad_() for tensor in CASES[name]]
        actual = call(name, inputs)
        gradients = torch.autograd.grad(sum(output.sum() for output in actual), inputs)
    close([output.detach() for output in actual], expected, 0)
    assert all(gradient.isfinite().all() for gradient in gradients)
    half = call(name, [tensor.bfloat16() for tensor in CASES[name]])
    close(half, call(name, [tensor.bfloat16().float() for tensor in CASES[name]]), 0)


COMPILE = """
import sys, torch
sys.path.insert(0, {folder!r})
from test_transforms import CASES, call, close

for name, inputs in CASES.items():
    torch._dynamo.reset()
    # The tracer alone shows whether a map can be traced; the opaque operators need their backward
    # traced as well. The matrix logarithm may break the graph.
    backend = "aot_eager" if "procrustes" in name else "eager"
    compiled = torch.compile(
        lambda *row: call(name, row), backend=backend, fullgraph=name != "geodesic_distance 4"
    )
    free, traced = ([tensor.clone().requires_grad_() for tensor in inputs] for _ in range(2))
    expected, actual = call(name, free), compiled(*traced)
    close(actual, expected)
    for outputs, leaves in ((expected, free), (actual, traced)):
        sum((output * output.detach().cos()).sum() for output in outputs).backward()
    close([leaf.grad for leaf in traced], [leaf.grad for leaf in free], 1e-3)
    print("compiled", name)
"""


def test_every_map_compiles_to_the_same_values_and_gradients():
    # In a process of its own: the run-time shape checks of the other tests are not for compilers.
    folder = os.path.dirname(__file__)
    environment = {**os.environ, "RIGID_DEPTH_TYPECHECK": "0"}
    result = subprocess.run(
        [sys.executable, "-c", COMPILE.format(folder=folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("compiled") == len(CASES)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", CASES)
def test_cuda_gives_the_values_and_gradients_of_the_cpu(name):
    sides = []
    for device in ("cpu", "cuda"):
        inputs = [tensor.to(device, copy=True).requires_grad_() for tensor in CASES[name]]
        outputs = call(name, inputs)
        gradients = torch.autograd.grad(sum(output.sum() for output in outputs), inputs)
        sides.append([value.detach().cpu() for value in (*outputs, *gradients)])
    close(sides[1], sides[0], 1e-3)
