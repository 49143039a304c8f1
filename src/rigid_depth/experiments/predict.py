"""Depth for any picture: files in, a depth picture and the depth in metres out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image, ImageOps
from torch import Tensor, nn
from tqdm import tqdm

from rigid_depth.data import decode_depth
from rigid_depth.data.files import DEPTH_STEP_M, MOST_PIXELS, rgb8
from rigid_depth.data.resize import resize_image
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.measure import best_device
from rigid_depth.experiments.recording.pictures import depth_picture
from rigid_depth.experiments.recording.weights import Trained, load_weights
from rigid_depth.experiments.settings import Experiment
from rigid_depth.whole import write_whole

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
RESULTS = ("-depth", "-depth16")
"""Ends of the names of results, which are no images to predict from."""


def predict_images(
    weights: str | Path,
    images: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    png16: bool = False,
    recursive: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Writes `<stem>-depth.png` and `<stem>-depth.npy` (float32 metres, image size) into `out`.

    With `png16` also `<stem>-depth16.png`, KITTI's format: metres * 256 in 16 bits. `images` are
    files and folders; `recursive` takes the sub folders, too, and keeps their names. All are read
    before the first result is written; an image that cannot be read, and two that would write the
    same result, raise RigidDepthError and leave nothing.
    """
    trained = load_weights(weights)
    trained.model.to(best_device())
    several = [images] if isinstance(images, str | Path) else images
    files = list_images([Path(path) for path in several], recursive)
    for file in files.values():
        read_image(file)
    savers = {"depth.npy": np.save, "depth.png": _save_picture}
    savers |= {"depth16.png": save_png16} if png16 else {}
    written = []
    for name, file in tqdm(files.items(), desc="predict", unit="image", disable=not progress):
        depth_m = predict_depth(trained, read_image(file))
        for ending, save in savers.items():
            path = Path(out) / f"{name}-{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, save, depth_m)
            written.append(path)
    return written


def list_images(paths: Sequence[Path], recursive: bool = False) -> dict[str, Path]:
    """Names of results, without their ending, and the images they are made from.

    A path is an image file or a folder, whose images are taken by name; its own results and hidden
    files (`._a.jpg` of a Mac) are left out. Raises RigidDepthError where there is none, or where
    two would write the same result.
    """
    found: dict[str, Path] = {}
    for path in paths:
        base = path if path.is_dir() else path.parent
        for file in _of_folder(path, recursive) if path.is_dir() else [path]:
            name = file.relative_to(base).with_suffix("").as_posix()
            if found.setdefault(name, file) != file:
                raise RigidDepthError(
                    f"{found[name]} and {file} would write the same {name}-depth.png; "
                    "predict them one by one, into two folders."
                )
            if not file.is_file():
                raise RigidDepthError(f"there is no image or folder {file}.")
    return found


def _of_folder(path: Path, recursive: bool) -> list[Path]:
    """The images of a folder by name; raises RigidDepthError if there is none."""
    inside = path.rglob("*") if recursive else path.iterdir()
    files = [
        p
        for p in sorted(inside)
        if p.suffix.lower() in ENDINGS
        and not p.is_dir()
        and not p.stem.endswith(RESULTS)
        and not any(part.startswith(".") for part in p.relative_to(path).parts)
    ]
    if not files:
        hint = "" if recursive else "; --recursive looks into its sub folders"
        raise RigidDepthError(f"folder {path} holds no image ({', '.join(ENDINGS)}){hint}.")
    return files


def read_image(path: Path) -> UInt8[ndarray, "h w 3"]:
    """The picture as RGB, turned as its EXIF says; grey values of 16 bits become 8.

    Raises RigidDepthError with its name if it is not a whole picture, has more pixels than
    `data.files.MOST_PIXELS`, or holds numbers of 32 bits, whose range no file says.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            turned = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise RigidDepthError(
            f"{path} has more than {MOST_PIXELS:,} pixels; shrink it first."
        ) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise RigidDepthError(f"{path} is not a readable image ({error}).") from None
    return rgb8(turned, str(path))


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


def from_image(model: nn.Module, experiment: Experiment) -> Callable[[Tensor], Tensor]:
    """The RGB branch alone: images `[B, 3, H, W]` in [0, 1] to depth in metres `[B, 1, H, W]`."""
    model.eval()

    @torch.inference_mode()
    def predict(rgb: Tensor) -> Tensor:
        y = model.infer(rgb).float()
        return decode_depth(y, experiment.encoding, experiment.max_depth_m)

    return predict


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


def _write(path: Path, save: Callable, depth_m: Float[ndarray, "h w"]) -> None:
    """Writes a result; a failure leaves nothing of it."""
    write_whole(path, lambda partial: save(partial, depth_m))


def save_png16(path: Path, depth_m: Float[ndarray, "h w"]) -> None:
    """Depth as KITTI stores it: 16-bit grey, metres * 256; 0 would mean none and becomes 1."""
    steps = np.clip(np.round(depth_m / DEPTH_STEP_M), 1, 65535)
    Image.fromarray(steps.astype(np.uint16)).save(path)


def _save_picture(path: Path, depth_m: Float[ndarray, "h w"]) -> None:
    Image.fromarray(depth_picture(depth_m)).save(path)
