"""The command street-world: what it says, what it refuses, and that it works once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import street_world
from street_world.cli import app

OPTIONS = [
    "--scenes",
    "2",
    "--frames-per-scene",
    "1",
    "--seed",
    "1",
    "--image-size",
    "90x160",
    "--workers",
    "1",
]


def call(*arguments: object):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_it_writes_what_the_function_writes_and_says_what_it_costs(tmp_path, whole, digests):
    done = call("write", tmp_path / "w", *OPTIONS)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'w'}\n"
    assert "2 frames, 2 images: about " in done.stderr
    assert digests(tmp_path / "w") == whole[1]


def test_it_does_nothing_the_second_time(whole):
    before = {path: path.stat().st_mtime_ns for path in whole[0].rglob("*")}
    done = call("write", whole[0], *OPTIONS)
    assert done.exit_code == 0
    assert done.stderr == "This world was there already; nothing was written.\n"
    assert {path: path.stat().st_mtime_ns for path in whole[0].rglob("*")} == before


def test_quiet_is_quiet(whole):
    assert call("write", whole[0], *OPTIONS, "--no-progress").stderr == ""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--scenes", "0"], "scenes is 0; it must be 1 or more."),
        (["--cameras", "CAM_TOP"], "cameras are ['CAM_TOP']; allowed are one or more of"),
        (["--cameras", "CAM_BACK,CAM_BACK"], "each once."),
        (["--image-size", "900"], "--image-size is '900'; it must be a height and a width in px"),
        (["--image-size", "9x9"], "image_size is 9x9; allowed are heights from 16 to 1000"),
        (["--splits", "1,2"], "--splits is '1,2'; it must be three numbers of streets, as in"),
        (["--scenes", "5", "--splits", "1,2,3"], "split_scenes is [1, 2, 3]; it must be three"),
        (["--workers", "0"], "workers is 0; it must be 1 or more, or None for all cores."),
    ],
)
def test_bad_options_are_refused_in_one_line(tmp_path, options, sentence):
    done = call("write", tmp_path / "w", "--no-progress", *options)
    assert done.exit_code == 2
    assert done.stderr.startswith("street-world: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "w").exists()


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    done = call("write", tmp_path / "file" / "w", "--no-progress", *OPTIONS)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "file" / "w") in done.stderr


def test_all_cameras_have_their_images(tmp_path):
    one = [*OPTIONS, "--scenes", "1", "--image-size", "32x64"]
    done = call("write", tmp_path / "w", "--cameras", "all", *one)
    assert done.exit_code == 0, done.output
    folders = {path.name for path in (tmp_path / "w" / "samples").iterdir()}
    assert folders == {*street_world.CAMERAS, "LIDAR_TOP"}


def test_splits_say_how_many_streets_there_are(tmp_path):
    options = ["--splits", "2,0,1", "--frames-per-scene", "1", "--image-size", "16x16"]
    done = call("write", tmp_path / "w", *options, "--workers", "1")
    assert done.exit_code == 0, done.output
    assert "3 frames, 3 images: about " in done.stderr
    assert len(list((tmp_path / "w" / "maps").iterdir())) == 3


def test_it_is_a_module_as_well():
    environment = {**os.environ, "PYTHONPATH": str(Path(street_world.__file__).parents[1])}
    command = [sys.executable, "-m", "street_world", "write", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "street-world write" in done.stdout
    assert "[default: 900x1600]" in done.stdout
