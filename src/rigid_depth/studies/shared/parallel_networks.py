"""Small fully connected autoencoders, several side by side in one tensor (thesis, section 4.1)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError


class ParallelMLP(nn.Module):
    """As many multilayer perceptrons of one shape as there are seeds; ReLU between the layers.

    Model i starts as `nn.Linear` would under its own seed and never meets the others.
    """

    def __init__(self, widths: Sequence[int], seeds: Sequence[int]):
        super().__init__()
        self.widths = tuple(widths)
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        pairs = list(pairwise(widths))
        self.weights = nn.ParameterList(_start(generators, (i, o), i) for i, o in pairs)
        self.biases = nn.ParameterList(_start(generators, (1, o), i) for i, o in pairs)

    def forward(self, x: Float[Tensor, "models n d"]) -> Float[Tensor, "models n e"]:
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, F.relu(x) if number else x, weight)
        return x


def train(
    module: nn.Module,
    inputs: Float[Tensor, "models n d"],
    targets: Float[Tensor, "models n e"],
    *,
    seeds: Sequence[int],
    steps: int,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
) -> list[float]:
    """Minimises the mean squared error by Adam with a cosine-shaped rate; the loss of every step.

    Model i draws its batches by its own seed; no model's training depends on another. Raises
    RigidDepthError if the loss is not finite at the end.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    optimiser = torch.optim.Adam(module.parameters(), lr=learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses = []
    for _ in range(steps):
        rows = [torch.randint(inputs.shape[1], (batch_size,), generator=g) for g in generators]
        chosen = torch.stack(rows).to(inputs.device)[..., None]
        x, y = (torch.take_along_dim(values, chosen, 1) for values in (inputs, targets))
        loss = (module(x) - y).square().mean((1, 2))
        optimiser.zero_grad()
        loss.sum().backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach().mean()))
    if steps and not loss.isfinite().all():
        raise RigidDepthError(f"training diverged: the last loss is {losses[-1]}; lower the rate")
    return losses


def _start(generators: Sequence[torch.Generator], shape: tuple[int, int], fan_in: int) -> Tensor:
    """Uniform in +-1/sqrt(fan_in), as `nn.Linear` begins."""
    draws = [torch.rand(shape, generator=g) for g in generators]
    return nn.Parameter((2 * torch.stack(draws) - 1) / fan_in**0.5)
