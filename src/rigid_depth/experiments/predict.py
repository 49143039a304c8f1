"""Depth for any picture: files in, a depth picture and the depth in metres out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from rigid_depth.data.resize import resize_image
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring import best_device, from_image
from rigid_depth.experiments.pictures import depth_picture
from rigid_depth.experiments.weights import Trained, load_weights

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


def predict_images(
    weights: str | Path, images: str | Path, out: str | Path, *, progress: bool = True
) -> list[Path]:
    """Writes `<stem>-depth.png` and `<stem>-depth.npy` (float32 metres, image size) into `out`.

    `images` is a file or a folder. All of them are read before the first result is written; an
    image that cannot be read, and two of one stem, raise RigidDepthError and leave nothing.
    """
    trained = load_weights(weights)
    trained.model.to(best_device())
    files = list_images(Path(images))
    for file in files:
        read_image(file)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for file in tqdm(files, desc="predict", unit="image", disable=not progress):
        depth_m = predict_depth(trained, read_image(file))
        for ending, save in (("npy", np.save), ("png", _save_picture)):
            path = out / f"{file.stem}-depth.{ending}"
            partial = path.with_name(f".part-{path.name}")
            save(partial, depth_m)
            os.replace(partial, path)
            written.append(path)
    return written


def list_images(path: Path) -> list[Path]:
    """The image file, or the image files of a folder by name; its own results are left out.

    Raises RigidDepthError where there is none, or where two would write the same result.
    """
    if not path.exists():
        raise RigidDepthError(f"there is no image or folder {path}.")
    if path.is_file():
        return [path]
    found = (p for p in path.iterdir() if p.suffix.lower() in ENDINGS)
    files = sorted(p for p in found if not p.stem.endswith("-depth"))
    if not files:
        raise RigidDepthError(f"folder {path} holds no image ({', '.join(ENDINGS)}).")
    for first, second in pairwise(sorted(files, key=lambda p: p.stem)):
        if first.stem == second.stem:
            raise RigidDepthError(
                f"{first.name} and {second.name} would write the same {first.stem}-depth.png; "
                "predict them one by one, into two folders."
            )
    return files


def read_image(path: Path) -> UInt8[ndarray, "h w 3"]:
    """The picture as RGB, turned as its EXIF says.

    Raises RigidDepthError with its name if it is not a whole picture.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise RigidDepthError(f"{path} is not a readable image ({error}).") from None


def predict_depth(trained: Trained, rgb: UInt8[ndarray, "h w 3"]) -> Float[ndarray, "h w"]:
    """Depth in metres of every pixel.

    The network sees parts of the aspect it was trained with, resized as its training frames were.
    Where the image is wider or higher than one such part, several overlap and are blended; one of
    them is the part that training would have cut out.
    """
    size = trained.scale.image_size
    predict = from_image(trained.model, trained.experiment)
    total, weight = np.zeros(rgb.shape[:2]), np.zeros(rgb.shape[:2])
    for top, bottom, left, right in windows(rgb.shape[:2], size):
        part = np.ascontiguousarray(rgb[top:bottom, left:right])
        small = resize_image(part, size).transpose(2, 0, 1)[None]
        image = torch.from_numpy(np.ascontiguousarray(small)).float().div(255)
        depth_m = predict(image.to(best_device(), memory_format=torch.channels_last))
        shape = (bottom - top, right - left)
        full = torch.nn.functional.interpolate(depth_m, shape, mode="bilinear")[0, 0].cpu().numpy()
        share = np.outer(*(_ramp(n, whole) for n, whole in zip(shape, rgb.shape[:2], strict=True)))
        total[top:bottom, left:right] += share * full
        weight[top:bottom, left:right] += share
    return (total / weight).astype(np.float32)


def windows(native: tuple[int, int], size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Parts (top, bottom, left, right) of the aspect of `size` that cover an image, overlapping."""
    height, width = native
    rows = min(height, max(1, round(width * size[0] / size[1])))
    columns = min(width, max(1, round(height * size[1] / size[0])))
    for top in _starts(height, rows):
        for left in _starts(width, columns):
            yield top, top + rows, left, left + columns


def _starts(whole: int, part: int) -> list[int]:
    """Where the parts begin: evenly from one end to the other, an odd number of them.

    So one part is central, the cut of too wide frames, and the last the cut of too high ones.
    """
    if part >= whole:
        return [0]
    count = 1 + 2 * -(-(whole - part) // part)
    return [round(k * (whole - part) / (count - 1)) for k in range(count)]


def _ramp(part: int, whole: int) -> Float[ndarray, " n"]:
    """Weights of the pixels of a part: 1, or falling towards both ends where parts are blended."""
    if part >= whole:
        return np.ones(part)
    centred = np.abs(np.arange(part) - (part - 1) / 2) / (part / 2)
    return np.maximum(1 - centred, 1e-3)


def _save_picture(path: Path, depth_m: Float[ndarray, "h w"]) -> None:
    Image.fromarray(depth_picture(depth_m)).save(path)
