"""workflow/programme.py and gpu.py: wrong usage is a sentence, a refused run ends no other."""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import gpu
import programme
import pytest
import yaml

from rigid_depth.errors import RigidDepthError


def called(main, monkeypatch, capsys, *words):
    """The exit status of a command line, and the last line that it said."""
    monkeypatch.setattr(sys, "argv", ["program", *map(str, words)])
    try:
        code = main()
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr()
    return code, (said.out + said.err).splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "0"], "--jobs is 0; allowed are whole numbers from 1 on"),
        (["--dataroot", "kitti"], "--dataroot kitti names no folder: kitti=FOLDER"),
        (["--dataroot", "kitti="], "--dataroot kitti names no folder: kitti=FOLDER"),
        (["--dataroot", "kity=/x"], "unknown data set 'kity'; allowed: synthetic, nuscenes"),
        (["--programme", "nowhere.yml"], "there is no programme nowhere.yml"),
    ],
)
def test_wrong_usage_of_the_programme_is_a_sentence(monkeypatch, capsys, words, message):
    code, said = called(programme.main, monkeypatch, capsys, "--list", *words)
    assert code == 2
    assert f"error: {message}" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "0"], "--jobs is 0; allowed are whole numbers from 1 on"),
        (["--programme", "nowhere.yml"], "there is no programme nowhere.yml"),
        (["--unpack", "typo"], "typo holds no records-*.tar.gz"),
    ],
)
def test_wrong_usage_of_the_gpu_is_a_sentence(monkeypatch, capsys, tmp_path, words, message):
    code, said = called(gpu.main, monkeypatch, capsys, "--out", tmp_path / "packed", *words)
    assert code == 2
    assert message in said
    assert not (tmp_path / "packed").exists()


class Fake(SimpleNamespace):
    """A run that is finished at once."""

    __hash__ = object.__hash__

    def is_ready(self):
        return True

    def start(self):
        return subprocess.Popen([sys.executable, "-c", "pass"])


@pytest.mark.parametrize("error", [RigidDepthError("too large"), FileNotFoundError("no picture")])
def test_a_run_that_is_refused_has_failed_and_ends_no_other(monkeypatch, capsys, error):
    monkeypatch.setattr(programme, "PAUSE_S", 0.01)
    todo, taken = [Fake(place=Path(name), log=Path("log")) for name in "ab"], []

    def take(run):
        if run is todo[0]:
            raise error
        taken.append(run)

    assert programme.work(todo, 1, time.monotonic() + 60, take) == 1
    assert taken == todo[1:]
    said = capsys.readouterr().out
    assert "a: FAILED" in said
    assert f"   {error}\n" in said
    assert "b: done" in said


def test_a_run_that_cannot_be_published_is_not_packed(tmp_path, monkeypatch):
    """Nor does it keep those that finish after it from being packed."""
    rows = ["row-mean-depth", "constant-depth"]
    listing = {"scale": "smoke", "stages": [{"seeds": [0], "rows": rows}]}
    (tmp_path / "programme.yml").write_text(yaml.safe_dump(listing))
    monkeypatch.setattr(programme, "PAUSE_S", 0.01)
    monkeypatch.setattr(programme, "LOGS", tmp_path / "log")
    monkeypatch.setattr(gpu, "phase", lambda *_: (True, ""))
    monkeypatch.setattr(programme.Run, "start", lambda _: Fake.start(None))

    def check(folder):
        if "row-mean-depth" in str(folder):
            raise RigidDepthError("too large")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "record.json").touch()
        return ["record.json"]

    monkeypatch.setattr("publish.check", check)
    asked = SimpleNamespace(
        programme=tmp_path / "programme.yml", runs=tmp_path, out=tmp_path, jobs=1, anew=True
    )
    report = gpu.Report(tmp_path / "report.txt")
    gpu.run_programme(report, asked, time.monotonic() + 60)
    assert "1 runs finished, 1 failed, of 2" in report.path.read_text()


def test_a_run_is_started_as_its_row_and_seed_say(tmp_path, monkeypatch):
    words = []
    monkeypatch.setattr(programme, "LOGS", tmp_path)
    monkeypatch.setattr(
        programme.subprocess, "Popen", lambda command, **_: words.extend(map(str, command))
    )
    programme.Run("rgb+steps=7", "core", 4, tmp_path, "kitti", tmp_path / "k", "rgb").start()
    given = dict(pairwise(words))
    assert [given[name] for name in ("run", "--seed", "--scale", "--threads", "-p")] == [
        "rgb", "4", "core", "1", "steps=7",
    ]  # fmt: skip
    assert (given["--dataset"], given["--dataroot"]) == ("kitti", str(tmp_path / "k"))
    assert given["--init-from"].endswith("core/rgb/seed-4")


@pytest.mark.parametrize(("state", "there"), [("current", 1), ("confirmed", 1), ("stale", 0)])
def test_only_what_stands_counts_as_published(tmp_path, monkeypatch, state, there):
    monkeypatch.setattr(programme, "RESULTS", tmp_path)
    monkeypatch.setattr(programme, "read_record", lambda _: SimpleNamespace(data={}))
    monkeypatch.setattr(programme, "standing", lambda _: SimpleNamespace(state=state))
    run = programme.Run("row-mean-depth", "smoke", 0, tmp_path / "runs")
    assert not run.is_published()
    (tmp_path / run.place).mkdir(parents=True)
    (tmp_path / run.place / programme.FILE).write_text("{}")
    assert run.is_published() == bool(there)
