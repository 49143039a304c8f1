"""workflow/programme.py and gpu.py: wrong usage is a sentence, a refused run ends no other."""

import subprocess
import sys
import time
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
