"""workflow/publish.py copies a run's record and pictures, whole or not at all."""

import json
import subprocess
import sys

import publish
import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import as_json


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "cpu" / "rgb" / "seed-0"
    folder.mkdir(parents=True)
    images = {"rgb": "0-rgb.jpg", "error": "0-error.jpg"}
    record = {
        "source": {"dirty": False},
        "seed": 0,
        "predictions": [{"images": images}],
        "data": {"dataset": "synthetic"},
    }
    (folder / "record.json").write_text(json.dumps(record))
    for name in (*images.values(), "weights.safetensors", "last.ckpt"):
        (folder / name).write_bytes(b"x" * 100)
    return folder


def test_record_and_pictures_replace_what_was_there(run, tmp_path):
    target = tmp_path / "results" / "cpu" / "rgb" / "seed-0"
    target.mkdir(parents=True)
    (target / "old.jpg").touch()
    publish.publish(run, target)
    kept = {"record.json", "0-rgb.jpg", "0-error.jpg", "weights.sha256"}
    assert {p.name for p in target.iterdir()} == kept
    subprocess.run(["sha256sum", "-c", target / "weights.sha256"], cwd=run, check=True)
    assert [p.name for p in target.parent.iterdir()] == ["seed-0"]


@pytest.mark.parametrize("other", [{"data": {"dataset": "kitti"}}, {"seed": 1}])
def test_pictures_of_real_data_and_of_further_seeds_stay_behind(run, tmp_path, other):
    record = json.loads((run / "record.json").read_text())
    (run / "record.json").write_text(json.dumps(record | other))
    target = tmp_path / "results" / "seed-0"
    publish.publish(run, target)
    assert {p.name for p in target.iterdir()} == {"record.json", "weights.sha256"}
    text = (target / "record.json").read_text()
    assert json.loads(text)["predictions"] == []
    assert text == as_json(json.loads(text))


def test_a_kill_between_two_renames_leaves_what_was_there(run, tmp_path, monkeypatch):
    target = tmp_path / "results" / "seed-0"
    target.mkdir(parents=True)
    (target / "old.jpg").touch()
    rename = publish.Path.rename

    def killed(path, to):
        if path.name.endswith(".partial"):
            raise KeyboardInterrupt
        return rename(path, to)

    monkeypatch.setattr(publish.Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        publish.publish(run, target)
    assert [p.name for p in target.iterdir()] == ["old.jpg"]
    monkeypatch.undo()
    publish.publish(run, target)
    assert [p.name for p in target.parent.iterdir()] == ["seed-0"]
    assert not (target / "old.jpg").exists()


@pytest.mark.parametrize("start", ["publish", "restore_all"])
def test_what_a_kill_by_force_left_aside_is_put_back_at_the_next_start(run, tmp_path, start):
    target = tmp_path / "results" / "cpu" / "rgb" / "seed-0"
    aside = target.with_name(".seed-0.former")
    aside.mkdir(parents=True)
    (aside / "old.jpg").touch()
    if start == "publish":
        (run / "record.json").unlink()
        with pytest.raises(RigidDepthError, match="not finished"):
            publish.publish(run, target)
    else:
        publish.restore_all(tmp_path / "results")
    assert [p.name for p in target.parent.iterdir()] == ["seed-0"]
    assert [p.name for p in target.iterdir()] == ["old.jpg"]


def test_the_command_ends_with_the_sentence(tmp_path):
    program = [sys.executable, publish.__file__, tmp_path / "cpu" / "rgb" / "seed-0"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{program[-1]} has no record.json: the run is not finished"
    ]


def refused(run, tmp_path, message):
    target = tmp_path / "results" / "seed-0"
    target.mkdir(parents=True)
    (target / "old.jpg").touch()
    with pytest.raises(RigidDepthError, match=message):
        publish.publish(run, target)
    assert [p.name for p in target.iterdir()] == ["old.jpg"]
    assert [p.name for p in target.parent.iterdir()] == ["seed-0"]


def test_an_unfinished_run_is_refused(run, tmp_path):
    (run / "record.json").unlink()
    refused(run, tmp_path, "not finished")


def test_a_big_picture_is_refused(run, tmp_path):
    (run / "0-rgb.jpg").write_bytes(b"x" * 50_000)
    refused(run, tmp_path, "0-rgb.jpg has 50000 bytes; allowed are 40000")


def test_a_path_of_this_machine_is_refused(run, tmp_path):
    record = json.loads((run / "record.json").read_text())
    record["dataroot"] = f"{publish.ROOT}/data"
    (run / "record.json").write_text(json.dumps(record))
    refused(run, tmp_path, "path of this machine")
