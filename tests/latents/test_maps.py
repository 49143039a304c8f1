"""Closed-form maps against scipy, scikit-learn and brute force, and the pairs they need."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group, special_ortho_group
from sklearn.linear_model import LinearRegression, Ridge

from rigid_depth.errors import RigidDepthError
from rigid_depth.latents import KINDS, fit_map, pairs_needed


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def noisy_pairs(n=60, d=5, seed=0):
    x = randn(n, d, seed=seed) + 2
    return x, x @ randn(d, d, seed=seed + 1) - 1 + 0.3 * randn(n, d, seed=seed + 2)


def cost(mapping, x, y):
    return (mapping(x) - y).square().sum().item()


def test_mean_moves_the_mean_only():
    x, y = noisy_pairs()
    mapping = fit_map(x, y, "mean")
    torch.testing.assert_close(mapping(x), x - x.mean(0) + y.mean(0))


def test_orthogonal_is_scipys():
    x, y = noisy_pairs()
    bare = fit_map(x, y, "orthogonal", centre=False, with_scale=False)
    expected, nuclear = scipy.linalg.orthogonal_procrustes(x.numpy(), y.numpy())
    np.testing.assert_allclose(bare.weight, expected, atol=1e-10)
    scaled = fit_map(x, y, "orthogonal", centre=False)
    np.testing.assert_allclose(scaled.weight, expected * nuclear / x.square().sum(), atol=1e-10)


def test_procrustes_with_scale_and_centre_leaves_scipys_disparity():
    x, y = noisy_pairs()
    left = cost(fit_map(x, y, "orthogonal"), x, y) / (y - y.mean(0)).square().sum()
    _, _, disparity = scipy.spatial.procrustes(y.numpy(), x.numpy())
    assert left.item() == pytest.approx(disparity)


def rotations_2d(count):
    angle = torch.linspace(0, 2 * math.pi, count, dtype=torch.float64)
    c, s = angle.cos(), angle.sin()
    return torch.stack([torch.stack([c, s], -1), torch.stack([-s, c], -1)], -1)


def test_rotation_and_orthogonal_against_brute_force_where_a_reflection_is_best():
    x = randn(20, 2)
    y = x @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64)) + 0.1 * randn(20, 2, seed=1)
    candidates = rotations_2d(20000)
    mirrored = candidates @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))
    options = {"centre": False, "with_scale": False}
    best = [((x @ r - y) ** 2).sum((-1, -2)).min().item() for r in (candidates, mirrored)]
    rotation, orthogonal = (fit_map(x, y, k, **options) for k in ("rotation", "orthogonal"))
    assert cost(rotation, x, y) == pytest.approx(best[0], rel=1e-5)
    assert cost(orthogonal, x, y) == pytest.approx(best[1], rel=1e-5)  # the step of the search
    assert torch.det(rotation.weight) > 0 > torch.det(orthogonal.weight)
    assert cost(orthogonal, x, y) < cost(rotation, x, y)


@pytest.mark.parametrize("kind", ["rotation", "orthogonal", "linear", "affine"])
def test_no_neighbour_is_better(kind):
    """Brute force in five dimensions: small steps inside the family never lower the cost."""
    x, y = noisy_pairs()
    mapping = fit_map(x, y, kind)
    best = cost(mapping, x, y)
    for seed in range(20):
        step = 1e-3 * randn(5, 5, seed=seed + 10)
        if kind in ("rotation", "orthogonal"):
            weight = mapping.weight @ torch.matrix_exp(step - step.T) * (1 + step[0, 0])
        else:
            weight = mapping.weight + step
        moved = type(mapping)(weight, mapping.source_mean, mapping.target_mean)
        assert cost(moved, x, y) > best


def test_linear_and_affine_are_least_squares():
    x, y = noisy_pairs()
    y = y[:, :3]
    expected, *_ = np.linalg.lstsq(x.numpy(), y.numpy(), rcond=None)
    np.testing.assert_allclose(fit_map(x, y, "linear").weight, expected, atol=1e-10)
    regression = LinearRegression().fit(x, y)
    np.testing.assert_allclose(fit_map(x, y, "affine")(x), regression.predict(x), atol=1e-10)


def test_ridge_is_scikit_learns_in_units_of_the_mean_variance():
    x, y = noisy_pairs()
    alpha = 0.1 * x.square().sum().item() / 5
    ridge = Ridge(alpha=alpha, fit_intercept=False).fit(x, y)
    np.testing.assert_allclose(fit_map(x, y, "linear", ridge=0.1)(x), ridge.predict(x), atol=1e-10)
    centred = (x - x.mean(0)).square().sum().item() / 5
    ridge = Ridge(alpha=0.1 * centred).fit(x, y)
    np.testing.assert_allclose(fit_map(x, y, "affine", ridge=0.1)(x), ridge.predict(x), atol=1e-10)


def test_coral_matches_mean_and_covariance_of_unpaired_rows_and_not_the_pairs():
    x, y = noisy_pairs()
    more = torch.cat([y, y[:17] + 1])
    mapped = fit_map(x, more, "coral")(x)
    np.testing.assert_allclose(np.cov(mapped.numpy().T), np.cov(more.numpy().T), atol=1e-9)
    torch.testing.assert_close(mapped.mean(0), more.mean(0))
    shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(0))]
    torch.testing.assert_close(fit_map(x, shuffled, "coral")(x), fit_map(x, y, "coral")(x))


def test_coral_is_the_whitening_and_colouring_of_scipy():
    x, y = noisy_pairs()
    root = scipy.linalg.sqrtm(np.cov(y.numpy().T)).real
    inverse = np.linalg.inv(scipy.linalg.sqrtm(np.cov(x.numpy().T)).real)
    np.testing.assert_allclose(fit_map(x, y, "coral").weight, inverse @ root, atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(["rotation", "orthogonal", "linear", "affine"]),
    d=st.integers(2, 8),
    extra=st.integers(0, 5),
    scale=st.floats(0.1, 10),
    seed=st.integers(0, 10**6),
)
def test_each_kind_recovers_itself_from_just_enough_pairs(kind, d, extra, scale, seed):
    x = randn(pairs_needed(kind, d) + extra, d, seed=seed)
    family = {"rotation": special_ortho_group, "orthogonal": ortho_group}
    if kind in family:
        weight = scale * torch.from_numpy(family[kind].rvs(d, random_state=seed))
    else:
        weight = scale * randn(d, d, seed=seed + 1)
    offset = 0 if kind == "linear" else randn(1, d, seed=seed + 2)
    mapping = fit_map(x, x @ weight + offset, kind)
    new = randn(7, d, seed=seed + 3)
    torch.testing.assert_close(mapping(new), new @ weight + offset, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["rotation", "orthogonal", "linear", "affine", "coral"])
def test_too_few_pairs_are_refused_with_the_number_needed(kind):
    needed = pairs_needed(kind, 4)
    x = randn(needed - 1, 4)
    with pytest.raises(RigidDepthError, match=f"needs {needed} pairs of rows and has {needed - 1}"):
        fit_map(x, x, kind)


@pytest.mark.parametrize("centre", [False, True])
def test_one_pair_fewer_leaves_a_rotation_open(centre):
    """A turn in the plane that no (centred) point has a part in changes no mapped point."""
    d = 5
    x = randn(pairs_needed("rotation", d, centre) - 1, d)
    centred = x - x.mean(0) if centre else x
    *_, basis = np.linalg.svd(centred.numpy())
    basis = torch.from_numpy(basis)
    turn = torch.eye(d, dtype=torch.float64)
    turn[-2:, -2:] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    torch.testing.assert_close(centred @ (basis.T @ turn @ basis), centred)


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
def test_underdetermined_answers_are_the_documented_ones():
    x, y = randn(3, 5), randn(3, 5, seed=1)
    linear = fit_map(x, y, "linear", allow_underdetermined=True)
    np.testing.assert_allclose(linear.weight, np.linalg.pinv(x.numpy()) @ y.numpy(), atol=1e-10)
    for kind in ("rotation", "orthogonal"):
        some = fit_map(x, y, kind, centre=False, with_scale=False, allow_underdetermined=True)
        torch.testing.assert_close(some.weight @ some.weight.T, torch.eye(5, dtype=torch.float64))
        nuclear = torch.linalg.svdvals(x.T @ y).sum()
        expected = x.square().sum() + y.square().sum() - 2 * nuclear
        assert cost(some, x, y) == pytest.approx(expected.item())
    coral = fit_map(x, y, "coral", allow_underdetermined=True)
    assert coral.weight.isfinite().all()


def test_a_ridge_pulls_to_the_identity_to_zero_and_to_the_isotropic():
    x, y = noisy_pairs()
    rotation = fit_map(x, y, "rotation", ridge=1e6, with_scale=False)
    torch.testing.assert_close(
        rotation.weight, torch.eye(5, dtype=torch.float64), atol=1e-5, rtol=0
    )
    assert fit_map(x, y, "affine", ridge=1e9).weight.abs().max() < 1e-7
    coral = fit_map(x, y, "coral", ridge=1e9).weight
    spread = [v.var(0).mean().sqrt() for v in (x, y)]
    expected = torch.eye(5, dtype=torch.float64) * spread[1] / spread[0]
    torch.testing.assert_close(coral, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ridge", [0.0, 0.01])
def test_batches_are_fitted_one_by_one(kind, ridge):
    x, y = randn(2, 3, 30, 4), randn(2, 3, 30, 4, seed=1)
    together = fit_map(x, y, kind, ridge=ridge)(x)
    assert together.shape == x.shape
    for i in range(2):
        for j in range(3):
            single = fit_map(x[i, j], y[i, j], kind, ridge=ridge)(x[i, j])
            torch.testing.assert_close(together[i, j], single)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_comes_back_as_such_and_as_exact(kind):
    x, y = noisy_pairs()
    mapped = fit_map(x.float(), y.float(), kind)(x.float())
    assert mapped.dtype == torch.float32
    torch.testing.assert_close(mapped, fit_map(x, y, kind)(x).float(), atol=1e-4, rtol=1e-4)


def test_no_gradient_flows_into_the_fit_but_through_the_map():
    x, y = noisy_pairs()
    mapping = fit_map(x.requires_grad_(), y, "affine")
    assert not mapping.weight.requires_grad
    mapping(x).sum().backward()
    torch.testing.assert_close(x.grad[0], mapping.weight.sum(1))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: fit_map(x, x, "affin"), "affin"),
        (lambda x: fit_map(x, x[:, :3], "rotation"), "source has 4 and target 3"),
        (lambda x: fit_map(x, x[:7], "linear"), "9 rows and target 7"),
        (lambda x: fit_map(x, x, "linear", ridge=-1.0), "ridge"),
    ],
)
def test_bad_calls_are_named(call, said):
    with pytest.raises(RigidDepthError, match=said):
        call(randn(9, 4))
