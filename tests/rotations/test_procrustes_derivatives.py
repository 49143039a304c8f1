"""Derivatives of the nearest rotation, and what RoMa's own tests ask of the same function."""

import pytest
import roma
import torch
from torch.autograd import forward_ad, gradcheck, gradgradcheck

from rigid_depth.rotations import (
    is_rotation,
    nearest_orthogonal,
    procrustes_alignment,
    random_rotation,
    special_procrustes,
)

pytestmark = pytest.mark.usefixtures("few_by")
ANGLED = random_rotation(3, 2, torch.Generator().manual_seed(5), dtype=torch.float64)
SPECTRA = {
    "all equal": (1.0, 1.0, 1.0),
    "first two equal": (2.0, 2.0, 1.0),
    "last two equal": (2.0, 1.0, 1.0),
    "rank 2": (2.0, 1.0, 0.0),
    "rank 2, equal": (1.0, 1.0, 0.0),
    "near rank 2": (2.0, 1.0, 1e-9),
    "reflection": (3.0, 2.0, -1.0),
    "reflection, first two equal": (2.0, 2.0, -1.0),
    "nearly ambiguous": (1.0, 0.5, -0.49),
    "taken by the decomposition": (1.0, 0.5, -0.497),
}


def with_singular_values(values):
    return ANGLED[0] @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ ANGLED[1]


def random_batch(n=3, batch=(2,), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*batch, n, n, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_derivatives_of_random_matrices(n):
    matrix = random_batch(n)
    assert gradcheck(special_procrustes, matrix, check_forward_ad=True, check_batched_grad=True)
    if n < 6:
        assert gradgradcheck(special_procrustes, matrix)


@pytest.mark.parametrize("name", SPECTRA)
def test_derivatives_at_special_spectra(name):
    matrix = with_singular_values(SPECTRA[name]).requires_grad_()
    assert gradcheck(special_procrustes, matrix, check_forward_ad=True, rtol=1e-3, eps=1e-7)
    assert gradgradcheck(special_procrustes, matrix, rtol=1e-2, atol=1e-4, eps=1e-7)


@pytest.mark.parametrize("n", [2, 4, 5])
def test_derivatives_at_the_identity_and_at_repeated_values(n):
    for spectrum in (torch.ones(n), torch.tensor([2.0, *[1.0] * (n - 1)])):
        matrix = torch.diag(spectrum.double()).requires_grad_()
        assert gradcheck(special_procrustes, matrix, check_forward_ad=True)
        assert gradgradcheck(special_procrustes, matrix)


def test_third_derivatives():
    matrix = random_batch(3, ())

    def curvature(m):
        first = torch.autograd.grad(special_procrustes(m)[0, 1], m, create_graph=True)[0]
        return torch.autograd.grad(first[1, 2], m, create_graph=True)[0]

    assert gradcheck(curvature, matrix)


def test_reflections_allowed_have_derivatives_too():
    matrix = random_batch(3, (6,), seed=1)
    assert (matrix.det() < 0).any()
    assert (matrix.det() > 0).any()
    assert gradcheck(nearest_orthogonal, matrix, check_forward_ad=True)


def test_jacobian_has_rank_3_and_the_known_singular_values(generator):
    matrix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    s = torch.linalg.svdvals(matrix)
    s[2] *= matrix.det().sign()
    jacobian = torch.func.jacrev(special_procrustes)(matrix).reshape(9, 9)
    expected = 2 / torch.stack((s[1] + s[2], s[0] + s[2], s[0] + s[1]))
    actual = torch.linalg.svdvals(jacobian)
    torch.testing.assert_close(actual[:3], expected, atol=0, rtol=1e-9)
    assert (actual[3:] < 1e-12 * actual[0]).all()


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_every_derivative_is_finite_where_the_answer_is_not_unique(n, dtype):
    spectra = [[1.0] * (n - 1) + [-1.0], [1.0] + [0.0] * (n - 1), [0.0] * n, [1e-30] * n]
    for spectrum in spectra:
        matrix = torch.diag(torch.tensor(spectrum, dtype=dtype)).requires_grad_()
        direction = torch.arange(float(n * n), dtype=dtype).reshape(n, n).sin()
        (gradient,) = torch.autograd.grad(special_procrustes(matrix), matrix, direction)
        (graphed,) = torch.autograd.grad(
            special_procrustes(matrix), matrix, direction, create_graph=True
        )
        (second,) = torch.autograd.grad(graphed.square().sum(), matrix, allow_unused=True)
        _, forward = torch.func.jvp(special_procrustes, (matrix.detach(),), (direction,))
        for value in (gradient, second, forward):
            assert value.isfinite().all(), spectrum
        torch.testing.assert_close(gradient, graphed.detach())


@pytest.mark.parametrize("count", [1, 200])
def test_tiny_multiples_of_the_identity_have_the_gradient_of_the_zero_matrix(count):
    for size in (1e-45, 1e-40, 1e-38, 1e-30, 1e-20):
        matrix = (size * torch.eye(3)).repeat(count, 1, 1).requires_grad_()
        answer = special_procrustes(matrix)
        torch.testing.assert_close(answer, torch.eye(3).expand(count, 3, 3))
        (gradient,) = torch.autograd.grad(answer[:, 0, 1].sum(), matrix)
        assert (gradient == 0).all()
    matrix = (1e-18 * torch.eye(3)).repeat(count, 1, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(special_procrustes(matrix)[:, 0, 1].sum(), matrix)
    torch.testing.assert_close(gradient[:, 0, 1], torch.full((count,), 5e17))


@pytest.mark.parametrize("n", [4, 16])
@pytest.mark.parametrize("smallest", [1.0, 1e-2, 1e-3, 1e-4, 1e-6])
def test_float32_by_eigenvectors_has_the_value_and_gradient_of_the_decomposition(n, smallest):
    generator = torch.Generator().manual_seed(0)
    left, right = random_rotation(n, (2, 30), generator, dtype=torch.float64)
    s = torch.linspace(1, 3, n, dtype=torch.float64).expand(30, n).clone()
    s[:, 0] = smallest * torch.where(torch.arange(30) % 2 == 0, 1.0, -1.0)
    matrix = ((left * s[:, None, :]) @ right).float().requires_grad_()
    cotangent = torch.randn(30, n, n, generator=generator)
    answer = special_procrustes(matrix)
    (gradient,) = torch.autograd.grad(answer, matrix, cotangent)
    exact = matrix.detach().double().requires_grad_()
    expected = special_procrustes(exact)
    (slope,) = torch.autograd.grad(expected, exact, cotangent.double())
    torch.testing.assert_close(answer.double(), expected, atol=1e-7, rtol=0)
    torch.testing.assert_close(gradient.double(), slope, atol=2e-6, rtol=2e-6)


def test_fast_and_graphed_and_forward_derivatives_agree_with_romas(generator):
    matrix = torch.randn(500, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(500, 3, 3, generator=generator, dtype=torch.float64)
    answer = special_procrustes(matrix)
    (fast,) = torch.autograd.grad(answer, matrix, direction, retain_graph=True)
    (graphed,) = torch.autograd.grad(answer, matrix, direction, create_graph=True)
    _, forward = torch.func.jvp(special_procrustes, (matrix.detach(),), (direction,))
    theirs = roma.special_procrustes(matrix, method="svd", gradient_eps=1e-12)
    (expected,) = torch.autograd.grad(theirs, matrix, direction)
    for actual in (fast, graphed.detach(), forward):  # the derivative is its own transpose
        torch.testing.assert_close(actual, expected, atol=1e-8, rtol=1e-6)


# What RoMa asks of its special_procrustes, asked of ours.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_roma_rotation_idempotence_and_naive_twin(dtype, generator):
    for _ in range(10):
        matrix = torch.randn(10, 3, 3, generator=generator, dtype=dtype)
        answer = special_procrustes(matrix)
        assert is_rotation(answer, 1e-5).all()
        torch.testing.assert_close(special_procrustes(answer), answer, atol=1e-5, rtol=0)
        naive = roma.special_procrustes_naive(matrix)
        torch.testing.assert_close(
            answer, naive, atol=1e-3 if dtype == torch.float32 else 1e-10, rtol=0
        )


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
def test_roma_gradient_descent_reaches_the_target_from_random_and_degenerate_starts(generator):
    random = torch.randn(5, 3, 3, generator=generator)
    rank_1 = torch.diag(torch.tensor([1.0, 0.0, 0.0])).repeat(5, 1, 1)
    reflected = -torch.eye(3).repeat(5, 1, 1)
    matrix = torch.stack((random, rank_1, reflected)).requires_grad_()
    target = random_rotation(3, 5, generator)
    optimiser = torch.optim.Adam([matrix], lr=0.1)
    for _ in range(1000):
        optimiser.zero_grad()
        answer = special_procrustes(matrix)
        (answer - target).square().mean((-2, -1)).sum().backward()
        optimiser.step()
    assert is_rotation(answer, 1e-5).all()
    assert (answer - target).square().mean((-3, -2, -1)).max() < 1e-7


def test_roma_forward_mode_equals_central_differences(generator):
    matrix, direction = torch.randn(2, 10, 3, 3, generator=generator, dtype=torch.float64)
    with forward_ad.dual_level():
        dual = special_procrustes(forward_ad.make_dual(matrix, direction))
        tangent = forward_ad.unpack_dual(dual).tangent
    step = 1e-6
    ahead, behind = (special_procrustes(matrix + sign * step * direction) for sign in (1, -1))
    torch.testing.assert_close(tangent, (ahead - behind) / (2 * step), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_roma_forward_and_reverse_mode_are_adjoint(n, generator):
    matrix, direction, cotangent = torch.randn(
        3, 10, n, n, generator=generator, dtype=torch.float64
    )
    _, pushed = torch.func.jvp(special_procrustes, (matrix,), (direction,))
    _, pull = torch.func.vjp(special_procrustes, matrix)
    assert abs((pull(cotangent)[0] * direction).sum() - (cotangent * pushed).sum()) < 1e-9


def test_roma_function_transforms(generator):
    matrix = torch.randn(5, 3, 3, generator=generator, dtype=torch.float64)
    forward = torch.func.jacfwd(special_procrustes)(matrix)
    reverse = torch.autograd.functional.jacobian(special_procrustes, matrix)
    torch.testing.assert_close(forward, reverse, atol=1e-10, rtol=0)
    mapped = torch.vmap(special_procrustes)(matrix)
    torch.testing.assert_close(mapped, special_procrustes(matrix), atol=0, rtol=0)
    over_last = torch.vmap(special_procrustes, in_dims=-1, out_dims=-1)(matrix.permute(1, 2, 0))
    torch.testing.assert_close(over_last.permute(2, 0, 1), mapped, atol=0, rtol=0)
    per_sample = torch.vmap(torch.func.grad(lambda m: special_procrustes(m)[0, 1]))(matrix)
    free = matrix.clone().requires_grad_()
    special_procrustes(free)[:, 0, 1].sum().backward()
    torch.testing.assert_close(per_sample, free.grad, atol=1e-12, rtol=0)
    hessian = torch.vmap(torch.func.hessian(lambda m: special_procrustes(m)[0, 1]))(matrix)
    torch.testing.assert_close(hessian, hessian.permute(0, 3, 4, 1, 2), atol=1e-9, rtol=1e-9)


def test_gradients_of_an_alignment_reach_points_and_weights():
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(2, 2, 6, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(2, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    for kind in ({}, {"with_scale": False}, {"with_reflection": True}, {"with_translation": False}):
        assert gradcheck(
            lambda p, w, k=kind: procrustes_alignment(p[0], p[1], w, **k), (points, weights)
        )
