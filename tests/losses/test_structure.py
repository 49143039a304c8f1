"""Sobel and SSIM against kornia, scikit-image and torchmetrics, on dense and on sparse depth."""

import kornia
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import slope_magnitude, sobel, sobel_loss, ssim, ssim_loss, ssim_map


def rand(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pair(size=(24, 28)):
    target = rand(2, 1, *size)
    return (target + 0.2 * rand(2, 1, *size, seed=1)).clamp(0, 1), target


def ones(x):
    return torch.ones_like(x, dtype=torch.bool)


def ramp(right, down, size=(20, 22)):
    rows, columns = (torch.arange(n, dtype=torch.float64) for n in size)
    return (right * columns + down * rows[:, None])[None, None]


LOSSES = [
    sobel_loss,
    lambda p, t, m: sobel_loss(p, t, m, compare="components"),
    ssim_loss,
    lambda p, t, m: ssim_loss(p, t, m, window=5, min_share=0.3),
]


@pytest.mark.parametrize("loss", LOSSES)
def test_empty_mask_gives_zero_with_gradient_zero(loss):
    pred, target = pair()
    pred.requires_grad_()
    value = loss(pred, target, ~ones(pred))
    value.backward()
    assert value == 0
    assert (pred.grad == 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_what_lies_outside_the_mask_does_not_matter(loss):
    pred, target = pair()
    mask = rand(*pred.shape, seed=5) < 0.97
    bad = torch.where(mask, pred, torch.nan).requires_grad_()
    value = loss(bad, torch.where(mask, target, torch.nan), mask)
    value.backward()
    torch.testing.assert_close(value, loss(pred, target, mask))
    assert value > 0
    assert bad.grad.isfinite().all()
    assert (bad.grad[~mask] == 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_gradcheck(loss):
    pred, target = pair((11, 13))
    mask = ones(pred)
    mask[0, 0, 3, 4] = False
    assert torch.autograd.gradcheck(lambda p: loss(p, target, mask), pred.requires_grad_())


@pytest.mark.parametrize("loss", LOSSES)
def test_16_bit_input_and_autocast_are_computed_in_float32(loss):
    pred, target = (x.bfloat16() for x in pair())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = loss(pred, target, ones(pred)), loss(pred.float(), target.float(), ones(pred))
    expected = loss(pred.double(), target.double(), ones(pred)).float()
    for value in values:
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("loss", LOSSES)
def test_equal_maps_cost_nothing_even_flat_ones(loss):
    flat = torch.full((1, 1, 16, 16), 0.3, dtype=torch.float64, requires_grad=True)
    value = loss(flat, flat.detach(), ones(flat))
    value.backward()
    assert value.abs() < 1e-12
    assert flat.grad.isfinite().all()


def test_sobel_of_a_ramp_is_its_slope_and_the_bare_kernel_eight_times_as_steep():
    slopes = sobel(ramp(0.3, 0.4))
    torch.testing.assert_close(slopes[0], torch.full_like(slopes[0], 0.3))
    torch.testing.assert_close(slopes[1], torch.full_like(slopes[1], 0.4))
    torch.testing.assert_close(slope_magnitude(slopes), torch.full_like(slopes[0], 0.5))
    torch.testing.assert_close(sobel(ramp(0.3, 0.4), normalised=False), 8 * slopes)


def test_sobel_is_kornias():
    _, target = pair()
    expected = kornia.filters.spatial_gradient(target)[..., 1:-1, 1:-1]  # [b, c, 2, h, w]
    torch.testing.assert_close(sobel(target).movedim(0, 2), expected)
    magnitude = kornia.filters.sobel(target, eps=1e-12)[..., 1:-1, 1:-1]
    torch.testing.assert_close(slope_magnitude(sobel(target)), magnitude)


def test_sobel_loss_by_hand():
    a, b = ramp(0.3, 0.4), ramp(0.6, 0.8)
    assert sobel_loss(a, b, ones(a)).item() == pytest.approx(0.25)
    assert sobel_loss(a, b, ones(a), compare="components").item() == pytest.approx(0.25)
    assert sobel_loss(a, b, ones(a), normalised=False).item() == pytest.approx(64 * 0.25)


def test_the_magnitude_does_not_see_the_direction():
    up = ramp(0.3, 0.0)
    assert sobel_loss(up, -up, ones(up)).item() == pytest.approx(0)
    assert sobel_loss(up, -up, ones(up), compare="components").item() == pytest.approx(0.36)


def test_zeros_between_sparse_points_look_like_edges():
    dense = 0.1 + 0.02 * rand(1, 1, 64, 64)
    mask = rand(1, 1, 64, 64, seed=1) < 0.05
    filled = torch.where(mask, dense, 0)
    steepness = [slope_magnitude(sobel(x)).mean() for x in (dense, filled)]
    assert steepness[1] > 2 * steepness[0]
    assert sobel_loss(dense, filled, ones(dense)) > 100 * sobel_loss(dense, dense + 0, mask)
    assert sobel_loss(dense, filled, mask) == 0  # no neighbourhood is whole


def test_a_neighbourhood_counts_if_all_nine_pixels_do():
    pred, target = pair()
    mask = rand(*pred.shape, seed=3) < 0.9
    height, width = pred.shape[-2:]
    costs = [
        (slope_magnitude(sobel(p)) - slope_magnitude(sobel(t))).square()
        for i in range(2)
        for r in range(height - 2)
        for c in range(width - 2)
        if mask[i, 0, r : r + 3, c : c + 3].all()
        for p, t in [[x[i : i + 1, :, r : r + 3, c : c + 3] for x in (pred, target)]]
    ]
    assert 100 < len(costs) < 0.6 * mask.numel()
    torch.testing.assert_close(sobel_loss(pred, target, mask), torch.stack(costs).mean())


def inner(x, border=5):
    return x[..., border:-border, border:-border]


def test_dense_ssim_is_scikit_images_and_torchmetrics():
    pred, target = pair()
    index, valid = ssim_map(pred, target, ones(pred))
    assert inner(valid).all()
    assert valid.sum() == inner(valid).numel()
    for i in range(2):
        _, expected = structural_similarity(
            pred[i, 0].numpy(),
            target[i, 0].numpy(),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        np.testing.assert_allclose(inner(index[i, 0]), inner(torch.from_numpy(expected)), atol=1e-9)
    _, full = structural_similarity_index_measure(
        pred, target, data_range=1.0, return_full_image=True
    )
    torch.testing.assert_close(inner(index), inner(full), atol=1e-6, rtol=0)


def test_ssim_is_kornias_with_another_window_and_range():
    pred, target = (80 * x for x in pair())
    index, _ = ssim_map(pred, target, ones(pred), window=7, data_range=80.0)
    expected = kornia.metrics.ssim(pred, target, 7, max_val=80.0)
    torch.testing.assert_close(inner(index), inner(expected), atol=1e-6, rtol=0)


def test_ssim_is_the_mean_and_the_loss_one_minus_it():
    pred, target = pair()
    index, valid = ssim_map(pred, target, ones(pred))
    torch.testing.assert_close(ssim(pred, target, ones(pred)), index[valid].mean())
    torch.testing.assert_close(ssim_loss(pred, target, ones(pred)), 1 - index[valid].mean())
    assert ssim(pred, target, ~ones(pred)).isnan()


def test_ssim_loss_lies_between_zero_and_two():
    board = (ramp(1.0, 1.0) % 2) * 2 - 1
    assert ssim_loss(board, board, ones(board)).item() == pytest.approx(0)
    assert ssim_loss(board, -board, ones(board)).item() == pytest.approx(2, abs=2e-3)


def test_sparse_ssim_takes_the_moments_over_valid_pixels_by_hand():
    pred, target = rand(1, 1, 5, 5), rand(1, 1, 5, 5, seed=1)
    mask = rand(1, 1, 5, 5, seed=2) < 0.5
    options = {"window": 5, "sigma": 1e6}  # all 25 pixels weigh the same
    x, y = pred[mask], target[mask]
    c1, c2 = 0.01**2, 0.03**2
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    expected = (2 * x.mean() * y.mean() + c1) / (x.mean() ** 2 + y.mean() ** 2 + c1)
    variances = x.var(correction=0) + y.var(correction=0)
    expected = expected * (2 * covariance + c2) / (variances + c2)
    index, valid = ssim_map(pred, target, mask, min_share=0.2, **options)
    assert valid[0, 0, 2, 2]
    torch.testing.assert_close(index[0, 0, 2, 2], expected)
    assert not ssim_map(pred, target, mask, **options)[1].any()


@pytest.mark.parametrize("options", [{"window": 10}, {"min_share": 0.0}])
def test_bad_options_are_named(options):
    pred, target = pair()
    with pytest.raises(RigidDepthError, match="allowed"):
        ssim(pred, target, ones(pred), **options)
