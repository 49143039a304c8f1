"""Every bad input gets one sentence that names it, and leaves no store that could be opened."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from rigid_depth.data import open_frames, open_store, prepare
from rigid_depth.errors import RigidDepthError

SIZE = (96, 192)


def replace_file(path, data):
    """Put other bytes in the place of a link."""
    path.unlink()
    path.write_bytes(data)


def edit_table(root, name, change):
    """Change the records of a table of a world in place."""
    path = root / "v1.0-synthetic" / f"{name}.json"
    records = json.loads(path.read_text())
    change(records)
    replace_file(path, json.dumps(records).encode())


def refuse(root, sentence, tmp_path, dataset="synthetic", **options):
    """Opening or preparing raises one sentence; there is no readable store afterwards."""
    out = tmp_path / "store"
    with pytest.raises(RigidDepthError, match=sentence) as caught:
        prepare(dataset, root, out, **{"size": SIZE, "progress": False, **options})
    assert "\n" not in str(caught.value)
    with pytest.raises(RigidDepthError, match="is no finished prepared store"):
        open_store(out)
    return str(caught.value)


@pytest.mark.parametrize("dataset", ["synthetic", "nuscenes", "kitti"])
def test_missing_or_empty_dataroot(dataset, tmp_path):
    refuse(tmp_path / "no", r"dataroot .*no does not exist; give the folder", tmp_path, dataset)
    (tmp_path / "empty").mkdir()
    refuse(tmp_path / "empty", r"dataroot .*empty holds no ", tmp_path, dataset)
    assert not (tmp_path / "store").exists()


def test_unknown_names(tiny_world, tmp_path):
    refuse(tiny_world, "data set 'waymo' does not exist; use synthetic, ", tmp_path, "waymo")
    present = r"version 'v1.0-mini' is not in .*; present are v1.0-synthetic"
    refuse(tiny_world, present, tmp_path, version="v1.0-mini")
    refuse(tiny_world, "split_by 'month' does not exist; use 'scene'", tmp_path, split_by="month")
    refuse(
        tiny_world, "has no CAM_TOP image .*; present are CAM_FRONT", tmp_path, cameras=["CAM_TOP"]
    )
    refuse(tiny_world, "drives, annotation_root and files belong to kitti", tmp_path, drives={})
    with pytest.raises(RigidDepthError, match="split 'validation' does not exist; use train, val"):
        open_frames("synthetic", tiny_world, "validation")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("size", [(100, 200), (96, 0), (384, 786)])
def test_size_not_divisible_by_32(tiny_world, tmp_path, size):
    sentence = rf"image size {size[0]}x{size[1]} .* multiples of 32"
    refuse(tiny_world, sentence, tmp_path, size=size)
    with pytest.raises(RigidDepthError, match=sentence):
        open_frames("synthetic", tiny_world, "all", size=size)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("scene", "name"),
        ("sample", "scene_token"),
        ("sample_data", "filename"),
        ("ego_pose", "rotation"),
        ("calibrated_sensor", "camera_intrinsic"),
        ("sensor", "channel"),
    ],
)
def test_table_with_a_missing_key(broken_world, tmp_path, table, key):
    edit_table(broken_world, table, lambda records: [record.pop(key) for record in records])
    refuse(broken_world, rf"table .*{table}\.json: record 0 has no key '{key}'", tmp_path)


def test_dangling_token(broken_world, tmp_path):
    edit_table(broken_world, "sample", lambda records: records[3].update(scene_token="nowhere"))
    refuse(broken_world, "do not fit together: .*nowhere", tmp_path)


@pytest.mark.parametrize("content", [b"[{", b"", b"\xff\xfe"])
def test_unreadable_table(broken_world, tmp_path, content):
    replace_file(broken_world / "v1.0-synthetic" / "ego_pose.json", content)
    refuse(broken_world, r"table .*ego_pose\.json is not readable JSON", tmp_path)


def test_missing_table(broken_world, tmp_path):
    (broken_world / "v1.0-synthetic" / "sample.json").unlink()
    refuse(broken_world, r"table .*sample\.json is missing", tmp_path)


def first_source(root):
    return open_frames("synthetic", root, "all", sky=None).sources[0]


@pytest.mark.parametrize("keep", [0, 1, 40001, 20 * 1000 + 8])
def test_truncated_sweep(broken_world, tmp_path, keep):
    source = first_source(broken_world)
    replace_file(source.depth_file, source.depth_file.read_bytes()[:keep])
    sentence = refuse(broken_world, rf"sweep .*pcd\.bin is truncated: {keep} bytes", tmp_path)
    assert source.token in sentence


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_truncated_jpeg(broken_world, tmp_path, share):
    source = first_source(broken_world)
    data = source.image.read_bytes()
    replace_file(source.image, data[: int(share * len(data))])
    sentence = refuse(broken_world, r"picture .*\.jpg is truncated or no JPEG", tmp_path)
    assert source.token in sentence


def test_missing_files(broken_world, tmp_path):
    source = first_source(broken_world)
    sky = source.truth.with_name(source.truth.name + ".sky.png")
    for path in (sky, source.depth_file, source.image):
        path.unlink()
        sentence = refuse(broken_world, rf"{re.escape(path.name)} is missing", tmp_path)
        assert source.token in sentence


def test_class_maps_that_do_not_fit(broken_world, tmp_path):
    path = first_source(broken_world).truth
    path = path.with_name(path.name + ".classes.png")
    path.unlink()
    for picture, sentence in (
        (None, "is missing"),
        (np.zeros((90, 160), np.uint8), "is 90x160, its image 450x800; they must be equal"),
        (np.zeros((450, 800, 3), np.uint8), "is no 8-bit grey picture"),
    ):
        if picture is not None:
            Image.fromarray(picture).save(path)
        refuse(broken_world, rf"class map .*\.classes\.png {sentence}", tmp_path, classes=True)
    prepare("synthetic", broken_world, tmp_path / "without", size=SIZE, progress=False)


def test_data_without_class_maps(fake_kitti, tmp_path):
    root = fake_kitti({"0005": [0], "0013": [0]})
    refuse(root, "has no class map: no truth/ in its data", tmp_path, "kitti", classes=True)


def test_no_return_in_the_image(broken_world, tmp_path):
    source = first_source(broken_world)
    behind = np.fromfile(source.depth_file, "<f4").reshape(-1, 5)
    behind[:, 1] = -abs(behind[:, 1]) - 5  # the LiDAR looks along +y
    replace_file(source.depth_file, behind.tobytes())
    sentence = refuse(broken_world, "has no LiDAR return in its image", tmp_path)
    assert source.token in sentence


def test_kitti_annotation_without_one_return(fake_kitti, tmp_path):
    root = fake_kitti({"0005": [0]})
    folder = tmp_path / "depth/train/2011_09_26_drive_0005_sync/proj_depth/groundtruth/image_02"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((100, 200), np.uint16)).save(folder / "0000000000.png")
    refuse(root, "has no LiDAR return", tmp_path, "kitti", annotation_root=tmp_path / "depth")


def test_kitti_calibration(fake_kitti, tmp_path):
    root = fake_kitti({"0005": [0]})
    path = root / "2011_09_26" / "calib_cam_to_cam.txt"
    path.write_text(path.read_text().replace("P_rect_02", "P_02"))
    refuse(root, r"calibration in .*calib_cam_to_cam\.txt lacks 'P_rect_02'", tmp_path, "kitti")
    path.unlink()
    refuse(root, r"calib_cam_to_cam\.txt is missing", tmp_path, "kitti")


def test_kitti_timestamps_that_are_no_times(fake_kitti, tmp_path):
    root = fake_kitti({"0005": [0]})
    next(root.rglob("timestamps.txt")).write_text("noon\n")
    refuse(root, r"timestamps\.txt must hold one time a line", tmp_path, "kitti")


def test_kitti_has_no_version(fake_kitti, tmp_path):
    refuse(fake_kitti({"0005": [0]}), "KITTI has no version 'v2'", tmp_path, "kitti", version="v2")


def test_after_the_repair_the_same_call_ends_well(broken_world, tmp_path):
    source = first_source(broken_world)
    whole = source.image.read_bytes()
    replace_file(source.image, whole[:-1000] + bytes(1000))
    source.image.write_bytes(whole[:-1000])
    refuse(broken_world, "truncated", tmp_path)
    source.image.write_bytes(whole)
    prepare("synthetic", broken_world, tmp_path / "store", size=SIZE, progress=False)
    assert open_store(tmp_path / "store").counts["train"]["frames"] > 0
