"""A part of nuScenes, in the folders people have it in."""

import json
import shutil
import warnings

import pytest

from rigid_depth.data import open_frames
from rigid_depth.data.nuscenes import load_devkit, nuscenes_sources
from rigid_depth.data.splits import choose_scenes, named_scenes
from rigid_depth.data.tables import read_records, read_tables
from rigid_depth.errors import RigidDepthError

VERSION = "v1.0-synthetic"
SCENES = {"train": [f"t{i:02}" for i in range(63)], "val": list("abcdefg")}
SCENES["test"] = [f"v{i:02}" for i in range(15)]
PRESENT = sorted(name for names in SCENES.values() for name in names)


def frames(root, split="all", **options):
    return open_frames("nuscenes", root, split, size=None, sky=None, **options)


def described(found):
    return [(s.describe(), s.image.read_bytes(), s.depth_file.stat().st_size) for s in found]


@pytest.fixture
def wanted(tiny_world):
    return described(frames(tiny_world).sources)


def test_the_tables_are_the_devkits(tiny_world):
    devkit = load_devkit(tiny_world, VERSION)
    tables = read_tables(tiny_world / VERSION, ["CAM_FRONT", "LIDAR_TOP"])
    samples = tables.records["sample"]
    assert [record["token"] for record in devkit.sample] == list(samples)
    for record in devkit.sample:
        assert samples[record["token"]]["data"] == record["data"]
        for token in record["data"].values():
            ours, theirs = tables.get("sample_data", token), devkit.get("sample_data", token)
            assert ours.items() <= theirs.items()
            for table in ("ego_pose", "calibrated_sensor"):
                key = theirs[f"{table}_token"]
                assert tables.get(table, key).items() <= devkit.get(table, key).items()


@pytest.mark.parametrize("chunk", [1, 7, 1 << 24])
def test_a_table_is_read_in_pieces(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("rigid_depth.data.tables.CHUNK", chunk)
    records = [{"token": "ä}],{[", "n": [1, {"a": None}]}, {"token": "2", "n": 1e-3}, {}]
    for text in (json.dumps(records), " \n" + json.dumps(records, indent=2, ensure_ascii=False)):
        (tmp_path / "t.json").write_text(text, encoding="utf-8")
        assert list(read_records(tmp_path / "t.json")) == records
        (tmp_path / "t.json").write_text(text.rstrip()[:-1], encoding="utf-8")
        with pytest.raises(ValueError, match="Expecting value"):
            list(read_records(tmp_path / "t.json"))


def test_what_nobody_needs_may_be_missing(broken_world, wanted):
    for name in ("log", "map", "sample_annotation", "instance", "category", "visibility"):
        (broken_world / VERSION / f"{name}.json").unlink()
    shutil.rmtree(broken_world / "maps", ignore_errors=True)
    for name in ("lidarseg", "panoptic"):  # their tables without their folders
        (broken_world / VERSION / f"{name}.json").write_text("[]")
    assert described(frames(broken_world).sources) == wanted


def test_tables_one_archive_level_too_deep(broken_world, wanted):
    (broken_world / VERSION).rename(broken_world / "inner")
    (broken_world / VERSION).mkdir()
    (broken_world / "inner").rename(broken_world / VERSION / VERSION)
    assert described(frames(broken_world).sources) == wanted
    assert described(frames(broken_world / VERSION).sources) == wanted
    assert described(frames(broken_world / VERSION / VERSION).sources) == wanted


def test_a_dataroot_one_level_above_or_below(broken_world, wanted):
    assert described(frames(broken_world / VERSION).sources) == wanted
    above = broken_world.with_name("above")
    above.mkdir()
    broken_world.rename(above / "nuscenes")
    assert described(frames(above).sources) == wanted
    shutil.copytree(above / "nuscenes" / VERSION, above / "copy" / VERSION)
    with pytest.raises(RigidDepthError, match=f"holds {VERSION} twice, in .*copy and in .*nusc"):
        frames(above)


@pytest.mark.parametrize("tables_apart", [False, True])
def test_folders_of_blobs_side_by_side(broken_world, wanted, tables_apart):
    for kind in ("CAM_FRONT", "LIDAR_TOP"):
        for number, path in enumerate(sorted((broken_world / "samples" / kind).iterdir())):
            blob = broken_world / f"v1.0-trainval{1 + number % 3:02}_blobs" / "samples" / kind
            blob.mkdir(parents=True, exist_ok=True)
            path.rename(blob / path.name)
    if tables_apart:
        (broken_world / "v1.0-synthetic_meta").mkdir()
        (broken_world / VERSION).rename(broken_world / "v1.0-synthetic_meta" / VERSION)
    assert described(frames(broken_world).sources) == wanted
    shutil.rmtree(broken_world / "samples")
    assert described(frames(broken_world).sources) == wanted


def test_frames_that_are_not_there_are_left_out_and_counted(broken_world):
    whole = frames(broken_world).sources
    for gone in (whole[0].image, whole[1].depth_file, whole[2].image):
        gone.unlink()
    with pytest.warns(UserWarning, match=r"9 of 12 keyframes are there, of 5 of 6 scenes"):
        part = frames(broken_world, skip_missing=True)
    assert [s.token for s in part.sources] == [s.token for s in whole[3:]]
    with pytest.raises(RigidDepthError, match="is missing"):
        frames(broken_world)[0]
    shutil.rmtree(broken_world / "samples")
    with pytest.raises(RigidDepthError, match="the files of none of its 12 keyframes; unpack"):
        frames(broken_world, skip_missing=True)


def test_without_skip_missing_nothing_is_said(tiny_world):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nuscenes_sources(tiny_world, VERSION)


def test_scenes_by_name_number_and_file(tiny_world, tmp_path):
    names = sorted({s.scene for s in frames(tiny_world).sources})
    assert {s.scene for s in frames(tiny_world, only_scenes=names[1:3]).sources} == {*names[1:3]}
    listed = tmp_path / "scenes.txt"
    listed.write_text("\n".join(names[:2]) + "\n")
    assert named_scenes([str(listed)]) == tuple(names[:2])
    assert named_scenes(["4"]) == ("4",)
    listed.write_text(" \n")
    with pytest.raises(RigidDepthError, match="names no scene"):
        named_scenes([str(listed)])
    part = {split: frames(tiny_world, split, only_scenes=["3"]) for split in ("train", "val")}
    assert all(len(found) == 2 for found in part.values())
    with pytest.raises(RigidDepthError, match="scene 'scene-9999' is not there; present are 6"):
        frames(tiny_world, only_scenes=["scene-9999"])


@pytest.mark.parametrize(
    ("count", "parts"), [(10, (7, 1, 2)), (3, (1, 1, 1)), (85, (63, 7, 15)), (42, (32, 3, 7))]
)
def test_a_number_of_scenes_keeps_the_proportions(count, parts):
    chosen = choose_scenes(PRESENT, SCENES, [str(count)])
    assert tuple(len(chosen & {*SCENES[s]}) for s in ("train", "val", "test")) == parts
    assert sum(parts) == len(chosen) == count


@pytest.mark.parametrize("count", ["0", "86"])
def test_a_number_of_scenes_that_is_not_there(count):
    with pytest.raises(RigidDepthError, match=f"{count} scenes are asked for; allowed are 1 to 85"):
        choose_scenes(PRESENT, SCENES, [count])


def test_kitti_knows_neither(fake_kitti):
    root = fake_kitti({"0005": [0]})
    for option in ({"skip_missing": True}, {"only_scenes": ["3"]}):
        with pytest.raises(RigidDepthError, match="belong to nuscenes; KITTI has drives"):
            open_frames("kitti", root, "all", **option)
