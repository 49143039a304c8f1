"""Reading pictures and sweeps whole: a missing or truncated file is named with its frame."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray
from PIL import Image

from rigid_depth.errors import RigidDepthError

DEPTH_STEP_M = 1 / 256  # 16-bit depth pictures hold metres * 256, 0 = none


def read_image(path: Path, token: str) -> UInt8[ndarray, "H W 3"]:
    """Decode a JPEG or PNG as RGB; raises RigidDepthError for a missing or truncated file."""
    return np.array(_read_picture(path, token, "RGB"))


def read_depth_picture(path: Path, token: str) -> Float[ndarray, "H W"]:
    """Metres of a 16-bit depth picture (KITTI's format: value / 256, 0 = none)."""
    return np.asarray(_read_picture(path, token, None), dtype=np.float32) * np.float32(DEPTH_STEP_M)


def read_mask(path: Path, token: str) -> Bool[ndarray, "H W"]:
    """True where an 8-bit mask picture is not 0."""
    return np.asarray(_read_picture(path, token, "L")) > 0


def read_sweep(path: Path, token: str, values: int) -> Float32[ndarray, "N values"]:
    """A LiDAR sweep of ``values`` float32 a row, x, y, z (m, LiDAR frame) first.

    nuScenes has 5 (intensity, ring), KITTI 4 (reflectance). Raises RigidDepthError for a missing or
    empty file and for one that does not end with a whole row.
    """
    if not path.is_file():
        raise RigidDepthError(f"frame {token}: LiDAR sweep {path} is missing")
    size, row_bytes = path.stat().st_size, 4 * values
    if size == 0 or size % row_bytes:
        raise RigidDepthError(
            f"frame {token}: LiDAR sweep {path} is truncated: {size} bytes is not a positive "
            f"multiple of {row_bytes}"
        )
    return np.fromfile(path, dtype="<f4").reshape(-1, values)


def _read_picture(path: Path, token: str, mode: str | None) -> Image.Image:
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.convert(mode) if mode else picture.copy()
    except FileNotFoundError as error:
        raise RigidDepthError(f"frame {token}: picture {path} is missing") from error
    except (OSError, SyntaxError) as error:
        raise RigidDepthError(
            f"frame {token}: picture {path} is truncated or no JPEG or PNG ({error})"
        ) from error
