"""nuScenes frames against the devkit, on the real keyframe and on the synthetic world."""

import numpy as np
import pytest
import torch
from nuscenes.nuscenes import NuScenes

from rigid_depth.data import open_frames, rasterise
from rigid_depth.data.files import read_sweep
from rigid_depth.data.nuscenes import condition_of, lidar_to_camera
from rigid_depth.data.projection import in_view, nearest_per_pixel, project, transform

CAMERAS = ("CAM_FRONT", "CAM_FRONT_LEFT", "CAM_FRONT_RIGHT")
CAMERAS += ("CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT")


def compare_with_devkit(root, version, camera, sample_number=0):
    """Our returns of one image, before the nearest per pixel is taken, against the devkit's."""
    devkit = NuScenes(version, str(root), verbose=False)
    data = devkit.sample[sample_number]["data"]
    theirs, depths, image = devkit.explorer.map_pointcloud_to_image(data["LIDAR_TOP"], data[camera])
    theirs = np.column_stack([theirs[:2].T, depths])
    theirs = theirs[theirs[:, 2] <= 100]

    lidar = devkit.get("sample_data", data["LIDAR_TOP"])
    record = devkit.get("sample_data", data[camera])
    calibration = devkit.get("calibrated_sensor", record["calibrated_sensor_token"])
    sweep = read_sweep(root / lidar["filename"], "t", 5)
    xyz = transform(sweep[:, :3], lidar_to_camera(devkit, lidar, record))
    uvd = project(xyz, np.array(calibration["camera_intrinsic"]))
    ours = uvd[in_view(uvd, image.size[::-1])]
    return ours, theirs, record["token"]


def check_agreement(root, version, dataset, camera):
    ours, theirs, token = compare_with_devkit(root, version, camera)
    assert len(ours) == len(theirs)
    gap = np.abs(ours - theirs)
    assert gap[:, :2].max() < 0.05  # px
    assert gap[:, 2].max() < 1e-3  # m
    frames = open_frames(dataset, root, "all", size=None, cameras=(camera,), sky=None)
    frame = next(f for f in frames if f.token == token)
    expected = nearest_per_pixel(ours, frame.rgb.shape[2])
    torch.testing.assert_close(frame.points, torch.from_numpy(expected), rtol=0, atol=0)
    return frame


@pytest.mark.parametrize("camera", CAMERAS)
def test_projection_is_the_devkits_on_the_real_keyframe(real, camera):
    frame = check_agreement(real / "nuscenes", "v1.0-mini", "nuscenes", camera)
    assert (frame.scene, frame.condition, frame.camera) == ("scene-0061", "day", camera)
    assert tuple(frame.rgb.shape) == (3, 900, 1600)
    assert 2500 < len(frame.points) < 6000


def test_projection_is_the_devkits_on_the_synthetic_world(tiny_world):
    check_agreement(tiny_world, "v1.0-synthetic", "synthetic", "CAM_FRONT")


def test_one_ego_pose_would_be_seen(real, monkeypatch):
    """The tolerances above tell a projection that ignores the ego motion from the right one."""
    root = real / "nuscenes"
    devkit = NuScenes("v1.0-mini", str(root), verbose=False)
    data = devkit.sample[0]["data"]
    lidar = devkit.get("sample_data", data["LIDAR_TOP"])
    camera = devkit.get("sample_data", data["CAM_FRONT"])
    right = lidar_to_camera(devkit, lidar, camera)
    wrong = lidar_to_camera(devkit, {**lidar, "ego_pose_token": camera["ego_pose_token"]}, camera)
    assert np.abs(right - wrong).max() > 0.01


def test_a_frame_at_the_thesis_size(real):
    frames = open_frames("nuscenes", real / "nuscenes", "train", cameras=CAMERAS)
    assert len(frames) == 6
    for frame in frames:
        assert tuple(frame.rgb.shape) == (3, 384, 768)
        assert frame.points[:, 2].min() > 1
        assert frame.points[:, 2].max() <= 100
        depth = rasterise(frame.points, (384, 768))
        assert (depth > 0).sum() == len(frame.points)
        assert 0.007 < (depth > 0).float().mean() < 0.02
    with pytest.raises(ValueError, match=r"split 'test' of nuscenes v1\.0-mini"):
        open_frames("nuscenes", real / "nuscenes", "test")


def test_the_synthetic_frames_have_their_truth(tiny_world):
    frames = open_frames("synthetic", tiny_world, "all", size=(96, 192))
    assert len(frames) == 12
    for frame in frames:
        assert frame.condition in ("day", "dusk", "night", "rain")
        depth = rasterise(frame.points, (96, 192))[0]
        assert not frame.dense_depth_m[frame.sky].any() or frame.sky.any()
        surface = frame.dense_depth_m > 0
        assert surface.float().mean() > 0.5
        seen = (depth > 0) & surface
        error = (depth - frame.dense_depth_m)[seen].abs()
        assert error.median() < 0.3  # the LiDAR and the ray caster see the same street
    assert {frame.condition for frame in frames} == {"day", "dusk", "night", "rain"}


def test_frames_are_lazy_and_can_be_sliced(tiny_world):
    frames = open_frames("synthetic", tiny_world, "train", size=(96, 192))
    assert [source.token for source in frames[1:3].sources] == [
        source.token for source in frames.sources[1:3]
    ]
    assert frames[-1].token == frames.sources[-1].token
    with pytest.raises(IndexError):
        frames[len(frames)]


@pytest.mark.parametrize(
    ("description", "condition"),
    [
        ("Parked truck, construction, intersection", "day"),
        ("Night, difficult lighting", "night"),
        ("Rain, many peds", "rain"),
        ("Night, after rain, wait at light", "night"),
        ("Wait at train crossing", "day"),
        ("Dusk, wide street", "dusk"),
        (" ", "unknown"),
    ],
)
def test_condition_by_words(description, condition):
    assert condition_of(description) == condition
