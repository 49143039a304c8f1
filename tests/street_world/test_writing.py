"""Writing a synthetic world: same bytes for any number of workers, resuming, refusing."""

import json
from collections import Counter
from pathlib import Path

import cv2
import pytest

from street_world import is_complete, write_world, writing
from street_world.errors import StreetWorldError
from street_world.settings import (
    CONDITION_CYCLE,
    LARGEST,
    SMALLEST,
    SPLITS,
    Settings,
    as_stored,
    fingerprint,
    plan_scenes,
    read_settings,
)
from street_world.writing import UNBEGUN


def test_two_workers_write_the_same_bytes(whole, tmp_path, tiny, digests):
    assert digests(write_world(tmp_path / "w", workers=2, **tiny)) == whole[1]


def test_other_seed_writes_another_world(whole, tmp_path, tiny, digests):
    other = digests(write_world(tmp_path / "w", workers=1, **{**tiny, "seed": 2, "scenes": 1}))
    assert not {v for k, v in other.items() if k.endswith(".jpg")} & set(whole[1].values())


def test_every_scene_is_another_street(whole):
    maps = [digest for name, digest in whole[1].items() if name.startswith("maps/")]
    assert len(set(maps)) == len(maps) == 2


def test_an_interrupted_world_is_finished(whole, tmp_path, monkeypatch, tiny, digests):
    original = writing.write_scene

    def interrupted(root, settings, scene):
        if scene.index == 1:
            folder = root / "samples" / "CAM_FRONT"
            (
                folder / next(Path(k).name for k in whole[1] if "2023-11-14-23" in k and "jpg" in k)
            ).write_text("half")
            raise KeyboardInterrupt
        return original(root, settings, scene)

    monkeypatch.setattr(writing, "write_scene", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path / "w", workers=1, **tiny)
    assert not (tmp_path / "w" / "v1.0-synthetic").exists()

    written = []
    monkeypatch.setattr(
        writing, "write_scene", lambda *a: (written.append(a[2].index), original(*a))[1]
    )
    write_world(tmp_path / "w", workers=1, **tiny)
    assert written == [1]
    assert digests(tmp_path / "w") == whole[1]


def test_a_complete_world_is_returned_untouched(whole, monkeypatch, tiny, digests):
    monkeypatch.setattr(writing, "write_scene", None)
    assert write_world(whole[0], **tiny) == whole[0]
    assert digests(whole[0]) == whole[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 3}, "seed = 1, not 3"),
        ({"frames_per_scene": 2}, "frames_per_scene = 1, not 2"),
        ({"cameras": ("CAM_BACK",)}, "cameras"),
    ],
)
def test_other_settings_are_refused_by_name(whole, change, words, tiny, digests):
    with pytest.raises(StreetWorldError, match=words):
        write_world(whole[0], **{**tiny, **change})
    assert digests(whole[0]) == whole[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scenes": 0}, "scenes is 0"),
        ({"cameras": ("CAM_TOP",)}, "CAM_TOP"),
        ({"cameras": ()}, "one or more"),
        ({"seed": -1}, "seed is -1"),
        ({"workers": 0}, "workers is 0"),
        ({"image_size": (8, 160)}, "image_size is 8x160; allowed are heights from 16 to 1000"),
        ({"image_size": (900, 2400)}, "image_size is 900x2400"),
        ({"split_scenes": (1, 1, 1)}, r"split_scenes is \[1, 1, 1\].* that make 2 scenes"),
        ({"split_scenes": (3, -1, 0)}, r"split_scenes is \[3, -1, 0\]"),
    ],
)
def test_bad_settings_are_refused_and_leave_nothing(tmp_path, change, words, tiny):
    with pytest.raises(StreetWorldError, match=words):
        write_world(tmp_path / "w", **{**tiny, **change})
    assert not (tmp_path / "w").exists()


def test_a_foreign_folder_is_refused(tmp_path, tiny):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StreetWorldError, match="not an empty folder"):
        write_world(tmp_path, **tiny)
    with pytest.raises(StreetWorldError, match="not an empty folder"):
        write_world(tmp_path / "thesis.txt", **tiny)


def test_a_folder_whose_first_write_was_cut_off_is_taken(tmp_path, tiny):
    (tmp_path / UNBEGUN).write_text("{")
    write_world(tmp_path, **tiny)
    assert is_complete(tmp_path)


@pytest.mark.parametrize("seed", [0, 7])
def test_splits_are_disjoint_and_see_every_condition(seed):
    plan = plan_scenes(Settings(40, 12, ("CAM_FRONT",), seed))
    by_split = {s: [p for p in plan if p.split == s] for s in ("train", "val", "test")}
    assert [len(v) for v in by_split.values()] == [28, 6, 6]
    assert len({p.name for p in plan}) == 40
    for scenes in by_split.values():
        assert (
            {p.condition for p in scenes}
            == set(CONDITION_CYCLE)
            == {"day", "dusk", "night", "rain"}
        )


def test_numbers_of_scenes_by_split_are_kept_and_conditions_are_even():
    split_scenes = (1000, 240, 240)
    plan = plan_scenes(Settings(1480, 4, ("CAM_FRONT",), 0, split_scenes=split_scenes))
    assert len({scene.name for scene in plan}) == 1480
    for split, count in zip(SPLITS, split_scenes, strict=True):
        found = Counter(scene.condition for scene in plan if scene.split == split)
        assert found.total() == count
        for condition, share in Counter(CONDITION_CYCLE).items():
            assert abs(found[condition] - count * share / len(CONDITION_CYCLE)) <= 1


def test_settings_without_numbers_by_split_are_those_of_older_worlds():
    older = {"scenes": 12, "frames_per_scene": 4, "cameras": ["CAM_FRONT"], "seed": 0}
    older |= {"image_size": [900, 1600], "generator": 2}
    settings = read_settings(older)
    assert settings == Settings(12, 4, ("CAM_FRONT",), 0)
    assert json.loads(json.dumps(as_stored(settings))) == older
    assert fingerprint(settings) == "9cb50db3088bf7fe"


def test_a_world_with_numbers_by_split_is_known_again(tmp_path, tiny):
    small = {**tiny, "scenes": None, "image_size": (16, 16), "split_scenes": (0, 1, 2)}
    root = write_world(tmp_path / "w", workers=2, **small)
    splits = json.loads((root / "v1.0-synthetic" / "splits.json").read_text())
    assert [len(splits[split]) for split in SPLITS] == [0, 1, 2]
    assert write_world(root, **small) == root
    with pytest.raises(StreetWorldError, match=r"split_scenes = \[0, 1, 2\], not None"):
        write_world(root, **{**small, "scenes": 3, "split_scenes": None})


@pytest.mark.parametrize("image_size", [SMALLEST, LARGEST])
def test_the_smallest_and_the_largest_images_are_drawn(tmp_path, tiny, image_size):
    settings = {**tiny, "scenes": 1, "image_size": image_size}
    root = write_world(tmp_path / "w", workers=1, **settings)
    image = next((root / "samples" / "CAM_FRONT").iterdir())
    assert cv2.imread(str(image)).shape[:2] == image_size
