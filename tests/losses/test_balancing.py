"""Balancing by autograd against the derivative by hand; schedules against PyTorch's OneCycleLR."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import adjust_loss, balanced, one_cycle_weight

WEIGHT, EPS = 0.1, 1e-5


def losses_and_gradients(scale=1.0):
    g = torch.Generator().manual_seed(0)
    theta = torch.randn(5, generator=g, dtype=torch.float64, requires_grad=True)
    goals = torch.randn(2, 5, generator=g, dtype=torch.float64)
    main = ((theta - goals[0]) ** 2).mean() * 1e-3
    secondary = ((theta - goals[1]) ** 2).mean() * scale
    gradients = [
        torch.autograd.grad(loss, theta, retain_graph=True)[0] for loss in (main, secondary)
    ]
    return theta, main, secondary, *gradients


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-7])
def test_detached_ratio_trains_the_secondary_loss_alone(scale):
    theta, main, secondary, _, grad_secondary = losses_and_gradients(scale)
    (found,) = torch.autograd.grad(balanced(main, secondary, WEIGHT), theta)
    expected = WEIGHT * main.item() / (secondary.item() + EPS) * grad_secondary
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-7])
def test_attached_ratio_follows_the_quotient_rule(scale):
    """weight [S/(S+eps)] grad M + weight M [eps/(S+eps)^2] grad S: hardly any of the second."""
    theta, main, secondary, grad_main, grad_secondary = losses_and_gradients(scale)
    (found,) = torch.autograd.grad(balanced(main, secondary, WEIGHT, detach=False), theta)
    m, s = main.item(), secondary.item()
    expected = WEIGHT * s / (s + EPS) * grad_main
    expected += WEIGHT * m * EPS / (s + EPS) ** 2 * grad_secondary
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-18)


def test_value_never_exceeds_weight_times_main():
    _, main, secondary, *_ = losses_and_gradients()
    assert balanced(main, secondary, WEIGHT).item() == pytest.approx(WEIGHT * main.item(), rel=1e-4)
    for size in (0.0, 1e-9, 1e-5, 1.0, 1e6):
        term = balanced(main, torch.tensor(size, dtype=torch.float64), WEIGHT)
        assert 0 <= term.item() <= WEIGHT * main.item()


def test_adjust_loss_is_the_printed_coefficient_without_gradient():
    main, secondary = torch.tensor(0.03, requires_grad=True), torch.tensor(0.2, requires_grad=True)
    coefficient = adjust_loss(main, secondary, 0.05)
    assert coefficient.item() == pytest.approx(0.03 * 0.05 / (0.2 + 1e-5))
    assert not coefficient.requires_grad
    assert adjust_loss(main, secondary, detach=False).requires_grad


def test_sixteen_bits_are_finite():
    main, secondary = (torch.tensor(v, dtype=torch.float16) for v in (1e-3, 0.0))
    assert balanced(main, secondary, 1.0).isfinite()
    main, secondary = (torch.tensor(v, dtype=torch.bfloat16) for v in (1e4, 1e-6))
    assert balanced(main, secondary, 1.0).isfinite()


def torch_one_cycle(steps, initial, mid, end, warmup):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=mid,
        total_steps=steps,
        pct_start=warmup,
        div_factor=mid / initial,
        final_div_factor=initial / end,
        cycle_momentum=False,
    )
    values = [schedule.get_last_lr()[0]]
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
        values.append(schedule.get_last_lr()[0])
    return values


@pytest.mark.parametrize(
    "values",
    [(6.5e-5, 1.5e-4, 9e-6), (9e-2, 7e-2, 5e-2), (5e-2, 1.4e-1, 1.8e-1)],
    ids=["learning rate", "infinity", "secondary"],
)
@pytest.mark.parametrize(
    ("steps", "warmup"), [(400, 0.15), (20, 0.15), (7, 0.3), (33, 0.0), (9, 1.0)]
)
def test_schedule_agrees_with_torch(values, steps, warmup):
    ours = [one_cycle_weight(step, steps, *values, warmup) for step in range(steps)]
    assert ours == pytest.approx(torch_one_cycle(steps, *values, warmup), rel=1e-12)


def test_schedules_of_the_thesis():
    """89,520 steps: 40 epochs of 17,902 images by 8; the peak is reached after 6 epochs."""
    steps, rate = 89_520, (6.5e-5, 1.5e-4, 9e-6)
    peak = [one_cycle_weight(step, steps, *rate) for step in range(13_424, 13_431)]
    assert peak.index(max(peak)) == 3
    assert peak[3] == pytest.approx(1.5e-4)
    assert one_cycle_weight(0, steps, *rate) == pytest.approx(6.5e-5)
    assert one_cycle_weight(steps - 1, steps, *rate) == pytest.approx(9e-6)
    infinity = [one_cycle_weight(s, steps, 9e-2, 7e-2, 5e-2) for s in range(0, steps, 97)]
    secondary = [one_cycle_weight(s, steps, 5e-2, 1.4e-1, 1.8e-1) for s in range(0, steps, 97)]
    assert all(a >= b for a, b in itertools.pairwise(infinity))
    assert all(a <= b for a, b in itertools.pairwise(secondary))


@given(
    st.integers(0, 500),
    st.integers(1, 400),
    st.floats(0, 1),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_schedule_stays_between_its_values(step, steps, warmup, values):
    weight = one_cycle_weight(step, steps, *values, warmup)
    assert min(values) - 1e-12 <= weight <= max(values) + 1e-12
    if step >= steps - 1 and warmup != 1:
        assert weight == pytest.approx(values[2], abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((-1, 10), "step -1"), ((0, 0), "of 0"), ((0, 10, 1.0, 1.0, 1.0, 1.5), "warmup is 1.5")],
)
def test_bad_schedules_are_refused(arguments, message):
    arguments = (*arguments, 1.0, 1.0, 1.0)[:5] if len(arguments) < 5 else arguments
    with pytest.raises(RigidDepthError, match=message):
        one_cycle_weight(*arguments)
