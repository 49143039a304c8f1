"""What is minimised: depth losses of the branches, balanced secondary losses (eq 7.1)."""

from __future__ import annotations

from torch import Tensor

from rigid_depth.data import encode_depth
from rigid_depth.experiments.settings import Experiment
from rigid_depth.losses import balanced, infinity_loss, masked_mse, one_cycle_weight
from rigid_depth.models.two_branch import Outputs


def objective(
    outputs: Outputs,
    batch: dict[str, Tensor],
    experiment: Experiment,
    step: int,
    steps: int,
) -> dict[str, Tensor]:
    """The terms whose sum is the loss (eqs 6.1 and 7.1), by name.

    Masked MSE of every branch; with the infinity loss one more term per branch; the alignment loss.
    These secondary ones are brought to the size of the leading loss, that of the first branch,
    times the weight their schedule has at this step.

    Args:
        outputs: encoded depth by branch, `[B, 1, H, W]` in (0, 1), and the alignment loss.
        batch: `depth_m` `[B, 1, H, W]` (0 = no return), `sky` `[B, H, W]`, and `given`
            `[B, 1, H, W]`, the returns the RGB-D branch was given.
    """
    depth_m = batch["depth_m"]
    has_return = depth_m > 0
    target = encode_depth(depth_m, experiment.encoding, experiment.max_depth_m)
    masks = dict.fromkeys(outputs.depth, has_return)
    if experiment.depth_supervision == "withheld":
        masks |= {b: has_return & ~batch["given"] for b in masks if b != "rgb"}
    terms = {b: masked_mse(y, target, masks[b]) for b, y in outputs.depth.items()}
    leading = next(iter(terms.values()))

    def add(name: str, loss: Tensor, weights: tuple[float, float, float]) -> None:
        weight = weights[1]
        if experiment.weight_schedule == "one-cycle":
            weight = one_cycle_weight(step, steps, *weights, experiment.warmup)
        terms[name] = balanced(leading, loss, weight) if experiment.balancing else weight * loss

    if experiment.infinity:
        sky = batch["sky"][:, None]
        for branch, y in outputs.depth.items():
            loss = infinity_loss(y, sky, experiment.infinity_threshold, has_return)
            add(f"{branch}-infinity", loss, experiment.infinity_weight)
    if outputs.alignment is not None:
        add("alignment", outputs.alignment, experiment.alignment_weight)
    return terms
