"""Published error pictures read back to metres, and the picture of the difference of two.

An error picture holds 0 to 10 m in 64 colours of one colour map, so that an error is read back to
within `READ_WITHIN_M`, and one of 10 m or more only as that. Both are part of the legend.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image

from rigid_depth.experiments.recording.pictures import ERROR_MAP, LARGEST_ERROR_M

READ_WITHIN_M = 0.45
"""How far an error read back is at most from the one drawn."""
NEAREST_COLOUR = 3.0
"""Farther than this (of 255) from the colour map, a picture was drawn with another."""
EDGES_M = (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0)
"""Steps of the scale; the middle one is wider than two readings can be wrong together."""
STEPS = ("#00507E", "#3A9AD0", "#A9D5EE", "#FFFFFF", "#F7CBA6", "#E88A45", "#A63E00")
"""From much better (blue) to much worse (orange); the middle one is transparent."""
SAME = len(STEPS) // 2
"""Place of the step that says no difference."""
BOTH_BEYOND, NO_SURFACE = "#B3B3B3", "#3B3B3B"
COLOURS = (*STEPS, BOTH_BEYOND, NO_SURFACE)
LEGEND = (
    "Difference of the errors, read off the published pictures: blue where the method errs less, "
    f"orange where it errs more, no colour where they differ by less than {EDGES_M[SAME]:.0f} m; "
    f"light grey where both errors are {LARGEST_ERROR_M:.0f} m or more (a larger error counts as "
    f"{LARGEST_ERROR_M:.0f} m); dark grey: no surface."
)


def read_error_m(path: Path) -> Float[ndarray, "h w"]:
    """Errors of an error picture in metres, within `READ_WITHIN_M`; NaN where it has no surface.

    10 m stands for all from there on. Raises ValueError for a picture in other colours.
    """
    picture = np.asarray(Image.open(path).convert("RGB"))
    packed = picture @ (1 << np.array([16, 8, 0]))
    values, places = np.unique(packed, return_inverse=True)
    colours = np.stack([values >> 16, values >> 8 & 255, values & 255], 1)
    known = matplotlib.colormaps[ERROR_MAP](np.arange(256))[:, :3] * 255
    apart = np.linalg.norm(colours[:, None] - known, axis=-1)
    errors_m = apart.argmin(1) * LARGEST_ERROR_M / 255
    errors_m[(colours == 255).all(1)] = np.nan
    if (apart.min(1)[~np.isnan(errors_m)] > NEAREST_COLOUR).any():
        raise ValueError(f"{path} is not drawn with the colour map {ERROR_MAP}")
    return errors_m[places].reshape(picture.shape[:2])


def median_error_m(path: Path) -> float:
    """The error in metres that half of the surface in an error picture does not exceed."""
    return float(np.nanmedian(read_error_m(path)))


def difference_steps(
    error_m: Float[ndarray, "h w"], reference_m: Float[ndarray, "h w"]
) -> UInt8[ndarray, "h w"]:
    """Error minus that of a reference, both of `read_error_m`, as places in `COLOURS`."""
    steps = np.digitize(error_m - reference_m, EDGES_M)
    most_m = LARGEST_ERROR_M - READ_WITHIN_M
    steps[(error_m > most_m) & (reference_m > most_m)] = len(STEPS)
    steps[np.isnan(error_m) | np.isnan(reference_m)] = len(STEPS) + 1
    return steps.astype(np.uint8)


def halved(error_m: Float[ndarray, "h w"]) -> Float[ndarray, "h/2 w/2"]:
    """Means over 2 x 2 pixels, of those that have a surface; NaN where none has."""
    height, width = (side // 2 for side in error_m.shape)
    blocks = error_m[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    count = (~np.isnan(blocks)).sum((1, 3))
    return np.where(count > 0, np.nansum(blocks, (1, 3)) / np.maximum(count, 1), np.nan)


class Difference(NamedTuple):
    """The picture of a difference as a data URI of a PNG, and what is seen in it in words."""

    uri: str
    seen: str


def difference(path: Path, reference: Path, *, small: bool = False) -> Difference | None:
    """The difference of two published error pictures, at half size if small.

    None where they were stored in different sizes, so that their pixels are not the same places.
    """
    errors = [read_error_m(file) for file in (path, reference)]
    if errors[0].shape != errors[1].shape:
        return None
    if small:
        errors = [halved(error_m) for error_m in errors]
    steps = difference_steps(*errors)
    picture = Image.fromarray(steps, "P")
    picture.putpalette([channel for colour in COLOURS for channel in _rgb(colour)])
    buffer = io.BytesIO()
    picture.save(buffer, "png", optimize=True, transparency=SAME)
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Difference(uri, _in_words(steps))


def _in_words(steps: UInt8[ndarray, "h w"]) -> str:
    """On which shares of the surface the method errs less, and more."""
    surface = steps[steps <= len(STEPS)]
    if not surface.size:
        return "no surface"
    less, more = (
        100 * np.isin(surface, places).mean()
        for places in (range(SAME), range(SAME + 1, len(STEPS)))
    )
    return (
        f"at least {EDGES_M[SAME]:.0f} m less on {less:.0f} % of the surface, more on {more:.0f} %"
    )


def _rgb(colour: str) -> list[int]:
    return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
