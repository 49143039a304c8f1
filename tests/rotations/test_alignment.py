"""Alignment of point sets against Umeyama's formulas, scipy, RoMa and a general optimiser."""

import numpy as np
import pytest
import roma
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from rigid_depth.book.cells.teaching.rotation_formulas import alignment_by_algorithm_1
from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations import Similarity, procrustes_alignment, random_rotation

OPTIONS = ("with_scale", "with_translation", "with_reflection")


def clouds(n=3, count=40, batch=(), noise=0.1, mirrored=False, seed=0, scale=1.7):
    """Source, target, and the similarity between them before noise."""
    generator = torch.Generator().manual_seed(seed)
    source = torch.randn(*batch, count, n, generator=generator, dtype=torch.float64)
    source = source * torch.linspace(2, 0.7, n).double() + 3
    rotation = random_rotation(n, batch, generator, dtype=torch.float64)
    if mirrored:
        rotation = torch.cat((-rotation[..., :1], rotation[..., 1:]), dim=-1)
    translation = torch.randn(*batch, n, generator=generator, dtype=torch.float64)
    truth = Similarity(rotation, torch.full(batch, scale, dtype=torch.float64), translation)
    wobble = noise * torch.randn(*batch, count, n, generator=generator, dtype=torch.float64)
    return source, truth.apply(source) + wobble, truth


def cost(similarity, source, target, weights=None):
    squares = (similarity.apply(source) - target).square().sum(-1)
    return (squares if weights is None else squares * weights).sum(-1)


def umeyama(x, y, weights):
    """Umeyama 1991, equations 34 to 42, in numpy with weights."""
    w = weights / weights.sum()
    mx, my = w @ x, w @ y
    u, d, vt = np.linalg.svd((y - my).T @ np.diag(w) @ (x - mx))
    s = np.ones(len(d))
    s[-1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    r = u @ np.diag(s) @ vt
    c = (d * s).sum() / (w @ ((x - mx) ** 2).sum(1))
    return r, c, my - c * r @ mx


def close(actual, expected, atol=1e-10):
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, torch.as_tensor(e), atol=atol, rtol=0)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_recovers_a_noiseless_similarity(n):
    source, target, truth = clouds(n, batch=(4,), noise=0.0)
    close(procrustes_alignment(source, target), truth)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_equals_umeyama_algorithm_1_and_roma(n, mirrored):
    source, target, _ = clouds(n, mirrored=mirrored)
    weights = torch.rand(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ours = procrustes_alignment(source, target, weights)
    expected = umeyama(source.numpy(), target.numpy(), weights.numpy())
    close(ours, [np.asarray(value) for value in expected])
    theirs = roma.rigid_points_registration(source, target, weights, compute_scaling=True)
    close((ours.rotation, ours.translation, ours.scale), theirs, 1e-9)
    close(procrustes_alignment(source, target), alignment_by_algorithm_1(source, target))


def test_rotation_alone_is_scipys():
    source, target, _ = clouds(scale=1.0)
    weights = torch.rand(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ours = procrustes_alignment(source, target, weights, with_scale=False, with_translation=False)
    expected, _ = Rotation.align_vectors(target.numpy(), source.numpy(), weights.numpy())
    torch.testing.assert_close(ours.rotation, torch.as_tensor(expected.as_matrix()))
    assert ours.scale == 1
    assert (ours.translation == 0).all()


@pytest.mark.parametrize("option", [{}, {"with_scale": False}, {"with_translation": False}])
def test_a_general_optimiser_finds_nothing_better_where_a_reflection_would_fit_best(option):
    source, target, _ = clouds(mirrored=True, noise=0.3, count=15)
    ours = procrustes_alignment(source, target, **option)

    def cost_of(numbers):
        rotation = torch.as_tensor(Rotation.from_rotvec(numbers[:3]).as_matrix())
        scale = torch.tensor(
            1.0 if option.get("with_scale") is False else np.exp(numbers[3])
        ).double()
        moves = option.get("with_translation", True)
        translation = torch.as_tensor(numbers[4:]) if moves else torch.zeros(3).double()
        return cost(Similarity(rotation, scale, translation), source, target).item()

    starts = Rotation.random(8, random_state=0).as_rotvec()
    found = min(minimize(cost_of, [*start, 0, 0, 0, 0], method="BFGS").fun for start in starts)
    assert cost(ours, source, target).item() <= found * (1 + 1e-6)


def test_reflection_is_found_only_when_allowed():
    source, target, truth = clouds(mirrored=True, noise=0.0)
    close(procrustes_alignment(source, target, with_reflection=True), truth)
    assert procrustes_alignment(source, target).rotation.det() > 0


def test_missing_correspondences_are_those_one_leaves_out():
    source, target, _ = clouds(batch=(2,))
    kept = torch.ones(2, 40, dtype=torch.bool)
    kept[0, ::3] = False
    kept[1, 5:25] = False
    holes = source.clone()
    holes[~kept] = torch.nan
    half = target.clone()
    half[..., 0][~kept] = torch.nan
    everything = [
        procrustes_alignment(holes, target),
        procrustes_alignment(source, half),
        procrustes_alignment(source, target, kept.double()),
    ]
    for k in range(2):
        expected = procrustes_alignment(source[k][kept[k]], target[k][kept[k]])
        for answer in everything:
            close([field[k] for field in answer], expected)


def test_missing_points_do_not_poison_gradients():
    source, target, _ = clouds(count=6)
    source[2] = torch.nan
    source.requires_grad_()
    loss = cost(procrustes_alignment(source, target), source.nan_to_num(), target)
    (gradient,) = torch.autograd.grad(loss, source)
    assert gradient[[0, 1, 3, 4, 5]].isfinite().all()


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
def test_points_that_coincide_give_a_finite_answer():
    source = torch.ones(5, 3, requires_grad=True)
    answer = procrustes_alignment(source, torch.arange(15.0).reshape(5, 3))
    assert answer.scale == 1
    torch.testing.assert_close(answer.rotation, torch.eye(3))
    torch.testing.assert_close(answer.translation, torch.tensor([5.0, 6.0, 7.0]))
    (gradient,) = torch.autograd.grad(sum(field.sum() for field in answer), source)
    assert gradient.isfinite().all()


def test_refusals_name_the_fault():
    points = torch.randn(4, 3)
    with pytest.raises((RigidDepthError, TypeCheckError)):
        procrustes_alignment(points, torch.randn(4, 2))
    with pytest.raises(RigidDepthError, match="negative"):
        procrustes_alignment(points, points, torch.tensor([1.0, -1.0, 1.0, 1.0]))
    with pytest.raises(RigidDepthError, match="no correspondence"):
        procrustes_alignment(points, points * torch.nan)


@pytest.mark.parametrize("shape", [(4, 1), (3,), (1, 4), (2, 4), ()])
def test_weights_of_another_shape_are_refused(shape):
    points = torch.randn(4, 3)
    with pytest.raises(RigidDepthError, match=r"one number per row of the points, \[4\]"):
        procrustes_alignment(points, points, torch.ones(shape))


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan, 1e300, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("flags", [(True, True, False), (False, False, True)])
def test_a_weight_of_zero_silences_its_row_whatever_it_holds(value, dtype, flags):
    source, target, _ = (clouds(count=12)[k] for k in range(3))
    options = dict(zip(OPTIONS, flags, strict=True))
    expected = procrustes_alignment(source[2:].to(dtype), target[2:].to(dtype), **options)
    source, target = source.to(dtype), target.to(dtype)
    source[0] = target[1, 2] = torch.tensor(value, dtype=torch.float64).to(dtype)
    weights = torch.ones(12, dtype=dtype)
    weights[:2] = 0
    source.requires_grad_()
    answer = procrustes_alignment(source, target, weights, **options)
    for actual, alone in zip(answer, expected, strict=True):
        torch.testing.assert_close(actual.detach(), alone, atol=1e-5, rtol=1e-5)
    total = sum(field.square().sum() for field in answer)
    (gradient,) = torch.autograd.grad(total + answer.rotation[0, 1], source)
    assert gradient.isfinite().all()
    assert (gradient[0] == 0).all()


def test_a_weight_of_zero_keeps_its_derivative():
    source, target, _ = clouds(count=8)
    weights = torch.tensor([0.0, 1, 2, 1, 1, 1, 3, 1], dtype=torch.float64, requires_grad=True)

    def scale(w):
        return procrustes_alignment(source, target, w).scale

    (gradient,) = torch.autograd.grad(scale(weights), weights)
    step = torch.zeros(8, dtype=torch.float64)
    step[0] = 1e-7
    forward = (scale(weights + step) - scale(weights)) / 1e-7
    torch.testing.assert_close(gradient[0], forward, atol=1e-6, rtol=1e-5)


def test_float32_clouds_far_from_the_origin_keep_their_digits():
    source, target, _ = clouds(noise=0.0)
    far = torch.tensor([1e6, -2e6, 3e6])
    source, target = (256 * source + far).float(), (256 * target - far).float()
    answer = procrustes_alignment(source, target)
    best = procrustes_alignment(source.double(), target.double())
    torch.testing.assert_close(answer.scale.double(), best.scale, atol=0, rtol=1e-6)
    torch.testing.assert_close(answer.rotation.double(), best.rotation, atol=1e-6, rtol=0)
    # The translation belongs to the rounded rotation: far points land where they should.
    off = answer.apply(source.double()) - target
    assert off.abs().max() < 0.5  # the spacing of float32 numbers at 3e6 is 0.25


@pytest.mark.parametrize(("size", "dtype"), [
    (1e-22, torch.float32), (1e-30, torch.float32), (1e20, torch.float32), (1e30, torch.float32),
    (1e-200, torch.float64), (1e200, torch.float64),
])  # fmt: skip
def test_the_size_of_the_clouds_does_not_matter(size, dtype):
    source, target, _ = clouds(noise=0.05)
    expected = procrustes_alignment(source, target)
    small = (size * source).to(dtype).requires_grad_()
    answer = procrustes_alignment(small, target.to(dtype))
    tolerance = {"atol": 1e-5, "rtol": 1e-5}
    torch.testing.assert_close(answer.rotation.double(), expected.rotation, **tolerance)
    torch.testing.assert_close(answer.translation.double(), expected.translation, **tolerance)
    torch.testing.assert_close(size * answer.scale.double(), expected.scale, **tolerance)
    (gradient,) = torch.autograd.grad(answer.translation[0], small)
    free = source.clone().requires_grad_()
    (slope,) = torch.autograd.grad(procrustes_alignment(free, target).translation[0], free)
    torch.testing.assert_close(size * gradient.double(), slope, atol=1e-5, rtol=1e-4)


@given(
    st.integers(0, 10_000), st.integers(2, 4), st.floats(0.1, 5), st.tuples(*[st.booleans()] * 3)
)
def test_no_small_change_of_the_answer_costs_less(seed, n, scale, flags):
    source, target, _ = clouds(n, 12, noise=0.5, seed=seed, mirrored=seed % 2 == 0, scale=scale)
    options = dict(zip(OPTIONS, flags, strict=True))
    best = procrustes_alignment(source, target, **options)
    lowest = cost(best, source, target)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(5):
        wobble = 0.05 * torch.randn(n, n, generator=generator, dtype=torch.float64)
        changed = Similarity(
            best.rotation @ torch.linalg.matrix_exp(wobble - wobble.T),
            best.scale * (1 + (0.05 * wobble[0, 0] if options["with_scale"] else 0)),
            best.translation + (0.1 * wobble[0] if options["with_translation"] else 0),
        )
        assert cost(changed, source, target) >= lowest * (1 - 1e-12)
