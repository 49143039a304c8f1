"""CORAL against NumPy, the thesis's formula, and what it cannot see."""

import numpy as np
import pytest
import torch

from rigid_depth.losses import coral, covariance, normalised_coral


def rows(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def printed_covariance(rows):
    """Section 5.2 as printed."""
    n = len(rows)
    ones = rows.new_ones(1, n)
    return (rows.T @ rows - (ones @ rows).T @ (ones @ rows) / n) / (n - 1)


def test_covariance_is_numpys_and_the_printed_one():
    x = rows(37, 8) @ rows(8, 8, seed=1) + 3
    np.testing.assert_allclose(covariance(x), np.cov(x.numpy().T), atol=1e-12)
    torch.testing.assert_close(covariance(x), printed_covariance(x))


def test_value_is_the_formula_and_a_quarter_of_the_mean_squared_error():
    x, y = rows(37, 8) * 2 + 3, rows(51, 8, seed=1)
    difference = np.cov(x.numpy().T) - np.cov(y.numpy().T)
    assert coral(x, y).item() == pytest.approx((difference**2).sum() / (4 * 8**2))
    mse = torch.nn.functional.mse_loss(covariance(x), covariance(y))
    torch.testing.assert_close(coral(x, y), mse / 4)


def test_batch_is_the_mean_of_its_entries():
    x, y = rows(5, 20, 4), rows(5, 30, 4, seed=1)
    single = torch.stack([coral(a, b) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(coral(x, y), single.mean())


def test_blind_to_means_and_pairing():
    x, y = rows(40, 6), rows(40, 6, seed=1) * 2
    shuffled = y[torch.randperm(40, generator=torch.Generator().manual_seed(2))]
    torch.testing.assert_close(coral(x + 100, y), coral(x, y))
    torch.testing.assert_close(coral(x, shuffled), coral(x, y))
    assert coral(y, shuffled).item() < 1e-25


def test_scales_with_the_fourth_power_and_a_collapse_costs_nothing():
    x, y = rows(40, 6), rows(40, 6, seed=1) * 2
    torch.testing.assert_close(coral(0.1 * x, 0.1 * y), 1e-4 * coral(x, y))
    assert coral(0 * x, 0 * y) == 0


def test_mask_equals_leaving_rows_out():
    x, y = rows(40, 6), rows(30, 6, seed=1)
    keep = torch.arange(40) % 3 > 0
    bad = torch.where(keep[:, None], x, torch.nan)
    torch.testing.assert_close(coral(bad, y, keep), coral(x[keep], y))


@pytest.mark.parametrize("count", [0, 1])
def test_without_a_covariance_the_loss_and_all_gradients_are_zero(count):
    x, y = rows(10, 4).requires_grad_(), rows(10, 4, seed=1).requires_grad_()
    loss = coral(x, y, torch.arange(10) < count)
    loss.backward()
    assert loss == 0
    assert (x.grad == 0).all()
    assert (y.grad == 0).all()


def test_gradcheck():
    x, y = rows(7, 3).requires_grad_(), rows(5, 3, seed=1).requires_grad_()
    mask = torch.arange(7) != 2
    assert torch.autograd.gradcheck(lambda a, b: coral(a, b, mask), (x, y))


def test_bfloat16_is_computed_in_float32_also_under_autocast():
    x, y = rows(300, 16).bfloat16() + 2, rows(300, 16, seed=1).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = coral(x, y)
        same = coral(x.float(), y.float())
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, coral(x.double(), y.double()).float(), rtol=1e-4, atol=1e-9)
    torch.testing.assert_close(same, loss)


def test_normalised_is_coral_of_sets_of_one_size():
    """Divided by the root of their common mean variance; 4 d^2 and (2 d)^2 cancel."""
    x, y = rows(40, 6), rows(40, 6, seed=1) * 2
    variance = (covariance(x).trace() + covariance(y).trace()) / (2 * 6)
    scale = variance.sqrt()
    torch.testing.assert_close(normalised_coral(x, y), coral(x / scale, y / scale))


def test_normalised_does_not_fall_with_a_common_scale_but_sees_one_set_shrink():
    x, y = rows(40, 6), rows(40, 6, seed=1) * 2
    torch.testing.assert_close(normalised_coral(0.01 * x, 0.01 * y), normalised_coral(x, y))
    assert normalised_coral(0.01 * x, y) > normalised_coral(x, y)
    assert normalised_coral(x, x) == 0


def test_normalised_goes_from_0_to_1():
    line = rows(40, 1) * torch.tensor([[1.0, 0, 0]])
    point = torch.zeros(40, 3, dtype=torch.float64)
    assert normalised_coral(line, point).item() == pytest.approx(1)
    x = point.clone().requires_grad_()
    loss = normalised_coral(x, point)
    loss.backward()
    assert loss == 0
    assert (x.grad == 0).all()
