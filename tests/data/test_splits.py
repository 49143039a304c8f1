import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nuscenes.utils.splits import create_splits_scenes

from rigid_depth.data import leakage, open_frames
from rigid_depth.data.frame import FrameSource
from rigid_depth.data.splits import KITTI_EIGEN_TEST, assign, kitti_drives, nuscenes_scenes
from rigid_depth.errors import RigidDepthError


def recordings(scenes, frames, cameras=1):
    """Made-up frames every half second, as nuScenes keyframes are."""
    return [
        FrameSource(
            scene=f"scene-{scene:04d}",
            token=f"{scene}/{frame}/{camera}",
            group=f"scene-{scene:04d}/{frame:06d}",
            camera=str(camera),
            timestamp_us=frame * 500_000,
            condition="day",
            image=Path("image"),
            depth_file=Path("sweep"),
            intrinsics=np.eye(3),
            read_points=lambda *_: np.zeros((0, 3)),
        )
        for scene in range(scenes)
        for frame in range(frames)
        for camera in range(cameras)
    ]


def described(sources, chosen):
    return [sources[i].describe() for i in chosen]


@pytest.mark.parametrize(
    ("version", "counts"),
    [("v1.0-trainval", (630, 70, 150)), ("v1.0-mini", (7, 1, 2)), ("v1.0-test", (0, 0, 150))],
)
def test_official_scenes(version, counts):
    scenes = nuscenes_scenes(Path("nowhere"), version)
    assert tuple(len(scenes[s]) for s in ("train", "val", "test")) == counts
    names = [name for part in scenes.values() for name in part]
    assert len(set(names)) == len(names)


def test_every_tenth_scene_of_training_is_kept_to_validate():
    """From the sixth on, so that a part of few scenes has one."""
    official = sorted(create_splits_scenes()["mini_train"])
    assert nuscenes_scenes(Path("nowhere"), "v1.0-mini")["val"] == official[5::10]


def test_what_is_reported_on_is_the_official_validation_set():
    official = create_splits_scenes()
    scenes = nuscenes_scenes(Path("nowhere"), "v1.0-trainval")
    assert set(scenes["test"]) == set(official["val"])
    assert {*scenes["train"], *scenes["val"]} == set(official["train"])


def test_a_version_without_a_split():
    with pytest.raises(RigidDepthError, match=r"version 'v2' has no scene split; known are v1"):
        nuscenes_scenes(Path("nowhere"), "v2")


def test_own_splits(tmp_path):
    (tmp_path / "v1.0-mine").mkdir()
    path = tmp_path / "v1.0-mine" / "splits.json"
    path.write_text(json.dumps({"train": ["b", "a"], "val": ["c"], "test": ["d"]}))
    scenes = nuscenes_scenes(tmp_path, "v1.0-mine")
    assert scenes == {"train": ["a", "b"], "val": ["c"], "test": ["d"]}
    path.write_text('{"train": []}')
    with pytest.raises(RigidDepthError, match=r"splits\.json must hold .*'val'"):
        nuscenes_scenes(tmp_path, "v1.0-mine")


@given(st.integers(1, 12), st.integers(1, 15), st.integers(1, 3), st.integers(0, 5))
def test_the_frame_split_divides_all_keyframes_80_10_10(scenes, frames, cameras, seed):
    sources = recordings(scenes, frames, cameras)
    parts = assign(sources, {}, "frame", seed)
    indices = sorted(i for part in parts.values() for i in part)
    assert indices == list(range(len(sources)))
    groups = [{sources[i].group for i in parts[s]} for s in ("train", "val", "test")]
    tenth = scenes * frames // 10
    assert [len(g) for g in groups] == [scenes * frames - 2 * tenth, tenth, tenth]
    assert len(set.union(*groups)) == scenes * frames
    assert assign(sources, {}, "frame", seed) == parts


def test_the_frame_split_has_the_counts_of_the_thesis():
    parts = assign(recordings(1, 22376), {}, "frame")
    assert [len(parts[s]) for s in ("train", "val", "test")] == [17902, 2237, 2237]


def test_leakage_of_both_splits():
    """Of a frame split 1 - 0.2^2 = 96 % of the test frames have a neighbour in training."""
    sources = recordings(200, 26)
    parts = assign(sources, {}, "frame")
    leak = leakage(described(sources, parts["train"]), described(sources, parts["test"]))
    assert leak["near"] == pytest.approx(0.96, abs=0.02)
    assert leak["same_scene"] == 1.0
    names = sorted({s.scene for s in sources})
    scenes = {"train": names[:140], "val": names[140:170], "test": names[170:]}
    parts = assign(sources, scenes, "scene")
    leak = leakage(described(sources, parts["train"]), described(sources, parts["test"]))
    assert leak == {"near": 0.0, "same_scene": 0.0}


@given(st.integers(0, 99), st.floats(0.1, 3))
def test_leakage_is_brute_force(seed, within_s):
    rng = np.random.default_rng(seed)
    train, test = (
        [{"scene": str(rng.integers(3)), "timestamp_us": int(t)} for t in rng.integers(0, 10**7, n)]
        for n in (rng.integers(0, 12), 9)
    )
    near = [
        any(
            a["scene"] == b["scene"]
            and abs(a["timestamp_us"] - b["timestamp_us"]) <= within_s * 1e6
            for a in train
        )
        for b in test
    ]
    assert leakage(train, test, within_s)["near"] == pytest.approx(np.mean(near))


def test_leakage_of_nothing():
    with pytest.raises(RigidDepthError, match="test split is empty"):
        leakage([], [])


def test_the_synthetic_scenes_are_disjoint(tiny_world):
    parts = {s: open_frames("synthetic", tiny_world, s, sky=None) for s in ("train", "val", "test")}
    names = [{source.scene for source in part.sources} for part in parts.values()]
    assert sum(len(n) for n in names) == len(set.union(*names)) == 6
    by_frame = open_frames("synthetic", tiny_world, "test", split_by="frame", sky=None)
    assert len(by_frame) == 1  # a tenth of 12


def test_kitti_drives():
    present = ["2011_09_26_drive_0001_sync", "2011_09_26_drive_0005_sync"]
    present += ["2011_09_26_drive_0013_sync", "2011_09_28_drive_0001_sync"]
    assert len(set(KITTI_EIGEN_TEST)) == 28
    parts = kitti_drives(present)
    assert parts["test"] == parts["val"] == present[2:3]
    assert parts["train"] == [present[0], present[1], present[3]]
    parts = kitti_drives(present, {"train": ["0005"], "val": [present[0]]})
    assert parts == {"train": [present[1]], "val": [present[0]], "test": [present[0]]}
    parts = kitti_drives([*present, "2011_09_26_drive_0113_sync"], {"val": ["13"]})
    assert parts["val"] == [present[2]], "a number is that of a drive, and no part of one"
    for drives, sentence in (
        ({"train": ["0001"]}, "'0001' names 2 drives"),
        ({"train": ["09"]}, "'09' names no drive"),
        ({"train": ["0099"]}, "'0099' names no drive"),
        ({"train": ["0005"], "test": ["0005"]}, "named for training and for testing"),
        ({"training": ["0005"]}, "split 'training' does not exist"),
    ):
        with pytest.raises(RigidDepthError, match=sentence):
            kitti_drives(present, drives)
