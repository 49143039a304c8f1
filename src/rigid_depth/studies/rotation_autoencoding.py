"""A rotation matrix in, the same rotation out, through each representation (section 3.6)."""

from __future__ import annotations

import torch
from torch import nn

from rigid_depth.rotations import random_rotation
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.rotation_networks import (
    MAPS_ROWS,
    REPRESENTATIONS,
    fit,
    layers,
    seeded_network,
)


def autoencode_rotations(
    seed: int, steps: int = 3000, batch: int = 256, tests: int = 20_000
) -> dict:
    """A rotation matrix in, the same rotation out, through each representation (Zhou 2019, 5.1).

    Network 9-128-128-128-k. Returns representation -> loss -> `error_statistics` and the curve of
    the mean test error in training.
    """
    generator = torch.Generator().manual_seed(seed)
    training = random_rotation(3, steps * batch, generator)
    test = random_rotation(3, tests, generator)
    results: dict = {}
    for name, loss in MAPS_ROWS:
        network = seeded_network(seed, _perceptron, REPRESENTATIONS[name].size)
        samples = ((part.flatten(-2), part) for part in training.split(batch))
        statistics = fit(network, samples, (test.flatten(-2), test), name, loss, steps)
        results.setdefault(name, {})[loss] = statistics
    return results


def _perceptron(outputs: int) -> nn.Sequential:
    return nn.Sequential(*layers(9, 128, 128, 128), nn.Linear(128, outputs))


STUDY = Study(
    name="rotation-autoencoding",
    function=autoencode_rotations,
    label="A rotation through seven representations",
    section="3.6",
    notebook="notebooks/03e_regressing_rotations.md",
    full={"steps": 3000, "batch": 256, "tests": 20_000},
    smoke={"steps": 60, "tests": 500},
)
