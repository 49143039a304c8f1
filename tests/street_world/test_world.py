"""The synthetic world, read by the official devkit and compared with its own truth and geometry."""

import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from nuscenes import NuScenes
from nuscenes.utils.data_classes import LidarPointCloud
from nuscenes.utils.geometry_utils import points_in_box

from street_world import classes, mesh, write_world
from street_world.classes import CLASSES, C
from street_world.materials import M
from street_world.tables import CATEGORIES

SIZE = (180, 320)
CAMERAS = ("CAM_FRONT", "CAM_BACK")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return write_world(
        tmp_path_factory.mktemp("world") / "synthetic",
        scenes=3,
        frames_per_scene=2,
        cameras=CAMERAS,
        seed=5,
        workers=1,
        progress=False,
        image_size=SIZE,
    )


@pytest.fixture(scope="module")
def devkit(root) -> NuScenes:
    return NuScenes("v1.0-synthetic", str(root), verbose=False)


def truth(root, data) -> tuple[np.ndarray, np.ndarray]:
    stem = root / "truth" / data["channel"] / Path(data["filename"]).stem
    depth = cv2.imread(f"{stem}.depth.png", cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    return depth / 256.0, cv2.imread(f"{stem}.sky.png", cv2.IMREAD_UNCHANGED)


def class_map(root, data) -> np.ndarray:
    stem = root / "truth" / data["channel"] / Path(data["filename"]).stem
    numbers = cv2.imread(f"{stem}.classes.png", cv2.IMREAD_UNCHANGED)
    assert numbers.dtype == np.uint8
    return numbers


def projected(root, devkit, sample, channel):
    """The devkit's projection of a sweep, with the truth at the pixels it falls on."""
    points, depth, _ = devkit.explorer.map_pointcloud_to_image(
        sample["data"]["LIDAR_TOP"], sample["data"][channel], min_dist=1.0
    )
    dense, sky = truth(root, devkit.get("sample_data", sample["data"][channel]))
    col, row = np.round(points[:2]).astype(int)
    inside = (col < SIZE[1]) & (row < SIZE[0])
    col, row, depth = col[inside], row[inside], depth[inside]
    near = np.ones((5, 5), np.uint8)
    smooth = cv2.dilate(dense, near) - cv2.erode(dense, near) < 0.1 * dense + 0.2
    return depth, dense[row, col], sky[row, col], smooth[row, col], row


def test_devkit_finds_every_file_and_link(root, devkit):
    assert len(devkit.scene) == 3
    assert len(devkit.sample) == 6
    for data in devkit.sample_data:
        assert (root / data["filename"]).stat().st_size > 0
    for scene in devkit.scene:
        samples = [scene["first_sample_token"]]
        while following := devkit.get("sample", samples[-1])["next"]:
            samples.append(following)
        assert samples[-1] == scene["last_sample_token"]
        assert len(samples) == scene["nbr_samples"]
        for token in samples:
            assert set(devkit.get("sample", token)["data"]) == {*CAMERAS, "LIDAR_TOP"}
    for instance in devkit.instance:
        chain = [instance["first_annotation_token"]]
        while following := devkit.get("sample_annotation", chain[-1])["next"]:
            chain.append(following)
        assert chain[-1] == instance["last_annotation_token"]
        assert len(chain) == instance["nbr_annotations"]


def test_devkit_boxes_images_and_map(root, devkit):
    for sample in devkit.sample:
        path, boxes, intrinsic = devkit.get_sample_data(sample["data"]["CAM_FRONT"])
        assert cv2.imread(path).shape == (*SIZE, 3)
        assert intrinsic.shape == (3, 3)
        assert all(
            box.name.split(".")[0] in ("vehicle", "human", "movable_object") for box in boxes
        )
    assert devkit.sample_annotation
    log_map = next(m for m in devkit.map if devkit.scene[0]["log_token"] in m["log_tokens"])
    pose = devkit.get("ego_pose", devkit.sample_data[0]["ego_pose_token"])
    assert log_map["mask"].is_on_mask(*pose["translation"][:2])


def test_sensors_look_at_their_own_times(devkit):
    for sample in devkit.sample:
        data = [devkit.get("sample_data", t) for t in sample["data"].values()]
        poses = [devkit.get("ego_pose", d["ego_pose_token"]) for d in data]
        assert len({d["timestamp"] for d in data}) == len(data)
        assert all(d["timestamp"] == p["timestamp"] for d, p in zip(data, poses, strict=True))
        front = devkit.get("sample_data", sample["data"]["CAM_FRONT"])["timestamp"]
        assert 30_000 < sample["timestamp"] - front < 42_000
    first, second = (
        devkit.get("sample", devkit.scene[0][f"{k}_sample_token"]) for k in ("first", "last")
    )
    assert abs(second["timestamp"] - first["timestamp"] - 500_000) < 10_000


@pytest.mark.parametrize("channel", CAMERAS)
def test_projected_lidar_meets_dense_depth(root, devkit, channel):
    parts = [projected(root, devkit, sample, channel) for sample in devkit.sample]
    depth, dense, sky, smooth, row = (np.concatenate(p) for p in zip(*parts, strict=True))
    chosen = smooth & (dense > 0) & (depth < 60)
    assert chosen.sum() > 2000
    error = np.abs(depth - dense)[chosen]
    assert np.median(error) < 0.05
    assert (error < 0.05 + 0.05 * depth[chosen]).mean() > 0.95
    # Above the horizon there is no ground, on which a wrong pose would go unnoticed.
    standing = row[chosen] < 0.5 * SIZE[0]
    assert standing.sum() > 100
    assert abs(np.median((depth - dense)[chosen][standing])) < 0.02
    assert (sky[smooth] == 255).mean() < 0.003  # thin poles and leaves between pixels


def test_sky_and_depth_exclude_each_other(root, devkit):
    for data in devkit.sample_data:
        if data["fileformat"] == "jpg":
            depth, sky = truth(root, data)
            assert depth.shape == sky.shape == SIZE
            assert set(np.unique(sky)) <= {0, 255}
            assert np.array_equal(sky == 255, depth == 0)
            assert depth.max() <= 255


def test_boxes_hold_the_points_that_hit_their_objects(devkit):
    held, counted = 0, 0
    for sample in devkit.sample:
        path, boxes, _ = devkit.get_sample_data(sample["data"]["LIDAR_TOP"])
        cloud = LidarPointCloud.from_file(path).points[:3]
        for box in boxes:
            annotation = devkit.get("sample_annotation", box.token)
            inside = points_in_box(box, cloud, wlh_factor=1.08).sum()
            held += min(inside, annotation["num_lidar_pts"])
            counted += annotation["num_lidar_pts"]
    assert counted > 200
    assert held > 0.97 * counted


def test_sweep_has_the_beams_of_the_hdl_32e(root, devkit):
    # Velodyne HDL-32E user manual: 32 lasers, 1.33 degrees apart, from -30.67 to +10.67 degrees.
    angles = -30.67 + 4 / 3 * np.arange(32)
    for data in devkit.sample_data:
        if data["channel"] != "LIDAR_TOP":
            continue
        sweep = np.fromfile(root / data["filename"], np.float32).reshape(-1, 5)
        distance = np.linalg.norm(sweep[:, :3], axis=1)
        ring = sweep[:, 4].astype(int)
        elevation = np.degrees(np.arcsin(sweep[:, 2] / distance))
        assert np.abs(elevation - angles[ring]).max() < 0.02
        assert distance.max() < 101
        assert np.bincount(ring, minlength=32).max() <= 1084
        assert sweep[:, 3].min() >= 0
        assert sweep[:, 3].max() <= 255


def test_settings_and_splits_are_written(root):
    settings = json.loads((root / "settings.json").read_text())
    assert settings["seed"] == 5
    assert len(settings["fingerprint"]) == 16
    splits = json.loads((root / "v1.0-synthetic" / "splits.json").read_text())
    names = [name for split in splits.values() for name in split]
    assert sorted(names) == sorted(set(names)) == [f"scene-{k:04d}" for k in (1, 2, 3)]
    assert [len(splits[k]) for k in ("train", "val", "test")] == [1, 1, 1]


def test_class_maps_agree_with_sky_and_depth(root, devkit):
    seen = set()
    for data in devkit.sample_data:
        if data["fileformat"] != "jpg":
            continue
        numbers, (depth, sky) = class_map(root, data), truth(root, data)
        assert numbers.shape == depth.shape
        np.testing.assert_array_equal(numbers == C["sky"], sky == 255)
        np.testing.assert_array_equal(numbers == C["sky"], depth == 0)
        seen |= {CLASSES[number] for number in np.unique(numbers)}
    assert {"road", "pavement", "building", "furniture", "vegetation", "vehicle"} <= seen


def test_annotated_objects_have_their_class_at_the_middle_of_their_boxes(root, devkit):
    kinds = {"vehicle.car": "vehicle", "human.pedestrian.adult": "person"}
    right, count = Counter(), Counter()
    for data in devkit.sample_data:
        if data["fileformat"] != "jpg":
            continue
        numbers, (depth, _) = class_map(root, data), truth(root, data)
        _, boxes, k = devkit.get_sample_data(data["token"])
        for box in boxes:
            u, v, z = k @ box.center
            row, col = round(v / z), round(u / z)
            if box.name not in kinds or not (0 <= row < SIZE[0] and 0 <= col < SIZE[1]):
                continue
            if abs(depth[row, col] - z) < box.wlh[:2].max() / 2:  # nothing stands before it
                count[box.name] += 1
                right[box.name] += numbers[row, col] == C[kinds[box.name]]
    assert set(count) == set(kinds)
    for name, total in count.items():
        assert right[name] >= 0.9 * total > 0, (name, right[name], total)


def test_every_surface_has_the_class_of_what_it_is():
    ground = mesh.merge(
        [mesh.box([0] * 3, [1] * 3, M[m], 1) for m in ("asphalt", "grass", "kerb", "mark")]
    )
    names = [CLASSES[number] for number in classes.of_ground(ground)[::12]]
    assert names == ["road", "terrain", "pavement", "road"]
    beside = [mesh.box([0] * 3, [1] * 3, M[m], 1) for m in ("leaves", "bark", "wood")]
    beside.append(mesh.box([0] * 3, [1] * 3, M["wood"], 1, 10007))
    names = [CLASSES[number] for number in classes.of_roadside(mesh.merge(beside))[::12]]
    assert names == ["vegetation", "vegetation", "fence", "building"]


def test_every_annotated_category_has_a_class():
    names = {name: CLASSES[classes.of_category(name)] for name in CATEGORIES}
    assert names["vehicle.bicycle"] == "two-wheeler"
    assert names["vehicle.bus.rigid"] == names["vehicle.car"] == "vehicle"
    assert names["human.pedestrian.adult"] == "person"
    assert names["movable_object.trafficcone"] == "movable"
