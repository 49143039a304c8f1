"""Crop to the target's aspect, then resize: image, masks, depth, returns and intrinsics alike."""

from dataclasses import replace

import cv2
import numpy as np
import torch
from jaxtyping import Float, Shaped
from numpy import ndarray

from rigid_depth.data.frame import Frame
from rigid_depth.data.projection import move_points
from rigid_depth.errors import RigidDepthError

STRIDE = 32  # the encoder halves the image five times


def check_size(size: tuple[int, int]) -> None:
    """Raise RigidDepthError unless height and width are positive multiples of 32."""
    if len(size) != 2 or any(n <= 0 or n % STRIDE for n in size):
        raise RigidDepthError(
            f"image size {'x'.join(map(str, size))} (height x width) is not allowed; both sides "
            f"must be positive multiples of {STRIDE}, for example 384x768 or 96x192"
        )


def crop_box(native: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Rows and columns (top, bottom, left, right) of the part with the target's aspect that stays.

    Too tall an image loses its top rows (nuScenes 900x1600 to 2:1: the top 100), too wide an image
    both sides evenly (KITTI 375x1242 to 2:1: 246 columns left and right).
    """
    height, width = native
    if height * size[1] > width * size[0]:
        rows = round(width * size[0] / size[1])
        return height - rows, height, 0, width
    columns = round(height * size[1] / size[0])
    left = (width - columns) // 2
    return 0, height, left, left + columns


def resize_image(image: Shaped[ndarray, "h w *c"], size: tuple[int, int]) -> ndarray:
    """Resize with antialiasing: area average when the image shrinks, bilinear when it grows."""
    shrinks = image.shape[0] >= size[0] and image.shape[1] >= size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (size[1], size[0]), interpolation=method)


def resize_nearest(values: Shaped[ndarray, "h w"], size: tuple[int, int]) -> ndarray:
    """Take the value at the pixel nearest to each new centre, so that no two are mixed."""
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
        for new, old in zip(size, values.shape, strict=True)
    )
    return values[rows[:, None], columns]


def resize_intrinsics(
    intrinsics: Float[ndarray, "3 3"], box: tuple[int, int, int, int], size: tuple[int, int]
) -> Float[ndarray, "3 3"]:
    """Intrinsics after crop and resize; pixel centres are integers: u' = (u - left + 0.5) s - 0.5.

    `box` is `crop_box`'s, `size` the new (height, width) in px.
    """
    return _pixel_map(box, size) @ intrinsics


def resize_frame(frame: Frame, size: tuple[int, int]) -> Frame:
    """Crop and resize every part of a native frame to `size` = (height, width), multiples of 32.

    The returns are moved with the image and the nearest per new pixel is kept; a sky pixel is one
    that is sky for more than half of its area; dense depth and classes are sampled, not averaged.
    """
    check_size(size)
    box = crop_box(tuple(frame.rgb.shape[1:]), size)
    top, bottom, left, right = box

    def crop(tensor: torch.Tensor) -> ndarray:
        return tensor[..., top:bottom, left:right].numpy()

    rgb = resize_image(np.ascontiguousarray(crop(frame.rgb).transpose(1, 2, 0)), size)
    sky, dense, classes = frame.sky, frame.dense_depth_m, frame.classes
    if sky is not None:
        sky = torch.from_numpy(resize_image(crop(sky).astype(np.float32), size) > 0.5)
    if dense is not None:
        dense = torch.from_numpy(resize_nearest(crop(dense), size))
    if classes is not None:
        classes = torch.from_numpy(resize_nearest(crop(classes), size))
    return replace(
        frame,
        rgb=torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))),
        points=torch.from_numpy(move_points(frame.points.numpy(), _pixel_map(box, size), size)),
        intrinsics=torch.from_numpy(
            resize_intrinsics(frame.intrinsics.numpy().astype(np.float64), box, size)
        ).float(),
        sky=sky,
        dense_depth_m=dense,
        classes=classes,
    )


def _pixel_map(box: tuple[int, int, int, int], size: tuple[int, int]) -> Float[ndarray, "3 3"]:
    """The affine map of pixel coordinates of the native image to those of the new one."""
    top, bottom, left, right = box
    scale_v, scale_u = size[0] / (bottom - top), size[1] / (right - left)
    shift_u = (0.5 - left) * scale_u - 0.5
    shift_v = (0.5 - top) * scale_v - 0.5
    return np.array([[scale_u, 0, shift_u], [0, scale_v, shift_v], [0, 0, 1.0]])
