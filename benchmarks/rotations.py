"""Rotations against RoMa, pytorch3d's formulas and plain PyTorch, by batch size: time and error.

    python -m benchmarks.rotations [--sizes 1 10 100 1000 10000 100000] [--only sixd] [--threads 1]
                                   [--device cuda] [--clock wall] [--seconds 0.5]

The candidates of one row take turns in one run and the shortest time of each counts; a ratio above
1 means that ours is slower than the fastest of the others. Some minutes by default. The processor's
own time is measured by default, as other work on the machine hides less of it; with more than one
thread, or a GPU, the wall clock.
"""

import argparse
import math
import os
import time
import warnings
from collections.abc import Callable

import roma
import torch
import torch.nn.functional as F
from torch import Tensor

from rigid_depth import rotations as rr

Candidates = dict[str, Callable[[Tensor], Tensor]]
ROUNDS = 3  # at least
BLOCK_SECONDS = 1e-3  # one measurement repeats a call for about this long
TRACE_SLACK, LAST_COSINE = 1e-4, 1 - 1e-4  # as in pytorch3d
MOST_ENTRIES = 1_000_000  # larger inputs are left out: 10,000 matrices of 16x16 take RoMa minutes


def procrustes_by_svd(matrix: Tensor) -> Tensor:
    """The rotation nearest to a matrix by the decomposition, in the dtype of the matrix."""
    u, _, vh = torch.linalg.svd(matrix)
    sign = torch.ones_like(matrix[..., 0, :])
    sign[..., -1] = torch.linalg.det(u @ vh).sign()
    return u @ (sign[..., None] * vh)


def sixd_pytorch3d(rows: Tensor) -> Tensor:
    """Gram-Schmidt without care for zero or parallel vectors; its two vectors are rows."""
    first, second = rows.flatten(-2).split(3, dim=-1)
    first = F.normalize(first, dim=-1)
    second = F.normalize(second - (first * second).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack((first, second, torch.linalg.cross(first, second)), dim=-2)


def quaternion_pytorch3d(quaternion: Tensor) -> Tensor:
    """The matrix of a quaternion that is not zero, entry by entry."""
    w, x, y, z = quaternion.unbind(-1)
    s = 2 / (quaternion * quaternion).sum(-1)
    entries = (
        1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y),
        s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x),
        s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y),
    )  # fmt: skip
    return torch.stack(entries, dim=-1).unflatten(-1, (3, 3))


def euler_pytorch3d(matrix: Tensor) -> Tensor:
    """Angles "xyz" by the arcsine, without care for gimbal lock or entries above 1."""
    column, row = matrix[..., 0], matrix[..., 2, :]
    first, third = (
        torch.atan2(row[..., 1], row[..., 2]),
        torch.atan2(column[..., 1], column[..., 0]),
    )
    return torch.stack((first, torch.asin(-matrix[..., 2, 0]), third), dim=-1)


def angle_pytorch3d(first: Tensor, second: Tensor) -> Tensor:
    """The angle by the arccosine, a straight line near 0 and pi, after a look at the traces."""
    trace = torch.bmm(first, second.mT).diagonal(dim1=-2, dim2=-1).sum(-1)
    if ((trace < -1 - TRACE_SLACK) | (trace > 3 + TRACE_SLACK)).any():
        raise ValueError("a trace that no rotation has")
    cosine = (trace - 1) / 2
    angle = torch.empty_like(cosine)
    is_high, is_low = cosine >= LAST_COSINE, cosine <= -LAST_COSINE
    is_between = ~(is_high | is_low)
    angle[is_between] = torch.acos(cosine[is_between])
    slope = -1 / math.sqrt(1 - LAST_COSINE**2)
    for is_end, end in ((is_high, LAST_COSINE), (is_low, -LAST_COSINE)):
        angle[is_end] = math.acos(end) + slope * (cosine[is_end] - end)
    return angle


def rotations(count: int, device: str) -> Tensor:
    return rr.random_rotation(3, count, torch.Generator().manual_seed(0)).to(device)


def numbers(*shape: int) -> Callable[[int, str], Tensor]:
    def make(count: int, device: str) -> Tensor:
        return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0)).to(device)

    return make


def pairs(distance: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The distance of every rotation to the identity, so that one input is measured."""
    return lambda matrix: distance(matrix, torch.eye(3, device=matrix.device).expand_as(matrix))


PROCRUSTES: Candidates = {
    "ours": rr.special_procrustes,
    "RoMa": roma.special_procrustes,
    "RoMa (svd)": lambda m: roma.special_procrustes(m, method="svd"),
    "torch.linalg.svd": procrustes_by_svd,
}
MAPS: dict[str, tuple[Callable[[int, str], Tensor], Candidates]] = {
    "special_procrustes 3x3": (numbers(3, 3), PROCRUSTES),
    "special_procrustes 16x16": (numbers(16, 16), PROCRUSTES),
    "sixd_to_matrix": (
        numbers(3, 2),
        {"ours": rr.sixd_to_matrix, "RoMa": roma.special_gramschmidt, "pytorch3d": sixd_pytorch3d},
    ),
    "geodesic_distance": (
        rotations,
        {
            "ours": pairs(rr.geodesic_distance),
            "RoMa": pairs(roma.rotmat_geodesic_distance),
            "pytorch3d": pairs(angle_pytorch3d),
        },
    ),
    "quaternion_to_matrix": (
        numbers(4),
        {
            "ours": rr.quaternion_to_matrix,
            "RoMa": lambda q: roma.unitquat_to_rotmat(roma.quat_normalize(q)),
            "pytorch3d": quaternion_pytorch3d,
        },
    ),
    "matrix_to_euler": (
        rotations,
        {
            "ours": rr.matrix_to_euler,
            "RoMa": lambda r: roma.rotmat_to_euler("xyz", r),
            "pytorch3d": euler_pytorch3d,
        },
    ),
    "matrix_to_quaternion": (
        rotations,
        {"ours": rr.matrix_to_quaternion, "RoMa": roma.rotmat_to_unitquat},
    ),
    "rotvec_to_matrix": (
        numbers(3),
        {"ours": rr.rotvec_to_matrix, "RoMa": roma.rotvec_to_rotmat},
    ),
    "matrix_to_rotvec": (
        rotations,
        {"ours": rr.matrix_to_rotvec, "RoMa": roma.rotmat_to_rotvec},
    ),
}
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def forward(function, data: Tensor, calls: int) -> None:
    for _ in range(calls):
        function(data)


def forward_and_backward(function, data: Tensor, calls: int) -> None:
    leaf = data.detach().requires_grad_()
    for _ in range(calls):
        output = function(leaf)
        torch.autograd.grad(output, leaf, torch.ones_like(output))


def race(work, candidates: Candidates, data: Tensor, clock, seconds: float) -> dict[str, float]:
    """The shortest time of one call of each candidate, in microseconds, taking turns."""

    def measure(function, calls: int) -> float:
        synchronise(data)
        start = clock()
        work(function, data, calls)
        synchronise(data)
        return (clock() - start) / calls

    calls = {}
    for name, function in candidates.items():
        measure(function, 1)
        calls[name] = max(1, round(BLOCK_SECONDS / max(1e-6, measure(function, 3))))
    best = dict.fromkeys(candidates, float("inf"))
    start, rounds = time.perf_counter(), 0
    while rounds < ROUNDS or time.perf_counter() - start < seconds:
        for name, function in candidates.items():
            best[name] = min(best[name], measure(function, calls[name]) * 1e6)
        rounds += 1
    return best


def synchronise(data: Tensor) -> None:
    if data.is_cuda:
        torch.cuda.synchronize()


def cells(times: dict[str, float]) -> list[str]:
    """Ours, the fastest of the others with its name, and the ratio of the two."""
    others = {name: value for name, value in times.items() if name != "ours"}
    fastest = min(others, key=lambda name: others[name])
    ratio = times["ours"] / others[fastest]
    return [f"{times['ours']:.1f}", f"{others[fastest]:.1f} {fastest}", f"{ratio:.2f}"]


def times_table(names: list[str], sizes: list[int], device: str, clock, seconds: float) -> None:
    print("\n### microseconds a call, float32; ratio: ours to the fastest of the others\n")
    print("| | batch | ours | others | ratio | ours with gradient | others | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        make, candidates = MAPS[name]
        for count in sizes:
            data = make(count, device)
            if data.numel() > MOST_ENTRIES:
                continue
            row = [name, str(count)]
            for work in (forward, forward_and_backward):
                row += cells(race(work, candidates, data, clock, seconds))
            print("| " + " | ".join(row) + " |", flush=True)


def worst(actual: torch.Tensor, expected: torch.Tensor) -> float:
    return (actual - expected).abs().max().item()


def conditioning(count: int = 200) -> list[dict]:
    """Largest error over random frames for singular values (1, 1/2, gap - 1/2), gap = s2 + s3.

    The exact answer of the rounded input comes from the float64 decomposition (float32 rows) or
    from the construction (float64 rows).
    """
    generator = torch.Generator().manual_seed(0)
    left, right = rr.random_rotation(3, (2, count), generator, dtype=torch.float64)
    rows = []
    for exponent in range(8):
        gap = 10.0**-exponent
        values = torch.tensor([1.0, 0.5, gap - 0.5], dtype=torch.float64)
        exact, truth = left @ torch.diag(values) @ right, left @ right
        low = exact.float()
        low_truth = procrustes_by_svd(low.double())
        row = {"gap": gap}
        for name in ("ours", "RoMa", "torch.linalg.svd"):
            row[f"{name}, float32"] = worst(PROCRUSTES[name](low), low_truth)
            row[f"{name}, float64"] = worst(PROCRUSTES[name](exact), truth)
        rows.append(row)
    return rows


def conditioning_table() -> None:
    rows = conditioning()
    print("\n### error against conditioning: singular values 1, 1/2, gap - 1/2\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(f"{value:.0e}" for value in row.values()) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**k for k in range(6)])
    parser.add_argument("--only", default="", help="only maps whose name holds this text")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--clock", choices=CLOCKS, help="default: cpu for one thread, else wall")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure at least")
    options = parser.parse_args()
    names = [name for name in MAPS if options.only in name]
    if not names:
        parser.error(f"--only {options.only}: no map's name holds it; maps: {', '.join(MAPS)}")
    alone = options.threads == 1 and options.device == "cpu"
    clock = options.clock or ("cpu" if alone else "wall")
    torch.set_num_threads(options.threads)
    machine = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    print(
        f"## rotations: {machine}, {options.threads} threads, {clock} time, torch "
        f"{torch.__version__}, load {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors"
    )
    with warnings.catch_warnings():  # RoMa's use of torch.jit, and matrices that are not unique
        warnings.simplefilter("ignore")
        times_table(names, options.sizes, options.device, CLOCKS[clock], options.seconds)
        conditioning_table()


if __name__ == "__main__":
    main()
