"""Huber, BerHu and the logit loss against torch, and what the thesis claims about them."""

import math

import pytest
import torch
import torch.nn.functional as F

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import berhu, huber, inverse_sigmoid, logit_loss, masked_mae, masked_mse


def rand(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pair(seed=0):
    return rand(2, 1, 6, 7, seed=seed), rand(2, 1, 6, 7, seed=seed + 1)


def some(shape=(2, 1, 6, 7)):
    return rand(*shape, seed=9) < 0.4


ALL = [
    huber,
    lambda p, t, m: huber(p, t, m, 0.3),
    berhu,
    lambda p, t, m: berhu(p, t, m, "image"),
    lambda p, t, m: berhu(p, t, m, 0.3),
    logit_loss,
    lambda p, t, m: logit_loss(p, t, m, from_logits=True),
    masked_mae,
]


@pytest.mark.parametrize("loss", ALL)
def test_empty_mask_gives_zero_with_gradient_zero(loss):
    pred, target = pair()
    pred.requires_grad_()
    value = loss(pred, target, torch.zeros_like(target, dtype=torch.bool))
    value.backward()
    assert value == 0
    assert (pred.grad == 0).all()


@pytest.mark.parametrize("loss", ALL)
def test_mask_equals_selecting_and_what_lies_outside_does_not_matter(loss):
    pred, target = (x[:1] for x in pair())
    mask = some()[:1]
    bad = torch.where(mask, pred, 7.0).requires_grad_()
    value = loss(bad, torch.where(mask, target, -3.0), mask)
    value.backward()
    flat = pred[mask][None], target[mask][None], mask[mask][None]
    torch.testing.assert_close(value, loss(*flat))
    assert (bad.grad[~mask] == 0).all()


@pytest.mark.parametrize("loss", ALL[:7])
def test_nan_outside_the_mask_reaches_neither_value_nor_gradient(loss):
    pred, target = pair()
    mask = some()
    pred.requires_grad_()
    value = loss(pred, torch.where(mask, target, torch.nan), mask)
    value.backward()
    assert value.isfinite()
    assert pred.grad.isfinite().all()


@pytest.mark.parametrize("loss", ALL)
def test_bfloat16_gives_a_float32_value(loss):
    pred, target = (x.bfloat16() for x in pair())
    value = loss(pred, target, some())
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(pred.float(), target.float(), some()))


@pytest.mark.parametrize("loss", [ALL[0], ALL[1], ALL[4], ALL[5], ALL[6]])
def test_gradcheck(loss):
    pred, target = pair()
    assert torch.autograd.gradcheck(lambda p: loss(p, target, some()), pred.requires_grad_())


@pytest.mark.parametrize("delta", [0.2, 1.0, 2.5])
def test_huber_is_torchs(delta):
    pred, target = (4 * x for x in pair())
    mask = some()
    expected = F.huber_loss(pred[mask], target[mask], delta=delta)
    torch.testing.assert_close(huber(pred, target, mask, delta), expected)


def test_huber_with_delta_one_on_unit_values_is_half_the_mse():
    pred, target = pair()
    torch.testing.assert_close(huber(pred, target, some()), masked_mse(pred, target, some()) / 2)


def residuals(values):
    values = torch.tensor(values, dtype=torch.float64)
    return values, torch.zeros_like(values), torch.ones_like(values, dtype=torch.bool)


def test_berhu_by_hand():
    # |0.1| stays; (0.5^2 + 0.2^2) / 0.4 = 0.725
    assert berhu(*residuals([0.1, -0.5]), 0.2).item() == pytest.approx((0.1 + 0.725) / 2)


def test_berhu_threshold_of_the_batch_and_of_each_image():
    pred, target = pair()
    pred[1] *= 5
    mask = some()
    error = torch.where(mask, pred - target, 0).abs()
    batch = berhu(pred, target, mask, 0.2 * error.max().item())
    torch.testing.assert_close(berhu(pred, target, mask), batch)
    own = [berhu(pred[i], target[i], mask[i], 0.2 * error[i].max().item()) for i in (0, 1)]
    counts = mask.sum((1, 2, 3))
    expected = (own[0] * counts[0] + own[1] * counts[1]) / counts.sum()
    torch.testing.assert_close(berhu(pred, target, mask, "image"), expected)
    assert not torch.isclose(batch, expected)


def test_berhu_threshold_is_constant_in_the_gradient():
    pred, target = pair()
    mask, pred = some(), pred.requires_grad_()
    fixed = 0.2 * (pred - target)[mask].abs().max().item()
    (got,) = torch.autograd.grad(berhu(pred, target, mask), pred)
    (expected,) = torch.autograd.grad(berhu(pred, target, mask, fixed), pred)
    torch.testing.assert_close(got, expected)


def test_berhu_of_equal_maps_is_zero_with_gradient_zero():
    _, target = pair()
    pred = target.clone().requires_grad_()
    berhu(pred, target, some()).backward()
    assert (pred.grad == 0).all()


@pytest.mark.parametrize("loss", [huber, berhu])
def test_value_and_slope_are_continuous_at_delta(loss):
    at = torch.tensor([0.3 - 1e-9, 0.3 + 1e-9], dtype=torch.float64, requires_grad=True)
    true = torch.ones(1, dtype=torch.bool)
    values = torch.stack([loss(x[None], 0 * x[None], true, 0.3) for x in at])
    (slopes,) = torch.autograd.grad(values.sum(), at)
    assert abs(values[1] - values[0]) < 1e-8
    assert abs(slopes[1] - slopes[0]) < 1e-7


def test_only_huber_is_robust():
    """One outlier of 100 among 999 residuals: the share of the loss that it alone makes."""
    generator = torch.Generator().manual_seed(0)
    rest = torch.randn(999, generator=generator, dtype=torch.float64).tolist()
    share = {}
    for name, loss in (
        ("huber", huber),
        ("mae", masked_mae),
        ("berhu", berhu),
        ("mse", masked_mse),
    ):
        options = (1.0,) if name in ("huber", "berhu") else ()
        share[name] = (
            loss(*residuals([100.0]), *options) / loss(*residuals([100.0, *rest]), *options) / 1000
        ).item()
    assert share["huber"] < 0.22
    assert share["mae"] < 0.13
    assert share["berhu"] > 0.8
    assert share["mse"] > 0.9
    assert berhu(*residuals([100.0]), 0.1).item() == pytest.approx(50000.05)  # MSE: 10000


def test_inverse_sigmoid_is_the_inverse_and_not_the_derivative():
    x = torch.linspace(-6, 6, 25, dtype=torch.float64, requires_grad=True)
    y = torch.sigmoid(x)
    torch.testing.assert_close(inverse_sigmoid(y), x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope, y * (1 - y))
    assert inverse_sigmoid(torch.sigmoid(torch.tensor(2.0))).item() == pytest.approx(2, abs=1e-5)


def test_inverse_sigmoid_is_finite_at_the_ends():
    limit = math.log(0.999 / 0.001)
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        ends = inverse_sigmoid(torch.tensor([0.0, 1.0], dtype=dtype))
        torch.testing.assert_close(
            ends.double(), torch.tensor([-limit, limit], dtype=torch.float64), rtol=1e-4, atol=0
        )


def test_logit_loss_takes_either_side_of_the_sigmoid():
    logits, target = 4 * pair()[0] - 2, pair()[1].clamp(0.01, 0.99)
    expected = F.mse_loss(logits[some()], torch.logit(target[some()]))
    torch.testing.assert_close(logit_loss(logits, target, some(), from_logits=True), expected)
    torch.testing.assert_close(logit_loss(logits.sigmoid(), target, some()), expected)


def test_saturated_logits_keep_their_gradient_only_before_the_sigmoid():
    logits = torch.tensor([40.0], requires_grad=True)
    target, mask = torch.tensor([0.5]), torch.tensor([True])
    (after,) = torch.autograd.grad(logit_loss(logits.sigmoid(), target, mask), logits)
    (before,) = torch.autograd.grad(logit_loss(logits, target, mask, from_logits=True), logits)
    assert after == 0
    assert before == 80


@pytest.mark.parametrize(
    "call",
    [
        lambda p, t, m: huber(p, t, m, 0.0),
        lambda p, t, m: berhu(p, t, m, -1.0),
        lambda p, t, m: berhu(p, t, m, share=0.0),
        lambda p, t, m: logit_loss(p, t, m, eps=0.5),
    ],
)
def test_bad_numbers_are_named(call):
    with pytest.raises(RigidDepthError, match="allowed"):
        call(*pair(), some())
