"""What the files of a KITTI raw drive hold: calibration, times, numbered frames."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from rigid_depth.data.calibration import check_intrinsics, check_rotation, numbers
from rigid_depth.errors import RigidDepthError

FRAME_PERIOD_US = 100_000  # KITTI records at 10 Hz


def read_calibration(
    date_folder: Path, channel: str
) -> tuple[Float64[ndarray, "4 4"], Float64[ndarray, "3 4"], tuple[int, int] | None]:
    """Velodyne to rectified camera 0 (4x4), P_rect (3x4), (height, width) of the camera's images.

    X_rect = R_rect_00 (R X + T) and (s u, s v, s) = P_rect X_rect. Depth is z of X_rect, the frame
    of the rectified camera 0; camera 2's own z is 2.7 mm more, less than a step of the annotation.
    The size is None where the file does not give it. Raises RigidDepthError for a missing file or
    entry, for a rotation that is none and for a camera that cannot be.
    """
    files = {
        "cam": date_folder / "calib_cam_to_cam.txt",
        "velo": date_folder / "calib_velo_to_cam.txt",
    }
    entries = {key: _read_numbers(path) for key, path in files.items()}
    number = channel[-2:]

    def entry(file: str, key: str, shape: tuple[int, ...]) -> ndarray:
        name = f"calibration in {files[file]}: {key}"
        if key not in entries[file]:
            raise RigidDepthError(f"calibration in {files[file]} lacks '{key}'")
        found = entries[file][key]
        fits = found.size == np.prod(shape)
        return numbers(found.reshape(shape) if fits else found, shape, name)

    rotation, rectify = entry("velo", "R", (3, 3)), entry("cam", "R_rect_00", (3, 3))
    check_rotation(rotation, f"calibration in {files['velo']}: R")
    check_rotation(rectify, f"calibration in {files['cam']}: R_rect_00")
    projection = entry("cam", f"P_rect_{number}", (3, 4))
    size = None
    if f"S_rect_{number}" in entries["cam"]:
        width, height = entry("cam", f"S_rect_{number}", (2,)).tolist()
        size = round(height), round(width)
    check_intrinsics(projection[:, :3], size, f"calibration in {files['cam']}: P_rect_{number}")
    rigid, level = np.eye(4), np.eye(4)
    rigid[:3] = np.column_stack([rotation, entry("velo", "T", (3,))])
    level[:3, :3] = rectify
    return level @ rigid, projection, size


def by_number(folder: Path, pattern: str) -> tuple[dict[int, Path], list[str]]:
    """Files of a folder by the frame number in their name, and names of files that have none.

    An absent folder has none of either. Raises RigidDepthError where two files have one number.
    """
    found: dict[int, Path] = {}
    odd = []
    for path in sorted(folder.glob("*")):
        match = re.fullmatch(pattern, path.name, re.IGNORECASE)
        if match is None:
            odd += [] if path.name.startswith(".") or path.is_dir() else [path.name]
        elif int(match[1]) in found:
            raise RigidDepthError(
                f"{found[int(match[1])]} and {path.name} are the same frame; remove one of them"
            )
        else:
            found[int(match[1])] = path
    return found, odd


def read_times(path: Path) -> list[int | None] | None:
    """Microseconds of every line of a timestamps file, None for a blank line; None: no file.

    Line n (from 0) belongs to frame n; a blank line is a frame that was lost. Raises
    RigidDepthError for a line that is no time and for times that do not rise.
    """
    if not path.is_file():
        return None
    times_us = [
        _line_us(line, number, path) if line.strip() else None
        for number, line in enumerate(_read_text(path).rstrip().splitlines())
    ]
    known = [(number, time) for number, time in enumerate(times_us) if time is not None]
    for (_, earlier), (number, later) in pairwise(known):
        if later <= earlier:
            raise RigidDepthError(
                f"{path}: line {number + 1} is not later than the line before; times must rise"
            )
    return times_us


def _line_us(line: str, number: int, path: Path) -> int:
    try:  # nanoseconds are more than datetime can read; the zone is unknown and taken as UTC
        time = datetime.fromisoformat(line.strip()[:26]).replace(tzinfo=UTC)
    except ValueError as error:
        raise RigidDepthError(
            f"{path} must hold one time a line: line {number + 1}: {error}"
        ) from error
    return round(time.timestamp() * 1e6)


def time_us(times_us: list[int | None] | None, number: int, folder: Path) -> int:
    """The time of a frame by its number; without time stamps at KITTI's rate from 0 on.

    Raises RigidDepthError, which names the line, for a frame without one.
    """
    if times_us is None:
        return number * FRAME_PERIOD_US
    path = folder / "timestamps.txt"
    if number >= len(times_us):
        raise RigidDepthError(
            f"{path} has {len(times_us)} lines, but frame {number} needs line {number + 1}: line n "
            "(from 0) is the time of frame n"
        )
    time_us = times_us[number]
    if time_us is None:
        raise RigidDepthError(
            f"{path}: line {number + 1} is blank, but its frame {number} is there"
        )
    return time_us


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RigidDepthError(f"{path} is no text in UTF-8 ({error})") from error


def _read_numbers(path: Path) -> dict[str, ndarray]:
    """The numeric lines `name: v v v` of a KITTI calibration file."""
    if not path.is_file():
        raise RigidDepthError(f"calibration file {path} is missing")
    values = {}
    for line in _read_text(path).splitlines():
        name, _, rest = line.partition(":")
        try:
            values[name] = np.array([float(word) for word in rest.split()])
        except ValueError:  # calib_time holds a date
            continue
    return values
