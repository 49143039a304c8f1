"""The depth losses against hand-made cases, NumPy and finite differences."""

import numpy as np
import pytest
import torch

from rigid_depth.losses import masked_mae, masked_mse

PRED = torch.tensor([[0.5, 0.2], [0.9, 0.0]])
TARGET = torch.tensor([[0.1, 0.2], [0.4, 0.3]])
MASK = torch.tensor([[True, True], [True, False]])


def test_hand_case():
    assert masked_mse(PRED, TARGET, MASK).item() == pytest.approx((0.16 + 0 + 0.25) / 3)
    assert masked_mae(PRED, TARGET, MASK).item() == pytest.approx((0.4 + 0 + 0.5) / 3)


@pytest.mark.parametrize(("loss", "power"), [(masked_mse, 2), (masked_mae, 1)])
def test_against_numpy(loss, power):
    g = torch.Generator().manual_seed(1)
    pred, target = torch.rand(2, 3, 1, 7, 5, generator=g, dtype=torch.float64)
    mask = torch.rand(pred.shape, generator=g) < 0.3
    expected = np.mean(np.abs(pred.numpy() - target.numpy())[mask.numpy()] ** power)
    assert loss(pred, target, mask).item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("loss", [masked_mse, masked_mae])
def test_gradients(loss):
    g = torch.Generator().manual_seed(2)
    pred = torch.rand(3, 4, generator=g, dtype=torch.float64, requires_grad=True)
    target = torch.rand(3, 4, generator=g, dtype=torch.float64)
    mask = torch.rand(3, 4, generator=g) < 0.5
    assert torch.autograd.gradcheck(lambda p: loss(p, target, mask), pred)
    loss(pred, target, mask).backward()
    assert (pred.grad[~mask] == 0).all()
    assert (pred.grad[mask] != 0).all()


@pytest.mark.parametrize("loss", [masked_mse, masked_mae])
def test_empty_mask_gives_zero_with_zero_gradient(loss):
    pred = PRED.clone().requires_grad_()
    value = loss(pred, TARGET, torch.zeros_like(MASK))
    value.backward()
    assert value.item() == 0
    assert (pred.grad == 0).all()


def test_what_lies_outside_the_mask_does_not_matter():
    pred, target = PRED.clone(), TARGET.clone()
    target[1, 1] = float("nan")
    pred[1, 1] = float("inf")
    pred.requires_grad_()
    value = masked_mse(pred, target, MASK)
    value.backward()
    assert value.item() == pytest.approx(masked_mse(PRED, TARGET, MASK).item())
    assert pred.grad.isfinite().all()


def test_a_target_of_zero_counts_where_the_mask_says_so():
    """A return at 100 m is 0 in the linear encoding: it is ground truth all the same."""
    one = torch.ones(1, dtype=torch.bool)
    assert masked_mse(torch.tensor([0.2]), torch.zeros(1), one).item() == pytest.approx(0.04)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bits_neither_overflow_nor_stagnate(dtype):
    """A sum over 8 images of 384x768 is beyond float16, and a bfloat16 counter stops at 256."""
    pred = torch.full((8, 1, 384, 768), 0.75, dtype=dtype)
    target, mask = torch.zeros_like(pred), torch.ones(pred.shape, dtype=torch.bool)
    value = masked_mse(pred, target, mask)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(0.5625, rel=1e-5)


def test_the_mask_is_required():
    with pytest.raises(TypeError):
        masked_mse(PRED, TARGET)
