import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from rigid_depth.data import Frame, PreparedSplit, batches, open_frames, open_store, prepare, store
from rigid_depth.data.batches import Shard
from rigid_depth.data.manifest import checksum
from rigid_depth.errors import RigidDepthError

SIZE = (96, 192)


@pytest.fixture(scope="module")
def synthetic_store(tiny_world, tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared") / "store"
    return prepare("synthetic", tiny_world, out, size=SIZE, progress=False)


def read_all(opened):
    for split in ("train", "val", "test"):
        part = opened.split(split)
        part.batch(range(len(part)), ("points",))


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_batch_is_the_frames_it_was_made_from(tiny_world, synthetic_store):
    prepared = open_store(synthetic_store)
    for split in ("train", "val", "test"):
        frames = open_frames("synthetic", tiny_world, split, size=SIZE)
        part = prepared.split(split)
        assert len(part) == len(frames) == prepared.counts[split]["frames"]
        batch = part.batch(range(len(part)))
        assert batch["has_sky"].all()
        for row, frame in enumerate(frames):
            assert part.frames[row]["token"] == frame.token
            assert part.frames[row]["condition"] == frame.condition
            assert torch.equal(torch.tensor(part.frames[row]["intrinsics"]), frame.intrinsics)
            assert torch.equal(batch["rgb"][row], frame.rgb)
            assert torch.equal(batch["sky"][row], frame.sky)
            assert torch.equal(batch["points"][row, : len(frame.points)], frame.points)
            assert not batch["points"][row, len(frame.points) :].any()
            assert torch.equal(batch["dense_depth_m"][row], frame.dense_depth_m)


def test_batches_take_any_order_and_only_the_wanted_fields(synthetic_store):
    part = open_store(synthetic_store).split("train")
    everything = part.batch(range(len(part)))
    some = part.batch(torch.tensor([3, 0, 3]), fields=("rgb", "points"))
    assert set(some) == {"rgb", "points", "index"}
    assert some["index"].tolist() == [3, 0, 3]
    assert torch.equal(some["rgb"], everything["rgb"][[3, 0, 3]])
    assert torch.equal(some["points"], everything["points"][[3, 0, 3]])
    assert some["rgb"].dtype == torch.uint8
    assert some["points"].dtype == torch.float32


def test_class_maps_are_stored_where_they_are_asked_for(tiny_world, synthetic_store, tmp_path):
    out = prepare("synthetic", tiny_world, tmp_path / "s", size=SIZE, classes=True, progress=False)
    without, prepared = open_store(synthetic_store), open_store(out)
    assert prepared.settings == {**without.settings, "classes": True}
    assert prepared.fingerprint != without.fingerprint
    frames = open_frames("synthetic", tiny_world, "train", size=SIZE, classes=True)
    part, plain = prepared.split("train"), without.split("train")
    batch = part.batch(range(len(part)), (*batches.FIELDS, "classes"))
    for name, tensor in plain.batch(range(len(plain))).items():
        assert torch.equal(batch[name], tensor)
    assert batch["classes"].dtype == torch.uint8
    for row, frame in enumerate(frames):
        assert torch.equal(batch["classes"][row], frame.classes)
    sky = batch["classes"] == 0
    assert (sky != batch["sky"]).float().mean() < 0.05  # that is an average, this a sample
    with pytest.raises(RigidDepthError, match="no class maps; prepare it with classes=True"):
        plain.batch([0], ("classes",))
    with pytest.raises(RigidDepthError, match="made with classes = True, not None"):
        prepare("synthetic", tiny_world, out, size=SIZE, progress=False)


def test_a_store_without_sky_and_dense_depth_says_so(fake_kitti, tmp_path):
    out = prepare(
        "kitti",
        fake_kitti({"0005": range(5)}),
        tmp_path / "s",
        size=(32, 64),
        sky=None,
        progress=False,
    )
    prepared = open_store(out)
    batch = prepared.split("train").batch([0, 1])
    assert not batch["has_sky"].any()
    assert not batch["sky"].any()
    assert not batch["dense_depth_m"].any()
    assert batch["sky"].shape == batch["dense_depth_m"].shape == (2, 32, 64)
    assert prepared.counts["test"] == {"scenes": 0, "frames": 0}
    assert len(prepared.split("test")) == 0


def test_dense_depth_beyond_128_m_survives_the_16_bit_store(tmp_path):
    depth_m = torch.tensor([[0.0, 1 / 256, 127.99609375, 128.0, 200.25, 255.99609375, 300.0]])
    frame = Frame(
        rgb=torch.zeros(3, 1, 7, dtype=torch.uint8),
        points=torch.ones(1, 3),
        intrinsics=torch.eye(3),
        sky=None,
        dense_depth_m=depth_m,
        scene="s",
        token="t",
        camera="c",
        timestamp_us=0,
        condition="day",
    )
    path = tmp_path / "one.safetensors"
    save_file(store._tensors([frame]), path)
    places = [(Shard(path, checksum(path), 1), 0)]
    back = PreparedSplit([{}], places, 0, (1, 7)).batch([0], ("dense_depth_m",))["dense_depth_m"]
    assert torch.equal(back[0], depth_m.clamp(max=65535 / 256))


def test_long_scenes_are_cut_into_shards(fake_kitti, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHARD_FRAMES", 2)
    root = fake_kitti({"0005": range(5), "0009": range(3)})
    out = prepare("kitti", root, tmp_path / "s", size=(32, 64), sky=None, progress=False)
    assert len(list((out / "shards").iterdir())) == 5
    for split, grey in (("train", range(5)), ("test", range(3))):
        part = open_store(out).split(split)
        rgb = part.batch(range(len(part)))["rgb"]
        assert [int(image.unique()) for image in rgb] == list(grey)
        assert [int(f["token"][-3:]) for f in part.frames] == list(grey)


def test_the_same_call_does_nothing_the_second_time(tiny_world, synthetic_store):
    before = {p: p.stat().st_mtime_ns for p in synthetic_store.rglob("*")}
    prepare("synthetic", tiny_world, synthetic_store, size=SIZE, progress=False)
    assert {p: p.stat().st_mtime_ns for p in synthetic_store.rglob("*")} == before
    assert not list(synthetic_store.rglob("*.part"))
    assert {p.name for p in synthetic_store.iterdir()} == {"manifest.json", "shards", "source.json"}


def test_the_fingerprint_depends_on_content_and_settings_not_on_place(
    tiny_world, synthetic_store, tmp_path
):
    again = prepare("synthetic", tiny_world, tmp_path / "s", size=SIZE, progress=False, workers=1)
    assert files(again) == files(synthetic_store)
    assert str(tmp_path) not in (again / "manifest.json").read_text()
    other = prepare(
        "synthetic", tiny_world, tmp_path / "t", size=SIZE, split_by="frame", progress=False
    )
    fingerprints = {open_store(p).fingerprint for p in (again, synthetic_store, other)}
    assert len(fingerprints) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": (64, 128)}, r"made with size = \[96, 192\], not \[64, 128\]"),
        ({"split_by": "frame"}, "made with split_by = scene, not frame"),
        ({"sky": None}, "made with sky = truth, not None"),
        ({"classes": True}, "made with classes = None, not True"),
    ],
)
def test_other_settings_are_refused(tiny_world, synthetic_store, change, sentence):
    before = files(synthetic_store)
    with pytest.raises(RigidDepthError, match=sentence):
        prepare("synthetic", tiny_world, synthetic_store, **{"size": SIZE, **change})
    assert files(synthetic_store) == before


def test_changed_data_is_refused(fake_kitti, tmp_path):
    root = fake_kitti({"0005": range(5)})
    out = tmp_path / "s"
    prepare("kitti", root, out, size=(32, 64), sky=None, progress=False)
    sweep = next(root.rglob("0000000003.bin"))
    sweep.write_bytes(sweep.read_bytes()[:-16])
    with pytest.raises(RigidDepthError, match="made with other frames: the data folder"):
        prepare("kitti", root, out, size=(32, 64), sky=None, progress=False)


@pytest.fixture
def trusted(fake_kitti, tmp_path, monkeypatch):
    """A finished store, and a call that trusts it and says whether the frames were listed."""
    root = fake_kitti({"0005": range(3), "0013": range(3)})
    listed = []
    real_list = store.list_frames
    monkeypatch.setattr(store, "list_frames", lambda *a: listed.append(a) or real_list(*a))

    def call(**options):
        listed.clear()
        settings = {"size": (32, 64), "sky": None, "progress": False, "trust": True, **options}
        prepare("kitti", root, tmp_path / "s", **settings)
        return bool(listed)

    assert call()
    return SimpleNamespace(root=root, out=tmp_path / "s", call=call)


def test_a_finished_store_is_trusted_without_a_look_at_the_frames(trusted, monkeypatch):
    monkeypatch.setattr(store, "_identity", None)
    assert not trusted.call()


def test_a_store_without_its_note_is_compared_once(trusted):
    (trusted.out / "source.json").unlink()
    assert trusted.call()
    assert not trusted.call()


def test_a_broken_note_is_no_note(trusted):
    (trusted.out / "source.json").write_text("{")
    assert trusted.call()
    assert not trusted.call()


@pytest.mark.parametrize("change", ["new frame", "replaced frame", "calibration", "removed drive"])
def test_data_that_look_changed_are_compared(trusted, change):
    sweep = next(trusted.root.rglob("0000000002.bin"))
    if change == "new frame":
        for path in trusted.root.rglob("0000000002.*"):
            path.with_stem("0000000003").write_bytes(path.read_bytes())
    elif change == "replaced frame":
        (sweep.parent.parent / "new").write_bytes(sweep.read_bytes()[:-16])
        (sweep.parent.parent / "new").replace(sweep)
    elif change == "calibration":
        path = next(trusted.root.rglob("calib_velo_to_cam.txt"))
        path.write_text(path.read_text() + "\n")
        assert trusted.call()  # the frames are the same
        return
    else:
        shutil.rmtree(next(trusted.root.glob("*/*_0005_sync")))
    with pytest.raises(RigidDepthError, match=r"made with (other frames|splits = )"):
        trusted.call()


def moved(root: Path) -> None:
    """Moves the LiDAR of a drive against its camera."""
    path = next(root.rglob("calib_velo_to_cam.txt"))
    lines = path.read_text().splitlines()
    lines = ["T: 0.0 0.0 5.0" if line.startswith("T:") else line for line in lines]
    assert lines != path.read_text().splitlines()
    path.write_text("\n".join(lines))


def test_a_corrected_calibration_is_another_store(trusted):
    moved(trusted.root)
    with pytest.raises(RigidDepthError, match="made with another calibration; remove it"):
        trusted.call()


def test_shards_of_two_calibrations_do_not_mix(fake_kitti, tmp_path):
    """An interrupted store goes on with the frames that are read as they were."""
    root = fake_kitti({"0005": range(3), "0013": range(3)})
    settings = {"size": (32, 64), "sky": None, "progress": False}
    whole = prepare("kitti", root, tmp_path / "a", **settings)
    stopped = tmp_path / "b"
    kept = prepare("kitti", root, stopped, **settings) / "shards"
    manifest = json.loads((stopped / "manifest.json").read_text())
    (stopped / "settings.json").write_text(json.dumps(manifest["settings"]))
    (stopped / "manifest.json").unlink()
    for shard in manifest["shards"]:
        (kept / Path(shard["file"]).name).with_suffix(".json").write_text(json.dumps(shard))
    moved(root)
    again = prepare("kitti", root, stopped, **settings)
    fresh = prepare("kitti", root, tmp_path / "c", **settings)
    sums = [open_store(store).fingerprint for store in (whole, again, fresh)]
    assert sums[0] != sums[1] == sums[2]


def test_a_folder_whose_first_write_was_cut_off_is_taken(tiny_world, tmp_path):
    (tmp_path / store.UNBEGUN).write_text("{")
    prepare("synthetic", tiny_world, tmp_path, size=SIZE, progress=False, workers=1)
    assert open_store(tmp_path).fingerprint


@pytest.mark.parametrize(("trust", "place"), [(True, "image_02/{}.png"), (False, "{}.png")])
def test_changed_masks_in_a_folder_are_noticed(fake_kitti, tmp_path, trust, place):
    root = fake_kitti({"0005": range(3), "0013": range(3)})

    def paint(name, value):
        path = tmp_path / "masks" / place.format(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", Image.open(next(root.rglob("*.png"))).size, value).save(path)

    def call(trust):
        settings = {"size": (32, 64), "sky": str(tmp_path / "masks"), "progress": False}
        return prepare("kitti", root, tmp_path / "s", trust=trust, **settings)

    for picture in root.rglob("*.png"):
        paint(picture.stem, 0)
    call(trust)
    before = files(tmp_path / "s")
    call(trust)
    assert files(tmp_path / "s") == before
    paint("0000000001", 255)
    with pytest.raises(RigidDepthError, match=r"other frames: the data folder, or that of masks,"):
        call(trust)


def test_another_call_does_not_trust_the_store(trusted):
    with pytest.raises(RigidDepthError, match="made with size"):
        trusted.call(size=(64, 64))


def test_a_shard_is_opened_and_checked_when_first_read_and_once(synthetic_store, monkeypatch):
    checked = []
    real_sum = batches.checksum
    batches._verify_once.cache_clear()
    monkeypatch.setattr(batches, "checksum", lambda path: checked.append(path) or real_sum(path))
    part = open_store(synthetic_store).split("train")
    assert not checked
    part.batch([0])
    assert len(checked) == 1
    part.batch(range(len(part)))
    again = open_store(synthetic_store).split("train")
    again.batch(range(len(again)))
    assert len(checked) == len(set(checked)) == len({f["scene"] for f in part.frames})


@pytest.fixture
def interrupted(fake_kitti, tmp_path, monkeypatch):
    """A store of four shards, stopped after the first two; ``again`` names those written later."""
    root = fake_kitti({"0001": range(3), "0005": range(3), "0009": range(3), "0013": range(3)})
    write, written = store._write_shard, []

    def call(out):
        return prepare("kitti", root, out, size=(32, 64), sky=None, progress=False)

    def stop_after_two(where, name, *rest):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(name)
        return write(where, name, *rest)

    monkeypatch.setattr(store, "_write_shard", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        call(tmp_path / "s")
    again = []
    monkeypatch.setattr(store, "_write_shard", lambda *a: again.append(a[1]) or write(*a))
    return SimpleNamespace(call=call, root=root, out=tmp_path / "s", first=written, again=again)


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_an_interrupted_run_is_continued(interrupted, tmp_path, suffix):
    """Even with the first shard or its entry damaged and a half-written file beside it."""
    with pytest.raises(RigidDepthError, match="is no finished prepared store"):
        open_store(interrupted.out)
    shard = interrupted.out / "shards" / f"{interrupted.first[0]}.{suffix}"
    shard.write_bytes(shard.read_bytes()[:-1])
    (interrupted.out / "shards" / "half.safetensors.part").write_bytes(b"half")
    interrupted.call(interrupted.out)
    assert interrupted.first[1] not in interrupted.again
    assert len(interrupted.again) == 3
    assert files(interrupted.out) == files(interrupted.call(tmp_path / "unbroken"))


def test_a_file_that_changed_meanwhile_is_read_again(interrupted, tmp_path):
    drive = next(interrupted.root.glob(f"*/{interrupted.first[1]}"))
    sweep = drive / "velodyne_points" / "data" / "0000000001.bin"
    sweep.write_bytes(sweep.read_bytes()[16:])
    interrupted.call(interrupted.out)
    assert interrupted.first[0] not in interrupted.again
    assert interrupted.first[1] in interrupted.again
    assert files(interrupted.out) == files(interrupted.call(tmp_path / "unbroken"))


def test_a_killed_run_is_continued(tiny_world, synthetic_store, tmp_path):
    """SIGKILL at the first shard; the same call then ends with the same bytes."""
    out = tmp_path / "s"
    code = (
        f"from rigid_depth.data import prepare\n"
        f"prepare('synthetic', {str(tiny_world)!r}, {str(out)!r}, size={SIZE}, workers=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(out.glob("shards/*.safetensors*")) and time.monotonic() < deadline:
        time.sleep(0.002)
        assert process.poll() is None or (out / "manifest.json").exists()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    prepare("synthetic", tiny_world, out, size=SIZE, progress=False)
    assert files(out) == files(synthetic_store)


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_corrupted_shard_is_named(synthetic_store, tmp_path, damage):
    copy = tmp_path / "copy"
    for path in synthetic_store.rglob("*.*"):
        target = copy / path.relative_to(synthetic_store)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    shard = sorted((copy / "shards").iterdir())[2]
    data = bytearray(shard.read_bytes())
    data[-100] ^= 1
    if damage == "remove":
        shard.unlink()
    else:
        shard.write_bytes(data if damage == "flip" else data[:-1])
    with pytest.raises(RigidDepthError, match=rf"shard .*{shard.name} (does not match|is missing)"):
        read_all(open_store(copy))


def test_what_is_no_store_is_said(synthetic_store, tiny_world, tmp_path):
    with pytest.raises(RigidDepthError, match="is no finished prepared store"):
        open_store(tmp_path / "nothing")
    with pytest.raises(RigidDepthError, match="split 'validation' does not exist; use train"):
        open_store(synthetic_store).split("validation")
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RigidDepthError, match="is not empty and no prepared store"):
        prepare("synthetic", tiny_world, tmp_path, size=SIZE)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    old = tmp_path / "old"
    old.mkdir()
    (old / "manifest.json").write_text(json.dumps({"settings": {"format": 0}}))
    with pytest.raises(RigidDepthError, match="has format 0, not 1"):
        open_store(old)
    (old / "manifest.json").write_text("{")
    with pytest.raises(RigidDepthError, match=r"manifest\.json is broken"):
        open_store(old)


def test_the_manifest_says_what_is_in_the_store(synthetic_store):
    prepared = open_store(synthetic_store)
    assert prepared.settings["version"] == "v1.0-synthetic"
    assert prepared.settings["sky"] == "truth"
    assert prepared.settings["size"] == [96, 192]
    manifest = json.loads((synthetic_store / "manifest.json").read_text())
    for shard in manifest["shards"]:
        data = (synthetic_store / shard["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == shard["sha256"]
    scenes = [set(prepared.settings["splits"][s]) for s in ("train", "val", "test")]
    assert len(set.union(*scenes)) == sum(map(len, scenes)) == 6
    assert sum(count["frames"] for count in prepared.counts.values()) == 12


def swap(manifest):
    splits = manifest["splits"]
    splits["train"], splits["test"] = splits["test"], splits["train"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (swap, "does not fit its own fingerprint"),
        (lambda m: m["shards"][-1]["frames"].pop(), "does not fit its own fingerprint"),
        (lambda m: m["settings"].update(sky=None), "does not fit its own fingerprint"),
        (lambda m: m["splits"].update(train=None), "is broken"),
        (lambda m: m.update(shards=7), "is broken"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(synthetic_store, tmp_path, change, sentence):
    manifest = json.loads((synthetic_store / "manifest.json").read_text())
    change(manifest)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RigidDepthError, match=rf"manifest\.json {sentence}"):
        open_store(tmp_path, verify=False)


def test_a_shard_with_other_frames_than_its_manifest_is_named(synthetic_store, tmp_path):
    (tmp_path / "shards").symlink_to(synthetic_store / "shards")
    manifest = json.loads((synthetic_store / "manifest.json").read_text())
    manifest["shards"][0]["frames"] += manifest["shards"][0]["frames"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    opened = open_store(tmp_path, verify=False)
    with pytest.raises(RigidDepthError, match="holds 2 frames, its manifest says 4"):
        read_all(opened)


def test_broken_settings_of_an_unfinished_store_are_named(tiny_world, tmp_path):
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(RigidDepthError, match=r"settings\.json is broken"):
        prepare("synthetic", tiny_world, tmp_path, size=SIZE, progress=False)
