"""Weights by gradient and by rate, against hand cases."""

import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import gradient_balanced_weights, gradient_norms, softadapt_weights


def losses():
    """Two losses whose gradients in the shared vector are (2, 0) and (0, 50)."""
    shared = torch.tensor([1.0, 1.0], requires_grad=True)
    return [shared[0] ** 2, 25 * shared[1] ** 2], [shared]


def test_gradient_norms_by_hand_and_zero_where_a_loss_does_not_reach():
    parts, shared = losses()
    other = torch.ones((), requires_grad=True)
    norms = gradient_norms([*parts, 3 * other], shared)
    torch.testing.assert_close(norms, torch.tensor([2.0, 50.0, 0.0]))


def test_balanced_weights_make_gradients_equal_and_keep_their_sum():
    parts, shared = losses()
    weights = gradient_balanced_weights(parts, shared)
    assert weights.sum().item() == pytest.approx(2)
    assert not weights.requires_grad
    norms = gradient_norms([w * p for w, p in zip(weights, parts, strict=True)], shared)
    torch.testing.assert_close(norms[0], norms[1])


def test_a_loss_that_lags_gets_a_longer_gradient():
    parts, shared = losses()
    initial = torch.tensor([1.0, 100.0])  # the second has fallen to a quarter, the first not at all
    weights = gradient_balanced_weights(parts, shared, initial, alpha=1.0)
    norms = gradient_norms([w * p for w, p in zip(weights, parts, strict=True)], shared)
    torch.testing.assert_close(norms[0], 4 * norms[1])
    with pytest.raises(RigidDepthError, match="initial_losses"):
        gradient_balanced_weights(parts, shared, alpha=1.0)


def test_softadapt_by_hand():
    now, before = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 2.0])
    torch.testing.assert_close(
        softadapt_weights(now, before, beta=1.0), torch.softmax(torch.tensor([-1.0, 0.0]), 0)
    )
    torch.testing.assert_close(softadapt_weights(now, before, beta=0.0), torch.tensor([0.5, 0.5]))
    weighted = softadapt_weights(now, before, beta=0.0, loss_weighted=True)
    torch.testing.assert_close(weighted, torch.tensor([1 / 3, 2 / 3]))
