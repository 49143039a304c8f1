"""What every loss of the package promises: a mask, 0 without pixels, 16 bits, a right gradient."""

import inspect

import pytest
import torch

from rigid_depth import losses


def rows_of(x, mask):
    """A map as CORAL takes it: rows of four features, of which the mask leaves some out."""
    return x.reshape(-1, 4), mask.reshape(-1, 4)[:, 0]


def coral_of(pred, target, mask):
    (source, keep), (other, _) = rows_of(pred, mask), rows_of(target, mask)
    return losses.coral(source, other, keep, keep)


def normalised_coral_of(pred, target, mask):
    (source, keep), (other, _) = rows_of(pred, mask), rows_of(target, mask)
    return losses.normalised_coral(source, other, keep, keep)


def sky_of(pred, target, mask):
    """The infinity loss of the pixels of the mask alone: the others lie above its threshold."""
    return losses.infinity_loss(torch.where(mask, pred, 0.5), mask)


LOSSES = {
    "masked_mse": [losses.masked_mse],
    "masked_mae": [losses.masked_mae],
    "huber": [losses.huber, lambda p, t, m: losses.huber(p, t, m, 0.1)],
    "berhu": [lambda p, t, m: losses.berhu(p, t, m, 0.1), losses.berhu],
    "logit_loss": [losses.logit_loss, lambda p, t, m: losses.logit_loss(p, t, m, from_logits=True)],
    "sobel_loss": [losses.sobel_loss],
    "ssim_loss": [lambda p, t, m: losses.ssim_loss(p, t, m, window=3)],
    "coral": [coral_of],
    "normalised_coral": [normalised_coral_of],
    "infinity_loss": [sky_of],
}
NO_LOSSES = {
    *("adjust_loss", "balanced", "covariance", "gradient_balanced_weights", "gradient_norms"),
    *("inverse_sigmoid", "masked_mean", "one_cycle_weight", "slope_magnitude", "sobel"),
    *("softadapt_weights", "ssim", "ssim_map"),
}
ALL = [pytest.param(f, id=f"{n}-{k}") for n, fs in LOSSES.items() for k, f in enumerate(fs)]


def maps(seed=0, shape=(2, 1, 8, 12)):
    generator = torch.Generator().manual_seed(seed)
    pred, target = torch.rand(2, *shape, generator=generator, dtype=torch.float64) * 0.8 + 0.1
    mask = torch.ones(shape, dtype=torch.bool)
    mask[..., 2, :5] = False
    return pred, target, mask


def test_every_loss_of_the_package_is_tested_here():
    assert set(losses.__all__) == set(LOSSES) | NO_LOSSES


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_takes_a_mask(name):
    names = inspect.signature(getattr(losses, name)).parameters
    assert {"mask", "source_mask", "sky"} & set(names)


@pytest.mark.parametrize("loss", ALL)
def test_an_empty_mask_gives_zero_with_gradient_zero(loss):
    pred, target, mask = maps()
    pred.requires_grad_()
    value = loss(pred, target, torch.zeros_like(mask))
    value.backward()
    assert value.item() == 0
    assert (pred.grad == 0).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("loss", ALL)
def test_16_bits_give_a_finite_value_and_gradient(loss, dtype):
    pred, target, mask = maps(shape=(4, 1, 96, 192))
    expected = loss(pred.to(dtype).double(), target.to(dtype).double(), mask)
    pred = pred.to(dtype).requires_grad_()
    value = loss(pred, target.to(dtype), mask)
    value.backward()
    assert pred.grad.isfinite().all()
    assert value.item() == pytest.approx(expected.item(), rel=2e-3)


@pytest.mark.parametrize("loss", [p for p in ALL if p.id != "berhu-1"])
def test_gradient_is_that_of_finite_differences(loss):
    """Not of BerHu with a threshold from the batch, which is held constant on purpose."""
    pred, target, mask = maps(1, (1, 1, 4, 8))
    assert torch.autograd.gradcheck(lambda p: loss(p, target, mask), pred.requires_grad_())


@pytest.mark.parametrize("loss", ALL)
def test_gradient_stays_within_the_mask(loss):
    pred, target, mask = maps(2)
    mask[:] = True
    mask.view(-1, 4)[::3] = False  # whole rows of features, as CORAL needs them
    pred.requires_grad_()
    loss(pred, target, mask).backward()
    assert (pred.grad[~mask] == 0).all()
