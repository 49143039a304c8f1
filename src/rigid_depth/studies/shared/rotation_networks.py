"""Networks that output a rotation, their training and their errors (thesis section 3.6).

The studies that use them train one small network per row. Within a seed all rows see the same
rotations in the same order, start from the same hidden weights and are tested on the same
rotations, so that rows may be compared seed by seed. Angles are in degrees in what a study returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rigid_depth.rotations.distances import geodesic_distance
from rigid_depth.rotations.euler import euler_to_matrix, matrix_to_euler
from rigid_depth.rotations.extras import fived_to_matrix, matrix_to_fived, symmetric10_to_matrix
from rigid_depth.rotations.gram_schmidt import matrix_to_sixd, sixd_to_matrix
from rigid_depth.rotations.losses import (
    cosine_loss,
    euler_mse,
    quaternion_mse,
    rotation_mse,
)
from rigid_depth.rotations.procrustes import special_procrustes
from rigid_depth.rotations.quaternions import matrix_to_quaternion, quaternion_to_matrix
from rigid_depth.rotations.vectors import matrix_to_rotvec, rotvec_to_matrix

LEVELS_PERCENT = (1, *range(5, 100, 5), 99, 99.9, 100)
ANGLE_EDGES_DEG = (0, 30, 60, 90, 120, 150, 165, 175, 180)
CURVE_POINTS = 20
FIVE_OF_I = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0])


class Representation(NamedTuple):
    """`size` numbers [*, size], their rotation, and the numbers of a rotation (right inverse)."""

    size: int
    to_matrix: Callable[[Tensor], Tensor]
    from_matrix: Callable[[Tensor], Tensor] | None = None


REPRESENTATIONS = {
    "euler": Representation(3, euler_to_matrix, matrix_to_euler),
    "rotation vector": Representation(3, rotvec_to_matrix, matrix_to_rotvec),
    "quaternion": Representation(4, quaternion_to_matrix, matrix_to_quaternion),
    "5d": Representation(5, fived_to_matrix, matrix_to_fived),
    "6d": Representation(
        6,
        lambda numbers: sixd_to_matrix(numbers.unflatten(-1, (3, 2))),
        lambda matrix: matrix_to_sixd(matrix).flatten(-2),
    ),
    "9d": Representation(
        9,
        lambda numbers: special_procrustes(numbers.unflatten(-1, (3, 3))),
        lambda matrix: matrix.flatten(-2),
    ),
    "10d": Representation(10, symmetric10_to_matrix),
    # Zero is the pole of the 5D map, where its derivative is unbounded, and where networks begin.
    "5d from the identity": Representation(5, lambda numbers: fived_to_matrix(numbers + FIVE_OF_I)),
}

LOSSES = {
    "mse": lambda numbers, truth, rep: rotation_mse(rep.to_matrix(numbers), truth),
    "geodesic": lambda numbers, truth, rep: geodesic_distance(rep.to_matrix(numbers), truth),
    "pre-image": lambda numbers, truth, rep: (numbers - rep.from_matrix(truth)).square().mean(-1),
    "pre-image, wrapped": lambda numbers, truth, rep: euler_mse(numbers, rep.from_matrix(truth)),
    "pre-image, either sign": lambda numbers, truth, rep: quaternion_mse(
        numbers, rep.from_matrix(truth)
    ),
    "pre-image, cosine": lambda numbers, truth, rep: cosine_loss(
        numbers.unflatten(-1, (3, 3)), truth
    ),
}
"""Loss per sample of a network's numbers, the true rotation and the representation.

The first two act on SO(3), after the map; the others on the numbers, and the map is used at test
time only. "pre-image" on "9d" is training without orthogonalisation.
"""

MAPS_ROWS = (*((name, "mse") for name in REPRESENTATIONS), ("9d", "pre-image"))


def fit(
    network: nn.Module,
    samples: Iterable[tuple[Tensor, Tensor]],
    test: tuple[Tensor, Tensor],
    name: str,
    loss: str,
    steps: int,
) -> dict:
    """Trains with Adam, learning rate 1e-3 on half a cosine; test errors during and afterwards."""
    rep = REPRESENTATIONS[name]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    few = tuple(part[:500] for part in test)
    every, curve = max(1, steps // CURVE_POINTS), []
    for step, (inputs, truth) in enumerate(samples):
        if step % every == 0:
            curve.append(_errors_deg(network, few, rep).mean().item())
        optimizer.zero_grad()
        LOSSES[loss](network(inputs), truth, rep).mean().backward()
        optimizer.step()
        schedule.step()
    errors_deg = _errors_deg(network, test, rep)
    curve.append(errors_deg[:500].mean().item())
    steps_seen = [*range(0, steps, every), steps]
    return error_statistics(errors_deg, test[1]) | {
        "curve": {"step": steps_seen, "mean_deg": _rounded(torch.tensor(curve))}
    }


@torch.no_grad()
def _errors_deg(network: nn.Module, test: tuple[Tensor, Tensor], rep: Representation) -> Tensor:
    inputs, truth = test
    numbers = torch.cat([network(part) for part in inputs.split(1000)])
    return torch.rad2deg(geodesic_distance(rep.to_matrix(numbers), truth)).double()


def error_statistics(errors_deg: Tensor, truth: Tensor) -> dict:
    """Mean, percentiles and shares of errors [b] in degrees, and means by the angle of the truth.

    `truth` are the rotations [b, 3, 3]; an angle without a rotation gives None.
    """
    levels = torch.tensor(LEVELS_PERCENT, dtype=torch.float64) / 100
    angle_deg = torch.rad2deg(geodesic_distance(torch.eye(3).expand_as(truth), truth))
    by_angle = [
        errors_deg[(angle_deg >= low) & (angle_deg <= high)]
        for low, high in pairwise(ANGLE_EDGES_DEG)
    ]
    return {
        "mean_deg": round(errors_deg.mean().item(), 4),
        "median_deg": round(errors_deg.median().item(), 4),
        "p99_deg": round(errors_deg.quantile(0.99).item(), 4),
        "max_deg": round(errors_deg.max().item(), 4),
        "below_5_deg_percent": round(100 * (errors_deg < 5).double().mean().item(), 4),
        "percentiles_deg": _rounded(errors_deg.quantile(levels)),
        "mean_by_angle_deg": [round(e.mean().item(), 4) if len(e) else None for e in by_angle],
    }


def _rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def seeded_network(seed: int, make: Callable[[int], nn.Module], outputs: int) -> nn.Module:
    """A network whose hidden weights depend on the seed alone, whatever its last layer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(outputs)


def layers(*widths: int) -> list[nn.Module]:
    """Linear layers of these widths, each followed by a leaky ReLU."""
    chain: list[nn.Module] = []
    for before, after in pairwise(widths):
        chain += [nn.Linear(before, after), nn.LeakyReLU()]
    return chain
