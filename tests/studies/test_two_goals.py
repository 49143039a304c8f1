"""The rules of the two-goal study: what each must do whatever the network learns."""

import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.studies.two_goals import EPOCH, RULES, _data, combiner, weigh_two_goals


def gradient(rule: str, unit: float = 1.0) -> torch.Tensor:
    """Gradient in two shared weights of a rule over losses with the gradients (2, 0), (0, 6)."""
    x = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    main, secondary = x[0] ** 2 + 1, unit**2 * (3 * x[1] ** 2 + 2)
    combine, _ = combiner(rule, [x])
    return torch.autograd.grad(combine(main, secondary), x)[0]


def test_rules_by_hand():
    assert gradient("main alone").tolist() == [2, 0]
    assert gradient("sum").tolist() == [2, 6]
    assert gradient("eq. 6.1").tolist() == pytest.approx([2, 6 * 2 / 5], rel=1e-5)
    assert gradient("eq. 6.1 at 0.1").tolist() == pytest.approx([2, 0.6 * 2 / 5], rel=1e-5)
    assert gradient("eq. 6.1 printed").tolist() == pytest.approx([4, 0], abs=1e-4)
    assert gradient("gradients").tolist() == pytest.approx([3, 3])
    assert gradient("uncertainty").tolist() == pytest.approx([1, 3])  # both variances start at 1
    for rule in ("SoftAdapt", "DWA"):  # no history yet
        assert gradient(rule).tolist() == pytest.approx([2, 6])


def test_equation_6_1_goes_where_the_geometric_mean_goes():
    one, other = gradient("eq. 6.1"), gradient("geometric mean")
    torch.testing.assert_close(one / one.norm(), other / other.norm(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("rule", ["eq. 6.1", "geometric mean", "gradients"])
def test_a_unit_changes_nothing_for_rules_that_divide_by_it(rule):
    one, other = gradient(rule), gradient(rule, unit=100.0)
    torch.testing.assert_close(one / one.norm(), other / other.norm(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("rule", ["sum", "uncertainty", "SoftAdapt", "DWA"])
def test_a_unit_rules_the_rules_that_do_not(rule):
    direction = gradient(rule, unit=100.0)
    assert direction[1] > 1e4 * direction[0]


@pytest.mark.parametrize("rule", ["SoftAdapt", "DWA"])
def test_rules_of_speed_give_more_to_the_goal_that_lags(rule):
    combine, _ = combiner(rule, [])
    for main in (4.0, 1.0):
        for _ in range(EPOCH):
            combine(torch.tensor(main), torch.tensor(4.0))
    main, secondary = torch.ones(2, requires_grad=True).unbind()
    by_main, by_secondary = torch.autograd.grad(combine(main, secondary), [main, secondary])
    assert (by_main + by_secondary).item() == pytest.approx(2)
    assert by_secondary > 1.1 * by_main


@pytest.mark.parametrize(("rate", "end"), [(0.1, 1.0), (0.001, 1.2)])
def test_balanced_descent_ends_in_the_secondary_goal_if_its_steps_are_small(rate, end):
    """Main goal 1, secondary goal 1.2, from 3: a zero of the secondary loss is a trap."""
    x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    combine, _ = combiner("eq. 6.1 at 0.1", [])
    for _ in range(round(4 / rate)):
        (gradient,) = torch.autograd.grad(combine((x - 1) ** 2, (x - 1.2) ** 2), x)
        x = (x - rate * gradient).detach().requires_grad_()
    assert x.item() == pytest.approx(end, abs=2e-3)


def test_shares_are_what_each_rule_promises():
    found = weigh_two_goals(0, steps=10, units=[1.0])
    assert tuple(found) == RULES
    value, pull = ({r: found[r]["1"][k] for r in RULES} for k in ("value", "gradient"))
    assert value["main alone"] == pull["main alone"] == 0
    assert value["eq. 6.1"] == pytest.approx(1 / 2, abs=1e-4)
    assert value["eq. 6.1 at 0.1"] == pytest.approx(1 / 11, abs=1e-4)
    assert value["geometric mean"] == pytest.approx(1 / 2, abs=1e-4)
    assert value["eq. 6.1 printed"] == pytest.approx(0, abs=1e-4)
    assert pull["gradients"] == pytest.approx(1 / 2, abs=1e-4)


def test_both_targets_have_variance_one_and_only_the_main_one_is_noisy():
    data = _data(0)
    assert data["main_test"].var().item() == pytest.approx(1, abs=0.1)
    assert data["secondary_test"].var().item() == pytest.approx(1, abs=0.1)
    assert data["main"].var() > data["secondary"].var() + 0.15


def test_an_unknown_rule_is_refused():
    with pytest.raises(RigidDepthError, match="'luck'"):
        combiner("luck", [])
