"""One camera image with its LiDAR returns, and the lazy sequence of such frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray
from torch import Tensor

from rigid_depth.data.files import read_class_map, read_depth_picture, read_image
from rigid_depth.data.projection import move_points
from rigid_depth.errors import RigidDepthError


@dataclass(frozen=True)
class Frame:
    """One camera image with its LiDAR returns.

    `points` are the returns in the image as (u px, v px, depth m): depth is camera z in (1, 100]
    m, integer coordinates are pixel centres, the nearest return per pixel is kept. `intrinsics`
    belong to the image as it is here, after cropping and resizing. `sky` is true on sky pixels,
    None if unknown. `dense_depth_m` (synthetic only) is camera z of every pixel, 0 = no surface.
    `condition` is day, dusk, night, rain or unknown. `classes` (synthetic only, and only where
    asked for) is the class of every pixel, a place in `street_world.classes.CLASSES`.
    """

    rgb: UInt8[Tensor, "3 H W"]
    points: Float[Tensor, "N 3"]
    intrinsics: Float[Tensor, "3 3"]
    sky: Bool[Tensor, "H W"] | None
    dense_depth_m: Float[Tensor, "H W"] | None
    scene: str
    token: str
    camera: str
    timestamp_us: int
    condition: str
    classes: UInt8[Tensor, "H W"] | None = None


@dataclass(frozen=True)
class FrameSource:
    """What is known of a frame before any of its files is read.

    `group` is the keyframe the image belongs to: a split by frames never separates its cameras.
    `read_points(depth_file, token, (height, width))` gives the (u px, v px, depth m) of the
    nearest returns in the native image. `size` is the (height, width) in px of the image that the
    intrinsics belong to, None where the data set does not say. `truth` is the path of the exact
    pictures without `.depth.png`, `.sky.png` and `.classes.png`. `calibration` are the matrices
    that `read_points` brings returns into the image with.
    """

    scene: str
    token: str
    group: str
    camera: str
    timestamp_us: int
    condition: str
    image: Path
    depth_file: Path
    intrinsics: Float[ndarray, "3 3"]
    read_points: Callable[[Path, str, tuple[int, int]], ndarray]
    truth: Path | None = None
    size: tuple[int, int] | None = None
    calibration: tuple[ndarray, ...] = ()

    def describe(self) -> dict:
        """The fields that travel with a prepared frame."""
        keys = ("scene", "token", "camera", "timestamp_us", "condition")
        return {key: getattr(self, key) for key in keys}


SkyReader = Callable[[FrameSource, ndarray, ndarray], ndarray | None]


class Frames(Sequence):
    """Frames that are read when they are asked for; `sources` says what they are."""

    def __init__(self, sources: Sequence[FrameSource], read: Callable[[FrameSource], Frame]):
        self.sources = tuple(sources)
        self._read = read

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Frames(self.sources[index], self._read)
        return self._read(self.sources[index])


def read_frame(source: FrameSource, read_sky: SkyReader, classes: bool = False) -> Frame:
    """Read a frame at the size of its image, with its class map where `classes` is true.

    Where the image was shrunk or enlarged as a whole, returns and intrinsics follow. Raises
    RigidDepthError, naming frame and file, for a missing or truncated file, for an image that was
    cropped, turned or stretched, and for a frame without one return in the image.
    """
    rgb = read_image(source.image, source.token)
    source = fit_to_image(source, rgb.shape[:2])
    points = source.read_points(source.depth_file, source.token, rgb.shape[:2])
    if len(points) == 0:
        raise RigidDepthError(
            f"frame {source.token} has no LiDAR return in its image: {source.depth_file} needs at "
            f"least one within (1, 100] m"
        )
    sky = read_sky(source, rgb, points)
    return Frame(
        rgb=torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))),
        points=torch.from_numpy(points),
        intrinsics=torch.from_numpy(source.intrinsics).float(),
        sky=None if sky is None else torch.from_numpy(sky),
        dense_depth_m=_read_dense_depth(source, rgb.shape[:2]),
        classes=_read_classes(source, rgb.shape[:2]) if classes else None,
        **source.describe(),
    )


def fit_to_image(source: FrameSource, size: tuple[int, int]) -> FrameSource:
    """The source with the intrinsics and the returns of an image of (height, width) `size`.

    People shrink these data sets. The tables still speak of the full size, and only where the
    aspect is the same do they say what the smaller image shows.
    """
    if source.size is None or tuple(size) == tuple(source.size):
        return source
    (height, width), (full_height, full_width) = size, source.size
    if height * full_width != width * full_height:
        raise RigidDepthError(
            f"frame {source.token}: image {source.image} is {height}x{width}, its calibration "
            f"belongs to {full_height}x{full_width}; an image of another size must be shrunk as a "
            "whole, neither cropped nor turned nor stretched"
        )
    scale = height / full_height
    to_image = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1.0]])

    def read_points(path: Path, token: str, _: tuple[int, int]) -> ndarray:
        return move_points(source.read_points(path, token, source.size), to_image, size)

    intrinsics = to_image @ source.intrinsics
    return replace(source, intrinsics=intrinsics, read_points=read_points, size=tuple(size))


def _read_classes(source: FrameSource, size: tuple[int, int]) -> Tensor:
    if source.truth is None:
        raise RigidDepthError(f"frame {source.token} has no class map: no truth/ in its data")
    path = source.truth.with_name(source.truth.name + ".classes.png")
    return torch.from_numpy(read_class_map(path, source.token, size))


def _read_dense_depth(source: FrameSource, size: tuple[int, int]) -> Tensor | None:
    if source.truth is None:
        return None
    path = source.truth.with_name(source.truth.name + ".depth.png")
    depth_m = read_depth_picture(path, source.token, size)
    if not depth_m.any():
        raise RigidDepthError(f"frame {source.token}: depth picture {path} shows no surface at all")
    return torch.from_numpy(depth_m)
