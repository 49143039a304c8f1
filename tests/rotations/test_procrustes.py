"""The nearest rotation against the float64 decomposition, RoMa, scipy and brute force."""

import warnings

import numpy as np
import pytest
import roma
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import orthogonal_procrustes
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from rigid_depth.book.cells.teaching.rotation_formulas import procrustes_by_svd
from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations import _procrustes3 as closed_form
from rigid_depth.rotations import (
    is_rotation,
    nearest_orthogonal,
    random_rotation,
    special_procrustes,
)

pytestmark = pytest.mark.usefixtures("few_by")
ANGLED = random_rotation(3, 2, torch.Generator().manual_seed(5), dtype=torch.float64)


def with_singular_values(*values, dtype=torch.float64):
    """A 3x3 matrix with these singular values, the last one signed like the determinant."""
    values = torch.tensor(values, dtype=torch.float64)
    return (ANGLED[0] @ torch.diag(values) @ ANGLED[1]).to(dtype)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_decomposition_in_float64(n, dtype, generator):
    matrix = torch.randn(7, 50, n, n, generator=generator, dtype=dtype)
    answer = special_procrustes(matrix)
    expected = procrustes_by_svd(matrix.double())
    assert answer.dtype == dtype
    assert (answer - expected).abs().max() < (1e-6 if dtype == torch.float32 else 1e-10)
    assert is_rotation(answer, 1e-6 if dtype == torch.float32 else 1e-12).all()


def test_hundred_thousand_float32_matrices_stay_below_the_promised_error(generator):
    matrix = torch.randn(100_000, 3, 3, generator=generator)
    assert (special_procrustes(matrix) - procrustes_by_svd(matrix.double())).abs().max() < 1e-5


@pytest.mark.parametrize("count", [0, 1, 8193, 32_769, 65_537, 70_000])
def test_chunks_cover_every_row(count, generator):
    matrix = torch.randn(count, 3, 3, generator=generator, requires_grad=True)
    answer = special_procrustes(matrix)
    cotangent = torch.randn(count, 3, 3, generator=generator)
    (gradient,) = torch.autograd.grad(answer, matrix, cotangent)
    rows = slice(None, None, max(1, count // 7))
    alone = matrix[rows].detach().double().requires_grad_()
    expected = roma.special_procrustes(alone, method="svd", gradient_eps=1e-12)
    torch.testing.assert_close(answer[rows].double(), expected, atol=1e-6, rtol=0)
    (expected_gradient,) = torch.autograd.grad(expected, alone, cotangent[rows].double())
    torch.testing.assert_close(gradient[rows].double(), expected_gradient, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("ratio", [1, 1e-1, 1e-2, 1e-3, 0.99e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("reflected", [False, True])
def test_error_grows_no_faster_than_the_conditioning(ratio, reflected):
    # gap s2 + s3 = ratio: rank 1 with a proper rest, or a reflection with s2 close to -s3.
    s2, s3 = (0.5 + ratio, -0.5) if reflected else (ratio * 0.7, ratio * 0.3)
    matrix = with_singular_values(1.0, s2, s3).expand(9, 3, 3)
    noise = 1e-3 * ratio * torch.randn(9, 3, 3, generator=torch.Generator().manual_seed(0))
    matrix = matrix + noise.double()
    expected = procrustes_by_svd(matrix)
    assert (special_procrustes(matrix) - expected).abs().max() < 1e-11 + 2e-15 / ratio
    low = matrix.float()
    assert (special_procrustes(low) - procrustes_by_svd(low.double())).abs().max() < 1e-5


def test_closed_form_alone_is_accurate_where_it_is_trusted(generator):
    matrix = torch.randn(50_000, 3, 3, generator=generator, dtype=torch.float64)
    answer, _, doubtful = closed_form.nearest_rotation_3x3(matrix)
    error = (answer - procrustes_by_svd(matrix)).abs().amax((-2, -1))
    assert error[~doubtful].max() < 1e-11
    assert doubtful.double().mean() < 1e-2


@pytest.mark.parametrize(
    "values",
    [(1, 1, 0.3), (1, 1 - 1e-9, 0.3), (1, 1, 1), (1, 1, 1 - 1e-8), (1, 1, -0.5), (1, 1, 1e-9)],
)
def test_closed_form_keeps_all_digits_where_the_cubic_has_double_roots(values):
    left, right = random_rotation(
        3, (2, 500), torch.Generator().manual_seed(0), dtype=torch.float64
    )
    matrix = left @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ right
    answer, _, doubtful = closed_form.nearest_rotation_3x3(matrix)
    assert not doubtful.any()
    assert (answer - left @ right).abs().max() < 1e-14


@pytest.mark.parametrize("scale", [1e-300, 1e-38, 1e-20, 1e-8, 1e8, 1e20, 1e38, 1e150])
def test_scale_of_the_input_does_not_matter(scale, generator, recwarn):
    matrix = torch.randn(20, 3, 3, generator=generator, dtype=torch.float64)
    answer = special_procrustes(matrix)
    torch.testing.assert_close(special_procrustes(scale * matrix), answer, atol=1e-9, rtol=0)
    if 1e-38 <= scale < 1e38:
        low = special_procrustes((scale * matrix).float())
        torch.testing.assert_close(low.double(), answer, atol=1e-4, rtol=0)
    assert not recwarn


def test_orthogonal_solution_is_scipys(generator):
    for n in (2, 3, 5):
        source, target = torch.randn(2, 20, n, generator=generator, dtype=torch.float64)
        expected = orthogonal_procrustes(source.numpy(), target.numpy())[0]
        actual = nearest_orthogonal(source.T @ target)
        torch.testing.assert_close(actual, torch.as_tensor(expected), atol=1e-10, rtol=0)


@pytest.mark.parametrize("n", [3, 16])
@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e20, 1e30])
def test_orthogonal_solution_knows_reflections_of_any_size(n, size, generator):
    matrix = torch.randn(30, n, n, generator=generator)
    expected = nearest_orthogonal(matrix)
    assert (torch.linalg.det(expected) < 0).any()
    torch.testing.assert_close(nearest_orthogonal(size * matrix), expected, atol=1e-5, rtol=0)


def test_brute_force_finds_nothing_better_when_the_best_orthogonal_map_is_a_reflection(generator):
    for matrix in torch.randn(6, 3, 3, generator=generator, dtype=torch.float64):
        matrix = matrix * -matrix.det().sign()  # negative determinant
        numpy_matrix = matrix.numpy()

        def cost(vector, m=numpy_matrix):
            return ((Rotation.from_rotvec(vector).as_matrix() - m) ** 2).sum()

        starts = Rotation.random(12, random_state=0).as_rotvec()
        best = min(minimize(cost, start, tol=1e-12).fun for start in starts)
        ours = (special_procrustes(matrix) - matrix).square().sum().item()
        assert ours == pytest.approx(best, rel=1e-7)


def test_no_random_rotation_is_nearer_in_higher_dimensions(generator):
    candidates = random_rotation(5, 2000, generator, dtype=torch.float64)
    for matrix in torch.randn(10, 5, 5, generator=generator, dtype=torch.float64):
        ours = (special_procrustes(matrix) - matrix).square().sum()
        assert ours <= (candidates - matrix).square().sum((-2, -1)).min()


@pytest.mark.parametrize(
    ("values", "unique"),
    [
        ((3.0, 1.0, 1.0), True),
        ((3.0, 1.0, 0.0), True),
        ((3.0, 2.0, -1.0), True),
        ((1.0, 1.0, 1.0), True),
        ((3.0, 1.0, -1.0), False),
        ((3.0, 0.0, 0.0), False),
        ((1.0, 1.0, -1.0), False),
        ((0.0, 0.0, 0.0), False),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_warns_exactly_where_the_nearest_rotation_is_not_unique(values, unique, dtype):
    matrix = torch.diag(torch.tensor(values, dtype=dtype))[[2, 0, 1]]  # an even permutation
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = special_procrustes(matrix)
    assert is_rotation(answer)
    assert bool(caught) is not unique
    if caught:
        assert "not unique for 1 of 1 matrices" in str(caught[0].message)


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
@pytest.mark.parametrize("n", [2, 3, 4])
def test_zero_matrix_gives_the_identity_and_a_zero_gradient(n):
    zero = torch.zeros(2, n, n, requires_grad=True)
    answer = special_procrustes(zero)
    torch.testing.assert_close(answer, torch.eye(n).expand(2, n, n))
    (gradient,) = torch.autograd.grad(answer.sum(), zero)
    assert (gradient == 0).all()


def test_rows_with_nan_or_infinity_come_back_as_nan_and_leave_the_others_alone(generator):
    for n in (3, 4):
        matrix = torch.randn(5, n, n, generator=generator)
        matrix[1, 0, 0], matrix[3, 1, 1] = torch.nan, torch.inf
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = special_procrustes(matrix)
        assert answer[[1, 3]].isnan().all()
        torch.testing.assert_close(answer[[0, 2, 4]], special_procrustes(matrix[[0, 2, 4]]))


@pytest.mark.parametrize("shape", [(1, 1), (4, 1, 1)])
def test_matrices_without_rotations_are_refused(shape):
    with pytest.raises(RigidDepthError, match="size 2 or more"):
        special_procrustes(torch.ones(shape))


entries = st.floats(-4, 4, width=32)
matrices = st.integers(2, 4).flatmap(lambda n: hnp.arrays(np.float64, (n, n), elements=entries))


def gap(matrix):
    """(s_{n-1} + s_n) / s_1 with the sign of the determinant in s_n."""
    s = torch.linalg.svdvals(matrix)
    return ((s[-2] + s[-1] * matrix.det().sign()) / s[0].clamp_min(1e-300)).item()


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
@given(matrices)
def test_any_matrix_gives_a_rotation_and_projecting_twice_changes_nothing(matrix):
    answer = special_procrustes(torch.as_tensor(matrix))
    assert is_rotation(answer, 1e-9)
    torch.testing.assert_close(special_procrustes(answer), answer, atol=1e-9, rtol=0)


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
@given(matrices, st.integers(0, 2**31), st.floats(0.1, 10))
def test_turning_or_scaling_the_matrix_turns_the_answer(matrix, seed, scale):
    matrix = torch.as_tensor(matrix)
    if gap(matrix) < 1e-3:
        return
    generator = torch.Generator().manual_seed(seed)
    left, right = random_rotation(len(matrix), 2, generator, dtype=torch.float64)
    actual = special_procrustes(scale * left @ matrix @ right)
    expected = left @ special_procrustes(matrix) @ right
    torch.testing.assert_close(actual, expected, atol=1e-9, rtol=0)
    torch.testing.assert_close(
        special_procrustes(matrix.T), special_procrustes(matrix).T, atol=1e-9, rtol=0
    )
