"""What is minimised: depth losses of the branches, balanced secondary losses (thesis eq. 7.1)."""

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
    """The terms whose sum is the loss (thesis eqs. 6.1 and 7.1), by name.

    Masked MSE of every branch; with the infinity loss one more term per branch; the alignment loss.
    These secondary ones are brought to the size of the leading loss, times the weight their
    schedule has at this step. Where not RGB leads but the guide, the loss of RGB is brought to the
    size of the guide's as well.

    Args:
        outputs: encoded depth by branch, `[B, 1, H, W]` in (0, 1), and the alignment loss.
        batch: `depth_m` `[B, 1, H, W]` (0 = no return), `sky` `[B, H, W]`, and `given`
            `[B, 1, H, W]`, the returns the RGB-D branch was given; `dense_depth_m` `[B, H, W]`
            where RGB is trained on it.
    """
    has_return = batch["depth_m"] > 0
    terms = {b: _depth_loss(b, y, batch, experiment) for b, y in outputs.depth.items()}
    if outputs.target is not None:
        terms["rgb"] = (outputs.depth["rgb"] - outputs.target).square().mean()
    # What the others are brought to, so that a weight says how much of it a loss is.
    leading = terms[experiment.leading]
    if experiment.leading != "rgb":
        terms["rgb"] = balanced(leading, terms["rgb"], 1.0)
    if outputs.guide is not None:
        terms["guide"] = balanced(leading, outputs.guide, 1.0)

    def add(name: str, loss: Tensor, weights: tuple[float, float, float]) -> None:
        # A constant schedule has the middle one of (initial, mid, end).
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


def _depth_loss(branch: str, y: Tensor, batch: dict[str, Tensor], experiment: Experiment) -> Tensor:
    """The masked MSE of a branch, against the returns it is judged at or the true dense depth."""
    depth_m = batch["depth_m"]
    if branch == "rgb" and experiment.target == "dense":
        depth_m = batch["dense_depth_m"][:, None]
    mask = depth_m > 0
    if branch != "rgb" and experiment.depth_supervision == "withheld":
        mask = mask & ~batch["given"]
    return masked_mse(y, encode_depth(depth_m, experiment.encoding, experiment.max_depth_m), mask)
