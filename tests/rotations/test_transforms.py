"""Every map under batching, dtypes, autocast, torch.func.vmap and torch.compile."""

import os
import subprocess
import sys

import pytest
import torch
from rotation_cases import CASES, call, close


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
from rotation_cases import CASES, call, close

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


COMPILE_TRANSFORMS = """
import torch
import rigid_depth.rotations as rr
from rigid_depth.rotations import _solvers

_solvers.FEW = {few}  # 0: the closed form, also for few matrices
weight = torch.randn(3, 3)
matrix, batch = torch.randn(3, 3), torch.randn(5, 3, 3)
project = rr.special_procrustes
project(matrix)  # what one eager call leaves behind must not trouble the tracer


def number(m):
    return (weight * project(m)).sum()


transforms = {{
    "vmap": (torch.vmap(project), batch),
    "grad": (torch.func.grad(number), matrix),
    "jvp": (lambda m: torch.func.jvp(project, (m,), (m.cos(),))[1], matrix),
    "jacrev": (torch.func.jacrev(project), matrix),
    "hessian": (torch.func.hessian(number), matrix),
    "vmap of jacrev": (torch.vmap(torch.func.jacrev(project)), batch),
}}
for name, (transform, point) in transforms.items():
    torch._dynamo.reset()
    compiled = torch.compile(transform, backend="aot_eager")(point)
    torch.testing.assert_close(compiled, transform(point))
    print("compiled", name)
"""


@pytest.mark.parametrize("few", [0, 128])
def test_transforms_of_the_nearest_rotation_compile_after_an_eager_call(few):
    environment = {**os.environ, "RIGID_DEPTH_TYPECHECK": "0"}
    command = [sys.executable, "-c", COMPILE_TRANSFORMS.format(few=few)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("compiled") == 6


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
