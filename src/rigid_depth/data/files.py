"""Reading pictures and sweeps whole: a file that is missing, cut or of another kind is named."""

import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray
from PIL import Image

from rigid_depth.errors import RigidDepthError

DEPTH_STEP_M = 1 / 256  # 16-bit depth pictures hold metres * 256, 0 = none


MOST_PIXELS = 178_956_970
"""Larger pictures are refused: Pillow's own limit, which other packages lift for the process."""

FARTHEST_M = 1000.0
"""No LiDAR of these data sets returns from farther away."""

TINIEST_M = 1e-20
"""Coordinates nearer to 0, other than 0 itself, are bytes of another type read as float32."""

FEW_ROWS = 10
BROKEN_SHARE = 0.01
"""Up to so many broken rows of a sweep are dropped without a word, up to so large a share with a
warning; a sweep with more is refused."""

MOST = {4: (1.0,), 5: (255.0, 255.0)}
"""Values a row -> most of those behind x, y, z, from 0: reflectance; intensity and ring."""

LOWEST_M, HIGHEST_M, TILTED_SHARE = -6.0, 20.0, 0.05
"""Heights of returns below and above a roof's LiDAR, and the share that may lie beyond: none of the
real sweeps at hand has one; with two columns exchanged it is a tenth and more."""


def read_image(path: Path, token: str) -> UInt8[ndarray, "H W 3"]:
    """Decode a JPEG or PNG as RGB.

    Grey values of 16 bits become 8. Raises RigidDepthError for a missing or truncated file and for
    numbers of 32 bits, whose range no file says.
    """
    return rgb8(_read_picture(path, f"frame {token}: picture"), f"frame {token}: picture {path}")


def rgb8(picture: Image.Image, name: str) -> UInt8[ndarray, "H W 3"]:
    """A picture as 8-bit RGB, by the range of its type; `name` begins the sentence of an error.

    Pillow's own conversion cuts wider grey values off at 255: all white.
    """
    if picture.mode.startswith("I;16"):
        grey = np.asarray(picture).astype(np.uint16)
        return np.repeat((grey // 257).astype(np.uint8)[..., None], 3, axis=2)
    if picture.mode in ("I", "F"):
        kind = "whole numbers" if picture.mode == "I" else "decimal numbers"
        raise RigidDepthError(
            f"{name} holds {kind} of 32 bits, whose range is unknown; convert it to 8 or 16 bits, "
            "so that black is 0 and white the most"
        )
    return np.array(picture.convert("RGB"))


def read_depth_picture(
    path: Path, token: str, size: tuple[int, int] | None = None
) -> Float[ndarray, "H W"]:
    """Metres of a 16-bit depth picture (KITTI's format: value / 256, 0 = none).

    Raises RigidDepthError for any other kind of picture and for another (height, width) than
    `size`, that of its image.
    """
    picture = _read_picture(path, f"frame {token}: depth picture")
    if not picture.mode.startswith("I;16"):
        raise RigidDepthError(
            f"frame {token}: depth picture {path} is no 16-bit grey PNG (its mode is "
            f"{picture.mode}); depth is stored as metres * 256 in 16 bits"
        )
    refuse_other_size(picture.size[::-1], size, f"frame {token}: depth picture {path}")
    return np.asarray(picture).astype(np.float32) * np.float32(DEPTH_STEP_M)


def read_mask(path: Path, token: str, size: tuple[int, int] | None = None) -> Bool[ndarray, "H W"]:
    """True where an 8-bit mask picture is not 0; `size` as in `read_depth_picture`."""
    picture = _read_picture(path, f"frame {token}: mask")
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        raise RigidDepthError(f"frame {token}: mask {path} is no 8-bit picture; 0 means no sky")
    refuse_other_size(picture.size[::-1], size, f"frame {token}: mask {path}")
    return np.array(picture.convert("L")) > 0


def read_class_map(
    path: Path, token: str, size: tuple[int, int] | None = None
) -> UInt8[ndarray, "H W"]:
    """The numbers of an 8-bit class map; `size` as in `read_depth_picture`.

    Raises RigidDepthError for any other kind of picture and for one of another size.
    """
    picture = _read_picture(path, f"frame {token}: class map")
    if picture.mode != "L":
        raise RigidDepthError(
            f"frame {token}: class map {path} is no 8-bit grey picture (its mode is "
            f"{picture.mode}); a pixel is the number of its class"
        )
    refuse_other_size(picture.size[::-1], size, f"frame {token}: class map {path}")
    return np.array(picture)


def refuse_other_size(found: tuple[int, int], wanted: tuple[int, int] | None, name: str) -> None:
    """Raise RigidDepthError if a picture has another (height, width) than its image."""
    if wanted is not None and tuple(found) != tuple(wanted):
        raise RigidDepthError(
            f"{name} is {found[0]}x{found[1]}, its image {wanted[0]}x{wanted[1]}; they must be "
            "equal"
        )


def read_sweep(path: Path, token: str, values: int) -> Float32[ndarray, "N values"]:
    """A LiDAR sweep of `values` float32 a row, x, y, z (m, LiDAR frame) first.

    nuScenes has 5 (intensity, ring), KITTI 4 (reflectance). Rows that are no returns (not finite,
    farther than 1 km) are dropped, with a warning where they are more than a few. Raises
    RigidDepthError for a missing or empty file, for one that does not end with a whole row, and for
    one whose rows are not what the format says: another type, byte order or order of columns.
    """
    if not path.is_file():
        raise RigidDepthError(f"frame {token}: LiDAR sweep {path} is missing")
    size, row_bytes = path.stat().st_size, 4 * values
    if size == 0 or size % row_bytes:
        raise RigidDepthError(
            f"frame {token}: LiDAR sweep {path} is truncated: {size} bytes is not a positive "
            f"multiple of {row_bytes}"
        )
    rows = np.fromfile(path, dtype="<f4").reshape(-1, values)
    good = _are_returns(rows, values)
    broken = len(rows) - int(good.sum())
    name = f"frame {token}: LiDAR sweep {path}"
    if broken > FEW_ROWS and broken > BROKEN_SHARE * len(rows):
        raise RigidDepthError(
            f"{name} is no sweep: {broken:,} of its {len(rows):,} rows are no returns; expected "
            f"are {values} little-endian float32 a row, x, y, z in metres first"
        )
    if broken > FEW_ROWS:
        warnings.warn(
            f"{name}: {broken} of {len(rows)} rows are no returns; left out", stacklevel=2
        )
    rows = rows[good]
    _refuse_tilted(rows[:, 2], name)
    return rows


def _are_returns(rows: Float32[ndarray, "N values"], values: int) -> Bool[ndarray, "N"]:
    """Which rows can be returns: coordinates in metres, the other values within their range."""
    distance_m, others = np.abs(rows[:, :3]), rows[:, 3:]
    with np.errstate(invalid="ignore"):  # comparisons with NaN are false
        good = (distance_m <= FARTHEST_M) & ((distance_m >= TINIEST_M) | (distance_m == 0))
        return good.all(1) & ((others >= 0) & (others <= MOST[values])).all(1)


def _refuse_tilted(z_m: Float32[ndarray, " N"], name: str) -> None:
    """Raise RigidDepthError where the third column is no height above and below a roof's LiDAR."""
    off = int(((z_m < LOWEST_M) | (z_m > HIGHEST_M)).sum())
    if off > TILTED_SHARE * len(z_m):
        raise RigidDepthError(
            f"{name}: {off:,} of {len(z_m):,} returns lie more than {-LOWEST_M:g} m below or "
            f"{HIGHEST_M:g} m above the LiDAR; the third value of a row has to be its height"
        )


def _read_picture(path: Path, name: str) -> Image.Image:
    """The whole picture, decoded; `name` begins the sentence of an error."""
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            picture.load()
            return picture.copy()
    except FileNotFoundError as error:
        raise RigidDepthError(f"{name} {path} is missing") from error
    except Image.DecompressionBombError as error:
        raise RigidDepthError(
            f"{name} {path} has more than {MOST_PIXELS:,} pixels; shrink it first"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise RigidDepthError(f"{name} {path} is truncated or no JPEG or PNG ({error})") from error
