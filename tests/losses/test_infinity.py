"""The infinity loss against hand-made cases and a brute-force loop over the pixels."""

import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import infinity_loss


def brute_force(pred, sky, threshold, has_return):
    costs = []
    for p, s, r in zip(pred.flatten(), sky.flatten(), has_return.flatten(), strict=True):
        if s and not r:
            costs.append(p.item())
        elif p < threshold:
            costs.append(threshold - p.item())
    return sum(costs) / len(costs) if costs else 0.0


def test_hand_case():
    pred = torch.tensor([0.30, 0.005, 0.005, 0.01, 0.90])
    sky = torch.tensor([True, True, False, False, False])
    assert infinity_loss(pred, sky).item() == pytest.approx((0.30 + 0.005 + 0.005) / 3)
    assert infinity_loss(pred, sky, mean_over="all").item() == pytest.approx(0.31 / 5)


def test_a_sky_pixel_with_a_return_is_not_pushed_to_infinity():
    pred, sky = torch.tensor([0.3, 0.004]), torch.tensor([True, True])
    has_return = torch.tensor([True, True])
    assert infinity_loss(pred, sky, 0.01, has_return).item() == pytest.approx(0.006)


@pytest.mark.parametrize("seed", range(4))
def test_against_brute_force(seed):
    g = torch.Generator().manual_seed(seed)
    pred = torch.rand(2, 1, 5, 6, generator=g, dtype=torch.float64) * 0.05
    sky = torch.rand(pred.shape, generator=g) < 0.4
    has_return = torch.rand(pred.shape, generator=g) < 0.2
    expected = brute_force(pred, sky, 0.02, has_return)
    assert infinity_loss(pred, sky, 0.02, has_return).item() == pytest.approx(expected, rel=1e-12)


def test_gradient_has_the_sign_the_prose_asks_for():
    pred = torch.tensor([0.3, 0.005, 0.005, 0.9], requires_grad=True)
    infinity_loss(pred, torch.tensor([True, True, False, False])).backward()
    assert torch.equal(pred.grad.sign(), torch.tensor([1.0, 1.0, -1.0, 0.0]))


@pytest.mark.parametrize("mean_over", ["selected", "all"])
def test_gradcheck(mean_over):
    g = torch.Generator().manual_seed(5)
    pred = (torch.rand(4, 5, generator=g, dtype=torch.float64) * 0.05).requires_grad_()
    sky = torch.rand(4, 5, generator=g) < 0.4
    assert torch.autograd.gradcheck(lambda p: infinity_loss(p, sky, mean_over=mean_over), pred)


@pytest.mark.parametrize("mean_over", ["selected", "all"])
def test_nothing_selected_gives_zero_with_zero_gradient(mean_over):
    pred = torch.full((2, 3), 0.5, requires_grad=True)
    loss = infinity_loss(pred, torch.zeros(2, 3, dtype=torch.bool), mean_over=mean_over)
    loss.backward()
    assert loss.item() == 0
    assert (pred.grad == 0).all()


def test_bfloat16_is_finite_and_float32():
    pred = torch.full((2, 1, 384, 768), 0.25, dtype=torch.bfloat16)
    loss = infinity_loss(pred, torch.ones(pred.shape, dtype=torch.bool))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(0.25, rel=1e-5)


def test_unknown_mean_is_refused():
    with pytest.raises(RigidDepthError, match="mean_over is 'sky'"):
        infinity_loss(torch.rand(2), torch.ones(2, dtype=torch.bool), mean_over="sky")
