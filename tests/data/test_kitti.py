"""KITTI frames: against a second way to compute them, on real drives and on made-up ones."""

import numpy as np
import pytest
import torch
from PIL import Image

from rigid_depth.data import open_frames, rasterise
from rigid_depth.errors import RigidDepthError

DRIVE = "2011_09_26_drive_{}_sync"


def by_hand(root, drive, number):
    """The projection written out once more, from the calibration files as they are."""
    calibration = {}
    for name in ("calib_cam_to_cam.txt", "calib_velo_to_cam.txt"):
        for line in (root / "2011_09_26" / name).read_text().splitlines():
            key, _, rest = line.partition(": ")
            calibration[key] = rest
    get = lambda key: np.array(calibration[key].split(), dtype=float)  # noqa: E731
    path = root / "2011_09_26" / drive / "velodyne_points" / "data" / f"{number:010d}.bin"
    points = []
    for x, y, z, _ in np.fromfile(path, np.float32).reshape(-1, 4).astype(float):
        camera_0 = get("R").reshape(3, 3) @ [x, y, z] + get("T")
        rect = get("R_rect_00").reshape(3, 3) @ camera_0
        su, sv, s = get("P_rect_02").reshape(3, 4) @ [*rect, 1.0]
        points.append((su / s, sv / s, rect[2]))
    return np.array(points)


def test_points_of_a_made_up_drive_by_hand(fake_kitti):
    root = fake_kitti({"0005": [3]})
    frame = open_frames("kitti", root, "train", size=None, sky=None)[0]
    u, v, d = by_hand(root, DRIVE.format("0005"), 3).T
    inside = (d > 1) & (d <= 100) & (u > 1) & (u < 199) & (v > 1) & (v < 99)
    depth = rasterise(torch.from_numpy(np.column_stack([u, v, d])[inside]).float(), (100, 200))
    assert torch.equal(rasterise(frame.points, (100, 200)) > 0, depth > 0)
    torch.testing.assert_close(rasterise(frame.points, (100, 200)), depth)


@pytest.mark.filterwarnings("ignore:KITTI drive")
@pytest.mark.parametrize("drive", ["0005", "0013"])
def test_real_drives(real, drive):
    split = {"0005": "train", "0013": "val"}[drive]
    frames = open_frames("kitti", real / "kitti_raw", split, size=None, sky=None)
    assert len(frames) == {"0005": 77, "0013": 72}[drive]
    frame = frames[3]
    assert frame.token == f"{DRIVE.format(drive)}/0000000006"
    assert tuple(frame.rgb.shape) == (3, 375, 1242)
    u, v, d = by_hand(real / "kitti_raw", DRIVE.format(drive), 6).T
    inside = (d > 1) & (d <= 100) & (u > 1) & (u < 1241) & (v > 1) & (v < 374)
    pixels = {(int(a + 0.5), int(b + 0.5)) for a, b in zip(u[inside], v[inside], strict=True)}
    assert len(frame.points) == pytest.approx(len(pixels), abs=2)
    depth = rasterise(torch.from_numpy(np.column_stack([u, v, d])[inside]).float(), (375, 1242))
    gap = (rasterise(frame.points, (375, 1242)) - depth).abs()
    assert (gap > 1e-3).sum() <= 4


@pytest.mark.filterwarnings("ignore:KITTI drive")
def test_real_frames_carry_the_time_of_their_own_line(real):
    frames = open_frames("kitti", real / "kitti_raw", "train", sky=None)
    assert frames.sources[0].timestamp_us == 1317042272345808  # 2011-09-26 13:04:32.345808 as UTC
    step_s = np.diff([source.timestamp_us for source in frames.sources]) / 1e6
    assert 0.19 < step_s.min() <= step_s.max() < 0.22  # every 2nd frame at 10 Hz


def test_real_annotation(real):
    root = real / "kitti_raw"
    with pytest.warns(UserWarning, match="has no image with an annotation"):
        frames = open_frames(
            "kitti", root, "all", size=None, annotation_root=real / "kitti_depth", sky=None
        )
    assert [source.scene for source in frames.sources] == [DRIVE.format("0001")] * 12
    for frame, number in ((frames[0], 5), (frames[-1], 16)):
        folder = real / "kitti_depth" / "train" / frame.scene / "proj_depth"
        steps = np.array(Image.open(folder / f"groundtruth/image_02/{number:010d}.png"))
        depth = rasterise(frame.points, (375, 1242))[0].numpy()
        np.testing.assert_array_equal(depth, np.where(steps <= 25600, steps, 0) / np.float32(256))
        assert (depth == 0).sum() == ((steps == 0) | (steps > 25600)).sum()
        sweep = np.array(Image.open(folder / f"velodyne_raw/image_02/{number:010d}.png")) / 256
        both = (depth > 0) & (sweep > 0)
        assert np.median(np.abs(depth - sweep)[both]) < 0.05


def test_a_drive_without_sweeps_is_left_out_or_refused(real):
    with pytest.warns(UserWarning, match="drive_0001_sync has no image with a sweep"):
        frames = open_frames("kitti", real / "kitti_raw", "all", sky=None)
    assert DRIVE.format("0001") not in {source.scene for source in frames.sources}
    with pytest.raises(RigidDepthError, match="drive_0001_sync has no image with a sweep"):
        open_frames("kitti", real / "kitti_raw", "train", drives={"train": ["0001"]})


def test_pairs_by_number_when_frames_are_missing(fake_kitti):
    root = fake_kitti({"0005": range(8)})
    drive = root / "2011_09_26" / DRIVE.format("0005")
    (drive / "velodyne_points" / "data" / "0000000002.bin").unlink()
    (drive / "image_02" / "data" / "0000000005.png").unlink()
    frames = open_frames("kitti", root, "train", size=None, sky=None)
    numbers = [int(frame.token[-10:]) for frame in frames]
    assert numbers == [0, 1, 3, 4, 6, 7]
    for frame, number in zip(frames, numbers, strict=True):
        assert frame.rgb.eq(number).all()
        assert frame.points[:, 2].max() == pytest.approx(10 + number - 0.3)
    gaps_us = np.diff([frame.timestamp_us for frame in frames])
    assert gaps_us.tolist() == [100_000, 200_000, 100_000, 200_000, 100_000]


def test_more_timestamps_than_frames_are_fine_and_fewer_are_not(fake_kitti):
    root = fake_kitti({"0005": [2]}, lines=9)
    assert open_frames("kitti", root, "train", sky=None).sources[0].timestamp_us % 10**6 == 200_000
    root = fake_kitti({"0009": [7]}, lines=7)
    with pytest.raises(RigidDepthError, match=r"has 7 lines, but frame 7 needs line 8"):
        open_frames("kitti", root, "all", sky=None)


def test_jpg_and_png_and_both_cameras(fake_kitti):
    root = fake_kitti({"0005": [0, 1]})
    images = root / "2011_09_26" / DRIVE.format("0005") / "image_02" / "data"
    Image.open(images / "0000000001.png").save(images / "0000000001.jpg", quality=95)
    (images / "0000000001.png").unlink()
    frames = open_frames("kitti", root, "train", size=None, sky=None)
    assert [source.image.suffix for source in frames.sources] == [".png", ".jpg"]
    left = frames[0]
    images.parent.rename(images.parents[1] / "image_03")
    right = open_frames("kitti", root, "train", size=None, cameras=("image_03",), sky=None)[0]
    assert right.camera == "image_03"
    shift_px = right.points[0, 0] - left.points[0, 0]
    assert shift_px == pytest.approx((-33 - 4.5) / 9.7, abs=0.01)  # P_rect_03 against P_rect_02
    with pytest.raises(RigidDepthError, match="camera 'CAM_BACK' is not in KITTI"):
        open_frames("kitti", root, "train", cameras=("CAM_BACK",))


def test_a_missing_folder_of_annotation_is_named(fake_kitti, tmp_path):
    with pytest.raises(RigidDepthError, match=r"no folder of annotation .*depht"):
        open_frames(
            "kitti", fake_kitti({"0001": range(2)}), "all", annotation_root=tmp_path / "depht"
        )


def test_annotation_must_have_the_size_of_the_image(fake_kitti, tmp_path):
    root = fake_kitti({"0005": [0]})
    folder = tmp_path / "depth" / "val" / DRIVE.format("0005") / "proj_depth/groundtruth/image_02"
    folder.mkdir(parents=True)
    Image.fromarray(np.full((50, 200), 256, np.uint16)).save(folder / "0000000000.png")
    frames = open_frames("kitti", root, "train", annotation_root=tmp_path / "depth", sky=None)
    with pytest.raises(RigidDepthError, match="is 50x200, its image 100x200"):
        frames[0]
