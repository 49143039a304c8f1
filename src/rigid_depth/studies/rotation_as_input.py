"""Rotations as input of a network: which numbers make functions on SO(3) easy to learn (3.6).

After Geist et al. 2024: a small network sees a rotation in some encoding and learns a function of
the rotation. What is hard here is the inverse map, from a rotation to its numbers: it jumps or it
does not.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.rotations.distances import geodesic_distance
from rigid_depth.rotations.so_n import random_rotation
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.rotation_networks import REPRESENTATIONS

ENCODINGS = ("euler", "rotation vector", "quaternion", "quaternion, both signs", "5d", "6d", "9d")
LOOKS = 20  # how often the validation error is looked at


def learn_functions(
    seed: int, epochs: int = 80, samples: int = 800, tests: int = 2000, functions: int = 8
) -> dict:
    """Learns random functions of a rotation from each encoding: family -> encoding -> error.

    Network k-256-256-`functions`, batch 64, Adam with learning rate 1e-3 on half a cosine, the
    test error taken where the error of 200 validation rotations is smallest. "rmse_percent" is the
    root mean square test error over the standard deviation of the function, in percent: 100 is what
    a constant achieves. "quaternion" has w >= 0; "both signs" shows either sign in training.
    """
    generator = torch.Generator().manual_seed(seed)
    parts = [random_rotation(3, count, generator) for count in (samples, 200, tests)]
    results: dict = {}
    for family, draw in FAMILIES.items():
        function = draw(generator, functions)
        values = [function(rotation) for rotation in parts]
        mean, std = values[2].mean(0), values[2].std(0)
        values = [(value - mean) / std for value in values]
        start = generator.get_state()
        results[family] = {}
        for name in ENCODINGS:
            generator.set_state(start)
            error = _learn(name, parts, values, epochs, generator, seed)
            results[family][name] = {"rmse_percent": round(100 * error, 4)}
    return results


def random_waves(
    generator: torch.Generator, functions: int
) -> Callable[[Float[Tensor, "b 3 3"]], Float[Tensor, "b f"]]:
    """Sums of four cosines along random directions W of matrix space, |W| = 1 (Fourier functions).

    cos(omega <W, R> + phase) with omega = 1, 2, 3, 4 and normal amplitudes.
    """
    direction = torch.randn(functions, 4, 9, generator=generator)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    phase = 2 * torch.pi * torch.rand(functions, 4, generator=generator)
    amplitude = torch.randn(functions, 4, generator=generator)
    omega = torch.tensor([1.0, 2.0, 3.0, 4.0])

    def function(rotation: Tensor) -> Tensor:
        along = torch.einsum("fkd,bd->bfk", direction, rotation.flatten(-2))
        return (amplitude * torch.cos(omega * along + phase)).sum(-1)

    return function


def random_bumps(
    generator: torch.Generator, functions: int, width_rad: float = 0.7
) -> Callable[[Float[Tensor, "b 3 3"]], Float[Tensor, "b f"]]:
    """Sums of 16 Gaussian bumps of the geodesic distance, in which no encoding has a part."""
    centres = random_rotation(3, functions * 16, generator)
    amplitude = torch.randn(functions, 16, generator=generator)

    def function(rotation: Tensor) -> Tensor:
        pairs = torch.broadcast_tensors(rotation[:, None], centres[None])
        distance_rad = geodesic_distance(*pairs)
        bumps = torch.exp(-((distance_rad / width_rad) ** 2) / 2)
        return (amplitude * bumps.unflatten(-1, (functions, 16))).sum(-1)

    return function


FAMILIES = {"waves": random_waves, "bumps": random_bumps}


def _learn(name: str, parts, values, epochs: int, generator: torch.Generator, seed: int) -> float:
    """Root mean square test error at the smallest validation error."""
    both_signs = name.endswith("both signs")
    encode = REPRESENTATIONS[name.split(",")[0]].from_matrix
    train, validation, test = (encode(rotation) for rotation in parts)
    network = _network(seed, train.shape[-1], values[0].shape[-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    best = (torch.inf, torch.inf)
    for epoch in range(1, epochs + 1):
        for rows in torch.randperm(len(train), generator=generator).split(64):
            inputs = train[rows]
            if both_signs:
                inputs = inputs * (1 - 2 * torch.randint(2, (len(rows), 1), generator=generator))
            optimizer.zero_grad()
            (network(inputs) - values[0][rows]).square().mean().backward()
            optimizer.step()
        schedule.step()
        if epoch % max(1, epochs // LOOKS) == 0:
            with torch.no_grad():
                pairs = ((validation, values[1]), (test, values[2]))
                best = min(best, tuple(_rmse(network, *pair) for pair in pairs))
    return best[1]


def _rmse(network: nn.Module, inputs: Tensor, values: Tensor) -> float:
    return (network(inputs) - values).square().mean().sqrt().item()


def _network(seed: int, inputs: int, outputs: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hidden = (nn.Linear(inputs, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU())
        return nn.Sequential(*hidden, nn.Linear(256, outputs))


STUDY = Study(
    name="rotation-as-input",
    function=learn_functions,
    label="Functions of a rotation, learnt from seven encodings",
    section="3.6",
    notebook="notebooks/03e_regressing_rotations.md",
    full={"epochs": 80, "samples": 800, "tests": 2000},
    smoke={"epochs": 2, "samples": 128, "tests": 100, "functions": 2},
)
