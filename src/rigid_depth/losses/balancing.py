"""How much a secondary loss counts beside the main one (thesis, sections 6.1 and 6.2)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.conventions import BALANCING_EPSILON
from rigid_depth.errors import RigidDepthError


def adjust_loss(
    main: Float[Tensor, ""],
    secondary: Float[Tensor, ""],
    weight: float = 1.0,
    *,
    eps: float = BALANCING_EPSILON,
    detach: bool = True,
) -> Float[Tensor, ""]:
    """The coefficient `weight * main / (secondary + eps)` of a secondary loss (listing in 6.1).

    It is a number, without gradient. `detach=False` keeps the graph, for teaching only; see
    `balanced`.
    """
    if detach:
        main, secondary = main.detach(), secondary.detach()
    # The quotient of two 16-bit losses would keep three digits.
    full = torch.promote_types(secondary.dtype, torch.float32)
    return main.to(full) * weight / (secondary.to(full) + eps)


def balanced(
    main: Float[Tensor, ""],
    secondary: Float[Tensor, ""],
    weight: float,
    *,
    eps: float = BALANCING_EPSILON,
    detach: bool = True,
) -> Float[Tensor, ""]:
    """The term to add to the main loss: the secondary one at `weight` times its size.

    Thesis eq. 6.1 with the ratio detached:
    `weight * stop_gradient(main / (secondary + eps)) * secondary`, at most `weight * main`. With
    `detach=False` the ratio carries a gradient too; then the term is nearly `weight * main` and the
    secondary loss is not trained at all (its gradient is scaled by `eps / (secondary + eps)`).
    """
    # The coefficient is a constant for the optimiser; the loss behind it carries the gradient.
    return adjust_loss(main, secondary, weight, eps=eps, detach=detach) * secondary


def one_cycle_weight(
    step: int, steps: int, initial: float, mid: float, end: float, warmup: float = 0.15
) -> float:
    """The value at a step of a one-cycle schedule: initial -> mid -> end (section 6.2).

    The warm-up, a share of the steps, leads to `mid`. Both parts are half cosine waves and may rise
    or fall. Steps count from 0 to `steps - 1`, where `end` is reached and from where it stays. As
    `torch.optim.lr_scheduler.OneCycleLR(max_lr=mid, total_steps=steps, pct_start=warmup,
    div_factor=mid / initial, final_div_factor=initial / end)`.
    """
    if steps < 1 or step < 0:
        raise RigidDepthError(f"step {step} of {steps}: steps start at 0 and at least 1 is needed")
    if not 0 <= warmup <= 1:
        raise RigidDepthError(f"warmup is {warmup}; allowed is a share of the steps from 0 to 1")
    # As PyTorch counts: the peak lies one step before the end of the warm-up's share.
    peak, last = warmup * steps - 1, steps - 1
    if step <= peak:
        return _half_cosine(initial, mid, step / peak if peak > 0 else 1.0)
    return _half_cosine(mid, end, min(1.0, (step - peak) / (last - peak)) if last > peak else 1.0)


def _half_cosine(start: float, stop: float, share: float) -> float:
    return stop + (start - stop) / 2 * (1 + math.cos(math.pi * share))
