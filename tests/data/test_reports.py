"""What owners of nuScenes and KITTI meet: each case as people report it, with the right value.

Shrunk copies of both data sets, depth pictures of 8 bits and lost frames are the subject of public
questions at the repositories of nuscenes-devkit, pykitti, monodepth2 and BTS.
"""

import json
import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from rigid_depth.data import open_frames
from rigid_depth.data.files import MOST_PIXELS, read_image, read_sweep
from rigid_depth.errors import RigidDepthError

DATE, DRIVE = "2011_09_26", "2011_09_26_drive_0005_sync"
GREY_16 = np.linspace(0, 65535, 12 * 16).reshape(12, 16)


@pytest.fixture
def kitti(real, tmp_path):
    """One real frame of KITTI in a root of its own, its files to be damaged."""
    return copy_kitti(real, tmp_path / "kitti")


def copy_kitti(real, root):
    source, target = real / "kitti_raw" / DATE, root / DATE
    for name in (
        "calib_cam_to_cam.txt",
        "calib_velo_to_cam.txt",
        f"{DRIVE}/image_02/timestamps.txt",
        f"{DRIVE}/image_02/data/0000000006.jpg",
        f"{DRIVE}/velodyne_points/data/0000000006.bin",
    ):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, target / name)
    return root


@pytest.fixture
def nuscenes(real, tmp_path):
    """The real keyframe of nuScenes, its files to be damaged."""
    return shutil.copytree(real / "nuscenes", tmp_path / "nuscenes")


def first(dataset, root, **options):
    return open_frames(dataset, root, "all", size=None, sky=None, **options)[0]


def image_of(dataset, root):
    return open_frames(dataset, root, "all", sky=None).sources[0].image


def save_resized(path, size):
    with Image.open(path) as picture:
        small = picture.resize(size[::-1], Image.Resampling.BOX)
    small.save(path, quality=95)


def by_pixel(frame):
    points = frame.points.numpy()
    return {(round(float(u)), round(float(v))): float(d) for u, v, d in points}


@pytest.mark.parametrize("dataset", ["nuscenes", "kitti"])
def test_a_picture_shrunk_as_a_whole_shows_the_same_returns(dataset, request):
    """Returns of the full picture, moved; the nearest of a smaller pixel stays."""
    root = request.getfixturevalue(dataset)
    full = first(dataset, root)
    height, width = full.rgb.shape[1:]
    factor = {"nuscenes": 2, "kitti": 3}[dataset]
    save_resized(image_of(dataset, root), (height // factor, width // factor))
    small = first(dataset, root)
    nearest = {}
    for (u, v), depth in by_pixel(full).items():
        place = ((u + 0.5) // factor, (v + 0.5) // factor)
        nearest[place] = min(depth, nearest.get(place, np.inf))
    mean = np.mean(list(nearest.values()))
    assert len(small.points) == pytest.approx(len(nearest), rel=0.02)
    assert small.points[:, 2].mean().item() == pytest.approx(mean, rel=0.02)
    centre = (full.intrinsics[0, 2].item() + 0.5) / factor - 0.5
    assert small.intrinsics[0, 2].item() == pytest.approx(centre, abs=1e-3)
    assert small.intrinsics[0, 0].item() == pytest.approx(full.intrinsics[0, 0].item() / factor)


@pytest.mark.parametrize("dataset", ["nuscenes", "kitti"])
@pytest.mark.parametrize("change", ["stretched", "cropped", "turned"])
def test_a_picture_of_another_shape_is_refused_with_both_sizes(dataset, change, request):
    root = request.getfixturevalue(dataset)
    path = image_of(dataset, root)
    with Image.open(path) as picture:
        width, height = picture.size
        changed = {
            "stretched": lambda: picture.resize((640, 192)),
            "cropped": lambda: picture.crop((0, 0, width, height - 40)),
            "turned": lambda: picture.transpose(Image.Transpose.ROTATE_90),
        }[change]()
    changed.save(path)
    sizes = f"is {changed.height}x{changed.width}, its calibration belongs to {height}x{width}"
    with pytest.raises(RigidDepthError, match=sizes):
        first(dataset, root)


@pytest.mark.parametrize("name", ["depth", "sky"])
def test_a_truth_picture_of_another_size_is_refused(broken_world, name):
    source = open_frames("synthetic", broken_world, "all", sky=None).sources[0]
    path = source.truth.with_name(f"{source.truth.name}.{name}.png")
    with Image.open(path) as picture:
        small = picture.resize((picture.width // 2, picture.height // 2))
    path.unlink()
    small.save(path)
    with pytest.raises(RigidDepthError, match=rf"{name}.png is .*, its image .*must be equal"):
        open_frames("synthetic", broken_world, "all", size=None, sky="truth")[0]


def test_grey_pictures_of_sixteen_bits_keep_their_greys(tmp_path):
    path = tmp_path / "grey.png"
    Image.fromarray(GREY_16.astype(np.uint16)).save(path)
    rgb = read_image(path, "t")
    expected = GREY_16 / 65535 * 255
    assert np.abs(rgb[..., 0] - expected).max() <= 1
    assert (rgb[..., 0] == rgb[..., 2]).all()


@pytest.mark.parametrize(("dtype", "words"), [(np.int32, "whole"), (np.float32, "decimal")])
def test_pictures_whose_range_nobody_says_are_refused(tmp_path, dtype, words):
    path = tmp_path / "grey.tiff"
    Image.fromarray(GREY_16.astype(dtype)).save(path)
    with pytest.raises(RigidDepthError, match=f"holds {words} numbers of 32 bits.*convert it"):
        read_image(path, "t")


def test_pictures_too_large_to_read_are_refused_whatever_was_imported(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    Image.new("1", (20_000, 10_000)).save(path)
    for limit in (None, MOST_PIXELS // 2):  # the devkit lifts it
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(RigidDepthError, match="has more than 178,956,970 pixels"):
            read_image(path, "t")


def annotation(tmp_path, picture):
    """A root of one frame annotated by this picture."""
    folder = tmp_path / "depth" / "train" / DRIVE / "proj_depth" / "groundtruth" / "image_02"
    folder.mkdir(parents=True)
    picture.save(folder / "0000000000.png")
    return tmp_path / "depth"


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_depth_pictures_that_are_not_of_sixteen_bits_are_refused(fake_kitti, tmp_path, mode):
    root = annotation(tmp_path, Image.new(mode, (200, 100), 17))
    with pytest.raises(RigidDepthError, match=f"is no 16-bit grey PNG .its mode is {mode}"):
        first("kitti", fake_kitti({"0005": [0]}), annotation_root=root)


def test_annotations_nearer_than_a_metre_do_not_count(fake_kitti, tmp_path):
    steps = np.zeros((100, 200), np.uint16)
    steps[10, 20:25] = [128, 256, 257, 25600, 25601]
    root = annotation(tmp_path, Image.fromarray(steps))
    frame = first("kitti", fake_kitti({"0005": [0]}), annotation_root=root)
    assert frame.points.tolist() == [[22, 10, 257 / 256], [23, 10, 100]]


def test_a_blank_line_of_times_is_a_lost_frame(fake_kitti):
    root = fake_kitti({"0005": [0, 1, 3]})
    path = next(root.rglob("timestamps.txt"))
    lines = path.read_text().splitlines()
    times = [s.timestamp_us for s in open_frames("kitti", root, "all", sky=None).sources]
    path.write_text("\n".join([*lines[:2], "", *lines[3:]]) + "\n\n")
    again = open_frames("kitti", root, "all", sky=None).sources
    assert [source.timestamp_us for source in again] == times
    path.write_text("\n".join([lines[0], "", *lines[2:]]) + "\n")
    with pytest.raises(RigidDepthError, match="line 2 is blank, but its frame 1 is there"):
        open_frames("kitti", root, "all", sky=None)
    path.write_text("\n".join([lines[1], lines[0], *lines[2:]]) + "\n")
    with pytest.raises(RigidDepthError, match="line 2 is not later than the line before"):
        open_frames("kitti", root, "all", sky=None)


@pytest.mark.parametrize("time", [0, -1, None, "noon", 1.5, True])
def test_a_nuscenes_image_without_a_time_is_refused(broken_world, time):
    edit(broken_world, "sample_data", lambda record: record.update(timestamp=time))
    with pytest.raises(RigidDepthError, match="timestamp"):
        open_frames("synthetic", broken_world, "all", sky=None)


def edit(root, table, change, version="v1.0-synthetic"):
    path = root / version / f"{table}.json"
    records = json.loads(path.read_text())
    for record in records:
        change(record)
    path.unlink()
    path.write_text(json.dumps(records))


GARBAGE = {
    "float64": lambda rows: rows.astype("<f8").tobytes(),
    "big-endian": lambda rows: rows.astype(">f4").tobytes(),
    "int32": lambda rows: (rows * 100).astype("<i4").tobytes(),
    "z first": lambda rows: rows[:, [2, 1, 0, *range(3, rows.shape[1])]].tobytes(),
    "y and z exchanged": lambda rows: rows[:, [0, 2, 1, *range(3, rows.shape[1])]].tobytes(),
    "last first": lambda rows: np.roll(rows, 1, axis=1).tobytes(),
    "millimetres": lambda rows: (
        (rows * [1000, 1000, 1000, *[1] * (rows.shape[1] - 3)]).astype("<f4").tobytes()
    ),
}


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("dataset", ["nuscenes", "kitti"])
def test_sweeps_of_other_bytes_are_refused(dataset, kind, request):
    root = request.getfixturevalue(dataset)
    path = next(p for p in root.rglob("*.bin"))
    values = {"nuscenes": 5, "kitti": 4}[dataset]
    rows = np.fromfile(path, "<f4").reshape(-1, values)
    data = GARBAGE[kind](rows)
    path.write_bytes(data[: len(data) // (4 * values) * 4 * values])
    with pytest.raises(RigidDepthError, match=r"LiDAR sweep .* (no returns|the LiDAR)"):
        first(dataset, root)


@pytest.mark.parametrize("strange", [np.nan, np.inf, 1e30])
def test_strange_rows_are_counted(kitti, strange):
    path = next(kitti.rglob("*.bin"))
    rows = np.fromfile(path, "<f4").reshape(-1, 4)
    whole = len(read_sweep(path, "t", 4))
    for count, said in ((3, None), (100, "100 of .* rows are no returns"), (len(rows) // 2, None)):
        damaged = rows.copy()
        damaged[:count, 1] = strange
        damaged.tofile(path)
        if count > 100:
            with pytest.raises(RigidDepthError, match=f"{count:,} of its {len(rows):,} rows"):
                read_sweep(path, "t", 4)
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert len(read_sweep(path, "t", 4)) == whole - count
        assert len(caught) == (said is not None)


def test_frames_that_are_left_out_are_counted(fake_kitti):
    root = fake_kitti({"0005": [0, 1, 2, 3]})
    folder = root / DATE / DRIVE
    (folder / "velodyne_points" / "data" / "0000000001.bin").unlink()
    (folder / "image_02" / "data" / "0000000002.png").rename(folder / "image_02" / "data" / "2.png")
    image = folder / "image_02" / "data" / "0000000003.png"
    image.rename(image.with_suffix(".PNG"))
    said = (
        r"1 images without LiDAR depth, 1 frames with LiDAR depth and no image, "
        r"1 files whose name is no frame number \(2\.png, \.\.\.\) are left out"
    )
    with pytest.warns(UserWarning, match=said):
        frames = open_frames("kitti", root, "all", sky=None)
    assert [source.token[-1] for source in frames.sources] == ["0", "3"]


@pytest.mark.parametrize(
    ("file", "key", "change", "sentence"),
    [
        ("velo", "R", lambda v: 3 * v, "R is no rotation"),
        ("velo", "R", lambda v: -v, "R is no rotation: .* det R is -1"),
        ("cam", "R_rect_00", lambda v: v + 0.1, "R_rect_00 is no rotation"),
        ("cam", "P_rect_02", lambda v: 1000 * v, "P_rect_02 is .* no pinhole camera"),
        ("cam", "P_rect_02", lambda v: v[:9], "P_rect_02 is .*; 3x4 finite numbers"),
        ("velo", "T", lambda v: v * np.nan, "T is .*; 3 finite numbers"),
    ],
)
def test_an_impossible_calibration_is_refused(kitti, file, key, change, sentence):
    path = kitti / DATE / f"calib_{file}_to_cam.txt"
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
    values = change(np.array(lines[at].split(":")[1].split(), float))
    lines[at] = f"{key}: " + " ".join(map(str, values))
    path.write_text("\n".join(lines))
    with pytest.raises(RigidDepthError, match=sentence):
        first("kitti", kitti)


@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        ("ego_pose", {"rotation": [0, 0, 0, 0]}, "quaternion has length 0; it must be 1"),
        ("ego_pose", {"rotation": [2, 0, 0, 0]}, "quaternion has length 2"),
        ("ego_pose", {"translation": [1, 2]}, "translation is .1, 2.; 3 finite numbers"),
        ("ego_pose", {"translation": [1, 2, None]}, "translation is .*; 3 finite numbers"),
        ("calibrated_sensor", {"camera_intrinsic": [[1, 0, 0], [0, 1, 0]]}, "3x3 finite numbers"),
        ("calibrated_sensor", {"camera_intrinsic": "none"}, "camera_intrinsic"),
        ("sensor", {"channel": float("nan")}, "sensor.json: record 0 has nan as its channel"),
        ("sample_data", {"width": 0.5}, "height and width are"),
    ],
)
def test_tables_of_another_kind_are_named(broken_world, table, change, sentence):
    edit(broken_world, table, lambda record: record.update(change))
    with pytest.raises(RigidDepthError, match=sentence) as caught:
        open_frames("synthetic", broken_world, "all", sky=None)
    assert "\n" not in str(caught.value)


def test_a_null_record_is_named(broken_world):
    path = broken_world / "v1.0-synthetic" / "ego_pose.json"
    records = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps([None, *records]))
    with pytest.raises(RigidDepthError, match=r"ego_pose.json: record 0 is None, no record"):
        open_frames("synthetic", broken_world, "all", sky=None)


def test_a_calibration_with_a_latin_letter_is_named(kitti):
    path = kitti / DATE / "calib_cam_to_cam.txt"
    path.write_bytes(b"note: Stra\xdfe\n" + path.read_bytes())
    with pytest.raises(RigidDepthError, match=r"calib_cam_to_cam\.txt is no text in UTF-8"):
        first("kitti", kitti)


def test_real_frames_are_read_as_before(nuscenes, kitti):
    """Counts and means of an independent projection."""
    frame = first("nuscenes", nuscenes)
    assert (len(frame.points), round(frame.points[:, 2].mean().item(), 1)) == (3052, 16.0)
    assert torch.isfinite(first("kitti", kitti).points).all()
