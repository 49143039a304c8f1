"""Known ways to weigh several losses, to compare thesis eq. 6.1 with (thesis, section 6.1).

Uncertainty weighting (Kendall et al., 2018), dynamic weight averaging and gradient surgery are in
the library torchjd; here is what no light library has.
"""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError


def gradient_norms(
    losses: Sequence[Tensor], parameters: Iterable[Tensor]
) -> Float[Tensor, " losses"]:
    """Euclidean norm of each loss's gradient in the shared parameters; 0 where it has none.

    The graph of the losses is kept.
    """
    parameters = list(parameters)
    norms = []
    for loss in losses:
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        # A parameter that a loss does not use has None here, not a gradient of zeros.
        squares = [g.detach().square().sum() for g in gradients if g is not None]
        norms.append(torch.stack(squares).sum().sqrt() if squares else loss.detach() * 0)
    return torch.stack(norms)


def gradient_balanced_weights(
    losses: Sequence[Tensor],
    parameters: Iterable[Tensor],
    initial_losses: Float[Tensor, " losses"] | None = None,
    *,
    alpha: float = 0.0,
    eps: float = 1e-12,
) -> Float[Tensor, " losses"]:
    """Weights that sum to the number of losses and make all gradients equally long.

    The fixed point of GradNorm (Chen et al., 2018), solved for directly instead of followed by its
    own gradient steps: w_i |grad L_i| is proportional to r_i^alpha, with r_i the loss relative to
    its initial value over the mean of these. For `alpha` > 0, which needs `initial_losses`, losses
    that lag behind get more. Without gradient. Raises RigidDepthError if they are missing.
    """
    norms = gradient_norms(losses, parameters)
    rate = torch.ones_like(norms)
    if alpha:
        if initial_losses is None:
            raise RigidDepthError(f"alpha is {alpha}; above 0 it needs initial_losses")
        # What is left of each loss; more than the mean of these means that it lags behind.
        left = torch.stack([loss.detach() for loss in losses]) / initial_losses
        rate = (left / left.mean().clamp(min=eps)) ** alpha
    # Equal products w_i |grad L_i| up to the rates; only the sum of the weights is left to choose.
    weights = rate / norms.clamp(min=eps)
    return weights * len(losses) / weights.sum()


def softadapt_weights(
    losses: Float[Tensor, " losses"],
    previous: Float[Tensor, " losses"],
    *,
    beta: float = 0.1,
    loss_weighted: bool = False,
) -> Float[Tensor, " losses"]:
    """SoftAdapt's weights (Heydari et al., 2019), which sum to 1: softmax of beta * (now - before).

    The loss that falls slowest, or rises, gets the most for `beta` > 0. `loss_weighted` multiplies
    by the losses themselves before normalising. Without gradient.
    """
    now, before = losses.detach(), previous.detach()
    weights = torch.softmax(beta * (now - before), 0) * (now if loss_weighted else 1)
    return weights / weights.sum()
