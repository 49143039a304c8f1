"""Depth metrics, and the accumulator that pools them over a split (thesis, chapter 8)."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.errors import RigidDepthError

CAPS_M = (50, 80, 100)
RANGES_M = ((0, 10), (10, 20), (20, 30), (30, 50), (50, 80), (80, 100))
MIN_PRED_M = 1e-3
"""Predictions below are raised to it before a logarithm or a ratio is taken."""

_TERMS = ("pixels", "absolute", "squared", "abs_rel", "sq_rel", "log", "log_squared", "log10")
_SUMS = (*_TERMS, "delta1", "delta2", "delta3")


def depth_metrics(
    pred_m: Float[Tensor, "images *size"],
    target_m: Float[Tensor, "images *size"],
    mask: Bool[Tensor, "images *size"],
    *,
    cap_m: float = 80.0,
    silog_lambda: float = 1.0,
) -> dict[str, float]:
    """Errors of depths in metres over the pixels of the mask with a true depth in (0, cap_m].

    With d the true and p the predicted depth, means over all valid pixels of all images (pooled):
    `rmse_m` sqrt(mean (p-d)^2), `mae_m` mean |p-d|, `abs_rel` mean |p-d|/d, `sq_rel_m` mean
    (p-d)^2/d, `rmse_log` sqrt(mean e^2) with e = ln p - ln d, `log10` mean |log10 p - log10 d|,
    `silog` sqrt(mean e^2 - silog_lambda (mean e)^2) (not times 100; lambda 1 makes it the standard
    deviation of e), `delta1..3` the share of max(p/d, d/p) < 1.25^k. `rmse_image_mean_m` is the
    mean of the images' own RMSE over those with a valid pixel; `pixels` counts the valid ones.

    Predictions are neither scaled nor clipped to the cap. Computed in float64. Raises
    RigidDepthError if no pixel is valid or a valid prediction is not finite.
    """
    valid = mask & (target_m > 0) & (target_m <= cap_m)
    if not valid.any():
        raise RigidDepthError(f"no pixel has a true depth in (0, {cap_m:g}] m: nothing to measure")
    images = [_sums_by_range(p[v], t[v]) for p, t, v in zip(pred_m, target_m, valid, strict=True)]
    return _metrics([ranges.sum(0) for ranges in images], silog_lambda)


class Accumulator:
    """Collects the predictions of one branch over a split; `compute` gives the record's metrics.

    Sums are kept per image in float64 and added exactly, so that neither the order of the images
    nor the size of a batch changes the result.
    """

    def __init__(self) -> None:
        self._images: list[dict] = []

    def update(
        self,
        pred_m: Float[Tensor, "b 1 h w"],
        depth_m: Float[Tensor, "b 1 h w"],
        frames: Sequence[Mapping],
        *,
        sky: Bool[Tensor, "b h w"] | None = None,
        has_sky: Bool[Tensor, " b"] | None = None,
        dense_depth_m: Float[Tensor, "b h w"] | None = None,
    ) -> None:
        """Adds a batch: predicted and LiDAR depth in metres (0 = no return), and of each image its
        `scene`, `condition` and `token`; where known the sky and the dense depth (0 = no surface).

        Raises RigidDepthError if a prediction is not finite.
        """
        for i, frame in enumerate(frames):
            pred = pred_m[i, 0].detach().double()
            if not pred.isfinite().all():
                raise RigidDepthError(
                    f"the prediction for frame {frame['token']} of {frame['scene']} is not finite "
                    "everywhere; only finite depths can be measured"
                )
            image = {"scene": frame["scene"], "condition": frame["condition"]}
            image["sparse"] = _truth_sums(pred, depth_m[i, 0])
            if dense_depth_m is not None and (dense_depth_m[i] > 0).any():
                image["dense"] = _truth_sums(pred, dense_depth_m[i])
            if sky is not None and (has_sky is None or has_sky[i]):
                image["sky"] = _sky_sums(pred, sky[i])
            self._images.append(image)

    def compute(self) -> dict:
        """Metrics by cap and range; by condition, by scene and dense, all at 80 m; of the sky."""
        if not self._images:
            raise RigidDepthError("no image was evaluated; a split needs at least one frame")
        sparse = [image["sparse"] for image in self._images]
        result = {
            "caps": {str(cap): _metrics(_up_to(sparse, cap)) for cap in CAPS_M},
            "ranges_m": {
                f"{low}-{high}": _pick(
                    _metrics([s[k] for s in sparse]), "rmse_m", "mae_m", "pixels"
                )
                for k, (low, high) in enumerate(RANGES_M)
            },
            "conditions": {
                name: _metrics(_up_to([image["sparse"] for image in images], HEADLINE_CAP_M))
                for name, images in _group(self._images, "condition").items()
            },
            "scenes": {
                name: _scene([image["sparse"] for image in images])
                for name, images in _group(self._images, "scene").items()
            },
        }
        dense = [image["dense"] for image in self._images if "dense" in image]
        if dense:
            result["dense"] = _metrics(_up_to(dense, HEADLINE_CAP_M))
        sky = [image["sky"] for image in self._images if "sky" in image]
        if sky:
            result["sky"] = _sky(sky)
        return result


def _truth_sums(pred_m: Tensor, depth_m: Tensor) -> Tensor:
    """The sums of one image by range of the true depth: float64 [ranges, sums] on the CPU."""
    valid = (depth_m > 0) & (depth_m <= RANGES_M[-1][1])
    return _sums_by_range(pred_m[valid], depth_m[valid])


def _sums_by_range(pred_m: Float[Tensor, " n"], depth_m: Float[Tensor, " n"]) -> Tensor:
    """Sums over pixels of everything the metrics are made of, by range of the true depth."""
    if not pred_m.isfinite().all():
        raise RigidDepthError("a predicted depth is not finite; only finite depths can be measured")
    p, d = pred_m.detach().double(), depth_m.double()
    error, floored = (p - d).abs(), p.clamp(min=MIN_PRED_M)
    log = floored.log() - d.log()
    ratio = torch.maximum(floored / d, d / floored)
    terms = [torch.ones_like(d), error, error**2, error / d, error**2 / d, log, log**2]
    terms += [log.abs() / math.log(10), *((ratio < 1.25**k).double() for k in (1, 2, 3))]
    edges = torch.tensor([high for _, high in RANGES_M[:-1]], dtype=d.dtype, device=d.device)
    member = torch.bucketize(d, edges) == torch.arange(len(RANGES_M), device=d.device)[:, None]
    return (member.double() @ torch.stack(terms, 1)).cpu()


def _up_to(images: Iterable[Tensor], cap_m: int) -> list[Tensor]:
    """The sums over all ranges up to a cap, of each image."""
    ranges = sum(high <= cap_m for _, high in RANGES_M)
    return [image[:ranges].sum(0) for image in images]


def _metrics(images: Sequence[Tensor], silog_lambda: float = 1.0) -> dict:
    """Metrics from the sums of each image; every value is None where there is no pixel."""
    total = _total(images)
    n = total.pop("pixels")
    mean = {name: value / n if n else math.nan for name, value in total.items()}
    own_rmse = [math.sqrt(row[2] / row[0]) for row in (i.tolist() for i in images) if row[0]]
    variance = mean["log_squared"] - silog_lambda * mean["log"] ** 2
    result = {
        "rmse_m": math.sqrt(mean["squared"]),
        "rmse_image_mean_m": math.fsum(own_rmse) / len(own_rmse) if n else math.nan,
        "abs_rel": mean["abs_rel"],
        "sq_rel_m": mean["sq_rel"],
        "rmse_log": math.sqrt(mean["log_squared"]),
        "log10": mean["log10"],
        "silog": math.sqrt(max(variance, 0.0)) if n else math.nan,
        "mae_m": mean["absolute"],
        **{f"delta{k}": mean[f"delta{k}"] for k in (1, 2, 3)},
    }
    return {name: value if n else None for name, value in result.items()} | {"pixels": int(n)}


def _total(images: Sequence[Tensor]) -> dict[str, float]:
    """Exact sums over images (`math.fsum`), which no order can change."""
    columns = zip(*(image.tolist() for image in images), strict=True)
    return dict(zip(_SUMS, map(math.fsum, columns), strict=True))


def _scene(images: Sequence[Tensor]) -> list[float]:
    """Sum of the squared errors in m^2 up to 80 m, to nine digits, and number of its pixels."""
    total = _total(_up_to(images, HEADLINE_CAP_M))
    return [float(f"{total['squared']:.9g}"), int(total["pixels"])]


def _sky_sums(pred_m: Tensor, sky: Tensor) -> list[float]:
    depth = pred_m[sky]
    return [float(len(depth)), float((depth > HEADLINE_CAP_M).sum()), depth.sum().item()]


def _sky(images: Sequence[list[float]]) -> dict:
    pixels, beyond, depth_sum_m = (math.fsum(column) for column in zip(*images, strict=True))
    return {
        "pixels": int(pixels),
        "share_beyond_80m": beyond / pixels if pixels else None,
        "mean_depth_m": depth_sum_m / pixels if pixels else None,
    }


def _group(images: Iterable[dict], key: str) -> dict[str, list[dict]]:
    groups = defaultdict(list)
    for image in images:
        groups[image[key]].append(image)
    return dict(sorted(groups.items()))


def _pick(metrics: dict, *names: str) -> dict:
    return {name: metrics[name] for name in names}
