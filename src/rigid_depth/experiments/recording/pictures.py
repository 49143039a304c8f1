"""Small pictures of a few fixed test frames: image, returns, prediction, error."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure
from numpy import ndarray
from PIL import Image

from rigid_depth.experiments.recording.record import RunRecord

MAX_BYTES = 40_000
NEAREST_M, FARTHEST_M = 2.0, 100.0
LARGEST_ERROR_M = 10.0
DEPTH_MAP, ERROR_MAP = "viridis", "cividis"
"""Both rise evenly in lightness and are told apart with any colour vision."""
WIDEST_PX = 384
FILES = {"image": "rgb", "LiDAR": "target"}
CONDITIONS = ("day", "night", "rain", "dusk")
SHOWN = 4
"""Frames whose pictures are written."""


def depth_picture(depth_m: Float[ndarray, "h w"]) -> UInt8[ndarray, "h w 3"]:
    """Depth in colour on a logarithmic scale: bright = 2 m or nearer, dark = 100 m or farther."""
    log = np.log(np.clip(depth_m, NEAREST_M, FARTHEST_M) / NEAREST_M)
    return _colour(1 - log / np.log(FARTHEST_M / NEAREST_M), DEPTH_MAP)


def error_picture(error_m: Float[ndarray, "h w"]) -> UInt8[ndarray, "h w 3"]:
    """Absolute error in colour: dark = 0 m, bright = 10 m or more; white where unknown (NaN)."""
    picture = _colour(np.clip(np.nan_to_num(error_m) / LARGEST_ERROR_M, 0, 1), ERROR_MAP)
    picture[np.isnan(error_m)] = 255
    return picture


def points_picture(
    rgb: UInt8[ndarray, "h w 3"], depth_m: Float[ndarray, "h w"]
) -> UInt8[ndarray, "h w 3"]:
    """The returns in the colours of their depth on a faded grey image."""
    grey = rgb.mean(2, keepdims=True) * 0.35 + 160
    picture = np.repeat(grey, 3, axis=2).astype(np.uint8)
    seen = depth_m > 0
    picture[seen] = depth_picture(depth_m)[seen]
    return picture


def fixed_frames(frames: Sequence[dict]) -> list[int]:
    """Which frames are shown: the middle one of each condition, then evenly spread ones."""
    chosen = []
    for condition in CONDITIONS:
        members = [i for i, frame in enumerate(frames) if frame["condition"] == condition]
        chosen += members[len(members) // 2 : len(members) // 2 + 1]
    spread = [round(k * (len(frames) - 1) / (SHOWN - 1)) for k in range(SHOWN)]
    return list(dict.fromkeys([*chosen, *spread]))[: min(SHOWN, len(frames))]


def write_pictures(
    folder: Path,
    number: int,
    rgb: UInt8[ndarray, "h w 3"],
    lidar_m: Float[ndarray, "h w"],
    dense_m: Float[ndarray, "h w"] | None,
    preds_m: Mapping[str, Float[ndarray, "h w"]],
) -> dict[str, str]:
    """Writes the pictures of a frame, each at most 40 kB, and returns their file names.

    Prediction and error of every branch; the files of the first, the leading one, have no branch in
    their names. The error is against the dense depth where the data has one, else at the returns.
    """
    truth_m = lidar_m if dense_m is None or not (dense_m > 0).any() else dense_m
    pictures = {"rgb": (rgb, "jpg"), "target": (points_picture(rgb, lidar_m), "png")}
    for place, (branch, pred_m) in enumerate(preds_m.items()):
        prefix = f"{branch}-" if place else ""
        error_m = np.where(truth_m > 0, np.abs(pred_m - truth_m), np.nan)
        pictures[f"{prefix}prediction"] = (depth_picture(pred_m), "jpg")
        pictures[f"{prefix}error"] = (error_picture(error_m), "png")
    names = {}
    for kind, (picture, ending) in pictures.items():
        names[kind] = f"{number}-{kind}.{ending}"
        (folder / names[kind]).write_bytes(_encode(picture, ending))
    return names


def _colour(share: Float[ndarray, "h w"], name: str) -> UInt8[ndarray, "h w 3"]:
    return (matplotlib.colormaps[name](share)[..., :3] * 255).round().astype(np.uint8)


def _encode(picture: UInt8[ndarray, "h w 3"], ending: str) -> bytes:
    """The picture as PNG or JPEG, never widened, made narrower until it fits into 40 kB."""
    image = Image.fromarray(picture)
    width = min(WIDEST_PX, image.width)
    while True:
        size = (width, round(image.height * width / image.width))
        smaller = image.resize(size, Image.Resampling.NEAREST)
        buffer = io.BytesIO()
        if ending == "png":
            smaller.quantize(64).save(buffer, "png", optimize=True)
        else:
            smaller.save(buffer, "jpeg", quality=85)
        if buffer.tell() <= MAX_BYTES or width <= 64:
            return buffer.getvalue()
        width = round(width * 0.85)


def show_predictions(runs: Mapping[str, RunRecord], count: int = SHOWN) -> Image.Image:
    """The pictures of one or several runs side by side: a row for each frame, a few colours only.

    Columns are image, LiDAR returns, then prediction and error of each run, under its name.
    """
    first = next(iter(runs.values()))
    frames = first.data["predictions"][:count]
    columns = [(kind, first, kind) for kind in ("image", "LiDAR")]
    columns += [
        (f"{k} {n}".strip(), r, k) for n, r in runs.items() for k in ("prediction", "error")
    ]
    figure = Figure(figsize=(2.2 * len(columns), 1.2 * len(frames) + 0.3), layout="constrained")
    grid = figure.subplots(len(frames), len(columns), squeeze=False)
    for row, axes in enumerate(grid):
        for axis, (title, run, kind) in zip(axes, columns, strict=True):
            name = run.data["predictions"][row]["images"][FILES.get(kind, kind)]
            axis.imshow(np.asarray(Image.open(run.folder / name).convert("RGB")))
            axis.set(xticks=[], yticks=[], title=title if row == 0 else "")
            axis.grid(False)
        axes[0].set_ylabel(frames[row]["condition"])
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=80)
    return Image.open(buffer).convert("RGB").quantize(96)
