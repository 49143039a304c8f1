"""What is minimised: depth losses of the branches, balanced secondary losses (eq 7.1)."""

from __future__ import annotations

from torch import Tensor

from rigid_depth.data import encode_depth
from rigid_depth.experiments.settings import Experiment
from rigid_depth.losses import balanced, infinity_loss, masked_mse, one_cycle_weight


def objective(
    outputs: dict[str, Tensor],
    batch: dict[str, Tensor],
    experiment: Experiment,
    step: int,
    steps: int,
) -> dict[str, Tensor]:
    """The terms whose sum is the loss (eqs 6.1 and 7.1), by name.

    Masked MSE of every branch; with the infinity loss one more term per branch, brought to the size
    of the leading loss, that of the first branch, times the weight its schedule has at this step.

    Args:
        outputs: encoded depth by branch, `[B, 1, H, W]` in (0, 1).
        batch: `depth_m` `[B, 1, H, W]` (0 = no return) and `sky` `[B, H, W]`.
    """
    depth_m = batch["depth_m"]
    has_return = depth_m > 0
    target = encode_depth(depth_m, experiment.encoding, experiment.max_depth_m)
    terms = {branch: masked_mse(y, target, has_return) for branch, y in outputs.items()}
    leading = next(iter(terms.values()))
    if experiment.infinity:
        weight = one_cycle_weight(step, steps, *experiment.infinity_weight, experiment.warmup)
        sky = batch["sky"][:, None]
        for branch, y in outputs.items():
            loss = infinity_loss(y, sky, experiment.infinity_threshold, has_return)
            terms[f"{branch}-infinity"] = balanced(leading, loss, weight)
    return terms
