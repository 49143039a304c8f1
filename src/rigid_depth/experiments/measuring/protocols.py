"""Depth metrics as other projects define them: one error map, every convention.

Names such as RMSE or SILog mean different numbers in different repositories. Each `Protocol` says
what one of them does, read from its evaluation code at the commit that `code` names; `score` does
it. How a prediction is brought to the size of the truth is left to the caller: all resize it
bilinearly, monodepth and monodepth2 the disparity, the others the depth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.metrics import MIN_PRED_M

GARG = (0.40810811, 0.99189189, 0.03594771, 0.96405229)
"""Top, bottom, left and right of the Garg crop as shares of height and width."""
COMMON = ("rmse", "abs_rel", "sq_rel", "rmse_log", "delta1", "delta2", "delta3")


@dataclass(frozen=True)
class Protocol:
    """What lies between two depth maps and the numbers that a project prints."""

    code: str  # repository@commit: file
    metrics: tuple[str, ...] = COMMON
    min_m: float = 0.0  # true depths up to it do not count
    max_m: float = 80.0
    closed: bool = False  # a true depth of exactly max_m counts
    crop: bool = False  # only pixels within the box count
    box: tuple[float, float, float, float] = GARG  # of the crop, as shares of height and width
    window_px: tuple[int, int] | None = None  # cut out first, at the bottom and centred
    forward: bool = False  # KITTI sweeps: the truth is x of the LiDAR, not z of the camera
    median_scaling: bool = False  # predictions times median(true) / median(predicted), per image
    clamp: bool = False  # predictions clamped to [min_m, max_m]
    clamp_m: tuple[float, float] | None = None  # or to this range
    per_image: bool = True  # mean of the images' own values; else over all pixels
    count_empty: bool = False  # an image without a valid pixel counts as zero error
    min_pixels: int = 1  # an image with fewer valid pixels does not count
    silog: tuple[float, float, int] = (1.0, 1.0, 0)  # lambda, factor, subtracted degrees of freedom
    flipped_m: float | None = None  # relative errors divide by flipped_m - d instead of d
    square_by: int = 1  # squared relative errors divide by this power of d
    floor_m: float = 1e-9  # predictions below it count as it where they are logged or inverted
    unit: float = 1.0  # errors in m and in 1/m are multiplied by it (1000: in mm and in 1/km)


PROTOCOLS: dict[str, Protocol] = {
    "this book": Protocol(
        "rigid_depth: experiments/measuring/metrics.py",
        (*COMMON, "mae", "log10", "silog"),
        closed=True, per_image=False, floor_m=MIN_PRED_M,
    ),
    "monodepth2": Protocol(
        "nianticlabs/monodepth2@b676244: evaluate_depth.py",
        min_m=1e-3, crop=True, forward=True, median_scaling=True, clamp=True,
    ),
    "packnet-sfm": Protocol(
        "TRI-ML/packnet-sfm@de53b31: packnet_sfm/utils/depth.py",
        crop=True, clamp=True, count_empty=True,
    ),
    "AdaBins, ZoeDepth": Protocol(
        "shariqfarooq123/AdaBins@0952d91: evaluate.py; "
        "isl-org/ZoeDepth@d87f17b: zoedepth/utils/misc.py",
        (*COMMON, "log10", "silog"),
        min_m=1e-3, crop=True, clamp=True, silog=(1.0, 100.0, 0),
    ),
    "Depth Anything V2": Protocol(
        "DepthAnything/Depth-Anything-V2@a561b84: metric_depth/util/metric.py",
        (*COMMON, "log10", "silog"),
        min_m=1e-3, closed=True, min_pixels=10, silog=(0.5, 1.0, 0),
    ),
    "UniDepth": Protocol(
        "lpiccinelli-eth/UniDepth@8d8cfe4: unidepth/utils/evaluation_depth.py",
        (*COMMON, "log10", "silog"),
        silog=(1.0, 100.0, 1),
    ),
    "Lin et al. 2020": Protocol(
        "brade31919/radar_depth@5e6e757: evaluation/metrics.py",
        ("rmse", "mae", "abs_rel", "log10", "irmse", "imae", "delta1", "delta2", "delta3"),
        max_m=math.inf,
    ),
    "RC-PDA": Protocol(
        "longyunf/rc-pda@de993f9: scripts/test_depth.py",
        (*COMMON, "mae", "log10", "silog"),
        min_m=1e-3, max_m=50.0, clamp=True, silog=(1.0, 100.0, 0),
    ),
    "radar-camera-fusion": Protocol(
        "nesl/radar-camera-fusion-depth@c95c67d: src/fusionnet_main.py",
        ("mae", "rmse", "imae", "irmse"),
        unit=1000.0,
    ),
    "SurroundDepth": Protocol(
        "weiyithu/SurroundDepth@22dfecf: runer.py",
        min_m=0.1, median_scaling=True, clamp=True,
    ),
    "CamRaDepth": Protocol(
        "TUMFTM/CamRaDepth@ca5b9fd: src/main/runner.py",
        ("rmse", "mae", "abs_rel"),
        max_m=100.0, clamp=True, flipped_m=100.0,
    ),
}  # fmt: skip


EIGEN_CROP = (0.3324324, 0.91351351, 0.0359477, 0.96405229)
"""The crop of Eigen et al. (2014), as `GARG`."""

KITTI_WINDOW_PX = 352, 1216
"""The part of a KITTI image that the benchmark measures (Uhrig et al. 2017, arXiv 1708.06500).

The size is that of `val_selection_cropped` in the readme of its development kit; the place, at the
bottom and centred, is that of `do_kb_crop` in cleinc/bts@5e3406b: pytorch/bts_dataloader.py.
"""

EVALUATED: dict[str, Protocol] = {
    **PROTOCOLS,
    "monodepth2 improved": replace(
        PROTOCOLS["monodepth2"],
        max_m=math.inf, crop=False, forward=False, clamp_m=(1e-3, 80.0),
    ),
    "BTS": replace(PROTOCOLS["AdaBins, ZoeDepth"], code="cleinc/bts@5e3406b: pytorch/bts_eval.py"),
    "UniDepth on KITTI": replace(
        PROTOCOLS["UniDepth"],
        code="lpiccinelli-eth/UniDepth@8d8cfe4: unidepth/datasets/kitti.py",
        crop=True, window_px=KITTI_WINDOW_PX,
    ),
    "Eigen": Protocol(
        "mrharicot/monodepth@b76bee4: utils/evaluate_kitti.py, with --eigen_crop",
        min_m=1e-3, crop=True, box=EIGEN_CROP, forward=True, clamp=True,
    ),
    "KITTI benchmark": Protocol(
        "KITTI depth development kit: evaluate_depth.cpp, as in "
        "irolaina/FCRN-DepthPrediction@f2e306c",
        ("silog", "abs_rel", "sq_rel", "irmse", "rmse", "mae", "imae"),
        max_m=math.inf, window_px=KITTI_WINDOW_PX, silog=(1.0, 1.0, 0), square_by=2,
    ),
}  # fmt: skip
"""What `rigid-depth evaluate --protocol` takes. "monodepth2 improved" is what monodepth2 does with
the annotation (its split eigen_benchmark): no crop, no cap on the truth. The benchmark divides the
squared error by the squared depth; it prints 100 silog, the relative errors in per cent and irmse
in 1/km, here they are plain numbers and 1/m. Its kit first fills the holes of a prediction."""


def find_protocol(name: str) -> tuple[str, Protocol]:
    """A protocol by its name or by that of one of its projects, whatever the case of its letters.

    Raises RigidDepthError with the names for any other.
    """
    for known, protocol in EVALUATED.items():
        if name.lower() in (known.lower(), *known.lower().split(", ")):
            return known, protocol
    names = (part for known in EVALUATED for part in known.split(", "))
    raise RigidDepthError(f"unknown protocol '{name}'; allowed: {', '.join(names)}.")


def score(
    pred_m: Float[Tensor, "images h w"],
    target_m: Float[Tensor, "images h w"],
    protocol: Protocol,
    mask: Bool[Tensor, "images h w"] | None = None,
) -> dict[str, float]:
    """The numbers of a project for predicted and true depths in metres (0 = no ground truth).

    The keys are `protocol.metrics` and `pixels`, the number that counted. Computed in float64.
    Raises RigidDepthError if no pixel counts.
    """
    known_m = target_m if mask is None else target_m.where(mask, 0)
    return score_images(zip(pred_m, known_m, strict=True), protocol)


def score_images(pairs: Iterable[tuple[Tensor, Tensor]], protocol: Protocol) -> dict[str, float]:
    """The same for predicted and true depth `[h, w]` image by image, which may differ in size."""
    values, pooled, images, pixels = [], [], 0, 0
    for pred, true in pairs:
        images += 1
        valid = _valid(true, protocol)
        if valid.sum() < protocol.min_pixels:
            continue
        pixels += int(valid.sum())
        truth = true[valid].double()
        found = _prepared(pred[valid].double(), truth, protocol), truth
        if protocol.per_image:
            values.append(_values(*found, protocol))
        else:
            pooled.append(found)
    if pooled:
        values.append(_values(*(torch.cat(part) for part in zip(*pooled, strict=True)), protocol))
    if not values:
        raise RigidDepthError("no pixel counts under this protocol: nothing to measure")
    count = images if protocol.per_image and protocol.count_empty else len(values)
    result = {name: sum(v[name] for v in values) / count for name in protocol.metrics}
    return result | {"pixels": pixels}


def silog(
    log_error: Float[Tensor, " n"], weight: float = 1.0, factor: float = 1.0, correction: int = 0
) -> float:
    """factor * sqrt(mean e^2 - weight (mean e)^2) of e = ln p - ln d, e.g. 0.85, 0.5 or 1.

    `correction` 1 divides the variance by n - 1 instead of n. With `weight` 1 it is the spread of
    e, which no factor on all depths changes; with less it sees that factor too.
    """
    n = len(log_error)
    variance = log_error.square().mean() - weight * log_error.mean() ** 2
    return factor * math.sqrt(max(variance.item(), 0.0) * n / max(n - correction, 1))


def _valid(target_m: Tensor, protocol: Protocol) -> Tensor:
    below = target_m <= protocol.max_m if protocol.closed else target_m < protocol.max_m
    low = max(protocol.min_m, 0.0)
    valid = (target_m > low) & below
    top, left, (height, width) = 0, 0, target_m.shape[-2:]
    if protocol.window_px:
        whole, inner = (height, width), protocol.window_px
        height, width = min(whole[0], inner[0]), min(whole[1], inner[1])
        top, left = whole[0] - height, (whole[1] - width) // 2
    first, last, start, end = protocol.box if protocol.crop else (0.0, 1.0, 0.0, 1.0)
    inside = torch.zeros_like(valid)
    inside[
        ...,
        top + int(first * height) : top + int(last * height),
        left + int(start * width) : left + int(end * width),
    ] = True
    return valid & inside


def _prepared(pred: Tensor, true: Tensor, protocol: Protocol) -> Tensor:
    """Predictions of the valid pixels of an image after scaling and clamping."""
    if protocol.median_scaling:
        pred = pred * (torch.quantile(true, 0.5) / torch.quantile(pred, 0.5))
    low_m, high_m = protocol.clamp_m or (protocol.min_m, protocol.max_m)
    return pred.clamp(low_m, high_m) if protocol.clamp else pred


def _values(pred: Tensor, true: Tensor, protocol: Protocol) -> dict[str, float]:
    """Every metric over some pixels."""
    error = pred - true
    by = true if protocol.flipped_m is None else protocol.flipped_m - true
    safe = pred.clamp(min=protocol.floor_m)
    log = safe.log() - true.log()
    ratio = log.abs().exp()
    inverse = (1 / safe - 1 / true) * protocol.unit
    weight, factor, correction = protocol.silog
    means = {
        "rmse": error.square().mean().sqrt() * protocol.unit,
        "mae": error.abs().mean() * protocol.unit,
        "abs_rel": (error.abs() / by).mean(),
        "sq_rel": (error.square() / by**protocol.square_by).mean(),
        "rmse_log": log.square().mean().sqrt(),
        "log10": log.abs().mean() / math.log(10),
        "irmse": inverse.square().mean().sqrt(),
        "imae": inverse.abs().mean(),
        **{f"delta{k}": (ratio < 1.25**k).double().mean() for k in (1, 2, 3)},
    }
    found = {name: value.item() for name, value in means.items()}
    return found | {"silog": silog(log, weight, factor, correction)}


def example_maps(
    seed: int = 0, *, size: tuple[int, int] = (96, 192), bias: float = 1.0, noise: float = 0.12
) -> tuple[Float[Tensor, "4 h w"], Float[Tensor, "4 h w"]]:
    """Predicted and true depth in metres of four plain streets, the same on any machine.

    A road, two walls and what ends the view at 12, 35, 60 and 95 m; 0 = sky. A prediction is the
    truth times `bias`, a factor of its image (0.9 to 1.2) and exp of normal noise of that spread.
    """
    height, width = size
    v = torch.arange(height, dtype=torch.float64)[:, None] - 0.42 * height
    u = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    focal_px, generator = 0.8 * width, torch.Generator().manual_seed(seed)
    road_m = torch.where(v > 0, 1.5 * focal_px / v.clamp(min=1e-3), math.inf)
    streets = []
    for side_m, end_m in ((5, 12), (8, 35), (12, 60), (20, 95)):
        wall_m = (side_m * focal_px / u.abs().clamp(min=1e-3)).clamp(max=end_m).expand(height, -1)
        above = -v * wall_m / focal_px > 6  # what is higher than 6 m above the horizon is sky
        streets.append(torch.where(above, 0, torch.minimum(road_m, wall_m)))
    true_m = torch.stack(streets)
    factor = torch.tensor([0.9, 1.0, 1.05, 1.2], dtype=torch.float64)[:, None, None]
    spread = torch.randn(true_m.shape, generator=generator, dtype=torch.float64) * noise
    return true_m.clamp(min=1.0) * factor * bias * spread.exp(), true_m
