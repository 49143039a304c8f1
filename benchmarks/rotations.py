"""Rotations against RoMa, torch.linalg.svd and kornia: time forward and backward, and error.

    python -m benchmarks.rotations [--sizes 100 10000 1000000] [--threads 2] [--device cuda]

Everything compared is measured in one run, the candidates taking turns, and reported as the ratio
of the shortest times. About half a minute by default. On a busy machine two threads wait for each
other and the ratios mean little: use ``--threads 1 --clock cpu`` there.
"""

import argparse
import os
import time
import warnings

import kornia.geometry.conversions as kc
import roma
import torch

from rigid_depth import rotations as rr
from rigid_depth.rotations.teaching import geodesic_by_arccos, procrustes_by_svd

SECONDS_PER_ROW = 2.0  # shared by the candidates of one row
ROUNDS = (3, 30)  # at least, at most

PROCRUSTES = {
    "ours": rr.special_procrustes,
    "RoMa": roma.special_procrustes,
    "RoMa (svd)": lambda m: roma.special_procrustes(m, method="svd"),
    "torch.linalg.svd": procrustes_by_svd,
}


def rotations(count: int, device: str) -> torch.Tensor:
    return rr.random_rotation(3, count, torch.Generator().manual_seed(0)).to(device)


def numbers(count: int, device: str, *shape: int) -> torch.Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0)).to(device)


MAPS = {  # name: (input, {candidate: function})
    "rotvec_to_matrix": (
        lambda n, d: numbers(n, d, 3),
        {
            "ours": rr.rotvec_to_matrix,
            "RoMa": roma.rotvec_to_rotmat,
            "kornia": kc.axis_angle_to_rotation_matrix,
        },
    ),
    "quaternion_to_matrix": (
        lambda n, d: numbers(n, d, 4),
        {
            "ours": rr.quaternion_to_matrix,
            "RoMa": lambda q: roma.unitquat_to_rotmat(roma.quat_normalize(q)),
            "kornia": kc.quaternion_to_rotation_matrix,
        },
    ),
    "matrix_to_quaternion": (
        rotations,
        {
            "ours": rr.matrix_to_quaternion,
            "RoMa": roma.rotmat_to_unitquat,
            "kornia": kc.rotation_matrix_to_quaternion,
        },
    ),
    "matrix_to_rotvec": (
        rotations,
        {
            "ours": rr.matrix_to_rotvec,
            "RoMa": roma.rotmat_to_rotvec,
            "kornia": kc.rotation_matrix_to_axis_angle,
        },
    ),
    "sixd_to_matrix": (
        lambda n, d: numbers(n, d, 3, 2),
        {"ours": rr.sixd_to_matrix, "RoMa": roma.special_gramschmidt},
    ),
    "geodesic_distance": (
        rotations,
        {
            "ours": lambda r: rr.geodesic_distance(r, r.flip(0)),
            "RoMa": lambda r: roma.rotmat_geodesic_distance(r, r.flip(0)),
            "arccos": lambda r: geodesic_by_arccos(r, r.flip(0)),
        },
    ),
}


MAPS_SIZE = 100_000
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def seconds(function, data: torch.Tensor, clock) -> tuple[float, float]:
    """One forward and one backward pass."""
    leaf = data.clone().requires_grad_()
    synchronise(data)
    start = clock()
    output = function(leaf)
    synchronise(data)
    forward = clock() - start
    grad = torch.ones_like(output)
    synchronise(data)
    start = clock()
    torch.autograd.grad(output, leaf, grad)
    synchronise(data)
    return forward, clock() - start


def synchronise(data: torch.Tensor) -> None:
    if data.is_cuda:
        torch.cuda.synchronize()


def race(candidates: dict, data: torch.Tensor, clock) -> dict[str, tuple[float, float]]:
    """The shortest forward and backward time of each candidate, in seconds, taking turns."""
    for function in candidates.values():
        seconds(function, data, clock)
    best = dict.fromkeys(candidates, (float("inf"), float("inf")))
    start, rounds = time.perf_counter(), 0
    while rounds < ROUNDS[0] or (
        rounds < ROUNDS[1] and time.perf_counter() - start < SECONDS_PER_ROW
    ):
        for name, function in candidates.items():
            best[name] = tuple(map(min, best[name], seconds(function, data, clock)))
        rounds += 1
    return best


def row(label: str, times: dict[str, tuple[float, float]], errors: dict[str, float]) -> list[str]:
    """One line per candidate: milliseconds, and how many times faster ours is."""
    ours = times["ours"]
    lines = []
    for name, (forward, backward) in times.items():
        ratios = forward / ours[0], backward / ours[1], (forward + backward) / sum(ours)
        error = f"{errors[name]:.1e}" if name in errors else ""
        cells = [f"{forward * 1e3:.3f}", f"{backward * 1e3:.3f}", *(f"{r:.1f}x" for r in ratios)]
        lines.append("| " + " | ".join([label, name, *cells, error]) + " |")
        label = ""
    return lines


def table(title: str, lines: list[str]) -> None:
    print(f"\n### {title}\n")
    print("| | | forward ms | backward ms | ours faster: forward | backward | both | max error |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(lines), flush=True)


def procrustes_table(sizes: list[int], device: str, clock) -> None:
    lines = []
    for count in sizes:
        data = numbers(count, device, 3, 3)
        expected = procrustes_by_svd(data.double())
        errors = {name: worst(f(data), expected) for name, f in PROCRUSTES.items()}
        lines += row(f"n = {count}", race(PROCRUSTES, data, clock), errors)
    table("special_procrustes, 3x3, float32; error against the float64 decomposition", lines)


def maps_table(count: int, device: str, clock) -> None:
    lines = []
    for name, (make, candidates) in MAPS.items():
        lines += row(name, race(candidates, make(count, device), clock), {})
    table(f"maps and distances, n = {count}, float32", lines)


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
    with warnings.catch_warnings():  # the smallest gaps are not unique in float32, and said to be
        warnings.filterwarnings("ignore", "the nearest rotation is not unique")
        rows = conditioning()
    print("\n### error against conditioning: singular values 1, 1/2, gap - 1/2\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(f"{value:.0e}" for value in row.values()) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**k for k in range(2, 7)])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    clock = CLOCKS[options.clock]
    torch.set_num_threads(options.threads)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    print(
        f"## rotations: {name}, {options.threads} threads, {options.clock} time, torch "
        f"{torch.__version__}, load {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors"
    )
    procrustes_table(options.sizes, options.device, clock)
    maps_table(min(MAPS_SIZE, max(options.sizes)), options.device, clock)
    conditioning_table()


if __name__ == "__main__":
    main()
