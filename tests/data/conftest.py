"""Small made-up data folders for the data tests."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CALIBRATION = """calib_time: 09-Jan-2012 13:57:47
R_rect_00: 1 0 0 0 1 0 0 0 1
P_rect_02: 100 0 99.5 4.5 0 100 49.5 0.2 0 0 1 0.003
P_rect_03: 100 0 99.5 -33 0 100 49.5 0.2 0 0 1 0.003
"""
VELODYNE = "R: 0 -1 0 0 0 -1 1 0 0\nT: 0 -0.1 -0.3\n"


@pytest.fixture
def fake_kitti(tmp_path):
    """A function that writes a KITTI raw root of {drive number: frame numbers}, images 100x200."""

    def write(drives, date="2011_09_26", lines=50) -> Path:
        root = tmp_path / "kitti"
        for drive, frames in drives.items():
            folder = root / date / f"{date}_drive_{drive}_sync"
            (folder / "image_02" / "data").mkdir(parents=True)
            (folder / "velodyne_points" / "data").mkdir(parents=True)
            times = [f"2011-09-26 13:00:{n / 10:012.9f}" for n in range(lines)]
            (folder / "image_02" / "timestamps.txt").write_text("\n".join(times) + "\n")
            for number in frames:
                write_kitti_frame(folder, number)
        (root / date / "calib_cam_to_cam.txt").write_text(CALIBRATION)
        (root / date / "calib_velo_to_cam.txt").write_text(VELODYNE)
        return root

    return write


def write_kitti_frame(folder: Path, number: int) -> None:
    """An image of one grey level and a wall of returns ``10 + number`` m ahead of the LiDAR."""
    image = np.full((100, 200, 3), number, np.uint8)
    Image.fromarray(image).save(folder / "image_02" / "data" / f"{number:010d}.png")
    y, z = np.meshgrid(np.linspace(-3, 3, 20), np.linspace(-2, 2, 10))
    x = np.full_like(y, 10.0 + number)
    sweep = np.stack([x, y, z, x * 0], -1).reshape(-1, 4).astype("<f4")
    sweep.tofile(folder / "velodyne_points" / "data" / f"{number:010d}.bin")


@pytest.fixture
def broken_world(tiny_world, tmp_path):
    """A copy of the tiny world whose tables and files may be broken: the files are links."""
    root = tmp_path / "world"
    for path in tiny_world.rglob("*"):
        if path.is_file():
            copy = root / path.relative_to(tiny_world)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(path)
    return root
