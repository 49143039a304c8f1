"""The command line: what it prints, where it writes, how it fails."""

import json

import pytest
from typer.testing import CliRunner

from rigid_depth.cli import app


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def options(settings, world, tmp_path):
    """The options of a tiny run."""
    pairs = [f"-p{name}={value}" for name, value in settings.items() if name != "image_size"]
    return [
        "--dataroot",
        world,
        "--out",
        tmp_path,
        "--no-progress",
        "-p",
        "image_size=32x64",
        *pairs,
    ]


def test_help_names_every_command_and_unit():
    assert all(
        name in call("--help").output
        for name in ("synth", "prepare", "run", "evaluate", "predict", "list")
    )
    assert "metres" in call("run", "--help").output
    assert "metres" in call("predict", "--help").output


def test_run_then_list_then_evaluate(options, world, tmp_path):
    done = call("run", "rgb", "--seed", 3, *options)
    assert done.exit_code == 0, done.output
    folder = done.output.strip().splitlines()[-1]
    assert folder.endswith("seed-3")
    listed = call("list", "--out", tmp_path)
    assert "test RMSE" in listed.output
    assert "seed-3" in listed.output
    measured = call("evaluate", folder, "--dataroot", world, "--no-progress")
    assert measured.exit_code == 0, measured.output
    with open(f"{folder}/record.json") as file:
        assert json.loads(measured.output) == json.load(file)["metrics"]["test"]


def test_list_shows_experiments_and_what_scales_cost(tmp_path):
    output = call("list", "--out", tmp_path).output
    assert "row-mean-depth" in output
    assert "minutes a run on 2 cores" in output


def test_prepare_says_what_it_has(world):
    done = call("prepare", "--dataroot", world, "--no-progress", "-p", "image_size=32x64")
    assert "train 2 frames of 1 scenes" in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "rbg"], "unknown experiment 'rbg'"),
        (["run", "rgb", "--scale", "big"], "unknown scale 'big'"),
        (["run", "rgb", "-p", "x=1"], "unknown parameter 'x'"),
        (["run", "rgb", "-p", "steps"], "not of the form NAME=VALUE"),
        (["run", "rgb", "-p", "image_size=100x200"], "multiples of 32"),
        (["run", "rgb", "--seed", "-1"], "seed is -1"),
        (["run", "rgb", "--precision", "8"], "allowed: 32-true"),
        (["run", "rgb", "--dataset", "kitti"], "needs --dataroot"),
        (["run", "rgb", "--dataset", "waymo", "--dataroot", "."], "waymo"),
        (["run", "rgb", "--dataset", "waymo"], "allowed: synthetic, nuscenes, kitti"),
        (["run", "rgb", "--threads", "-1"], "allowed are 0 and more"),
        (["run", "rgb", "--devices", "3"], "cannot be shared evenly by 3 processes"),
        (["study", "compression", "--seeds", "a"], "separated by commas, as in 0,1,2"),
        (["study", "compression", "--confirm", "--publish"], "--confirm goes alone"),
        (["run", "rgb", "--init-from", "nowhere"], "no weights at nowhere"),
        (["evaluate", "nowhere"], "no weights at nowhere"),
        (["predict", "nowhere", "x.png"], "no weights at nowhere"),
        (["prepare", "--dataroot", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_status_2(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert done.stderr.startswith("rigid-depth: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
