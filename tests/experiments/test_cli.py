"""The command line: what it prints, where it writes, how it fails."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from rigid_depth.cli import app
from rigid_depth.experiments import EXPERIMENTS
from rigid_depth.studies import StudyRecord


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


def test_the_columns_of_a_listing_are_whole(tmp_path):
    lines = call("list", "--out", tmp_path).output.splitlines()
    rows = lines[1 : lines.index("scales")]
    assert [row.split()[0] for row in rows] == list(EXPERIMENTS)
    assert len({row.index(EXPERIMENTS[row.split()[0]].label) for row in rows}) == 1


def test_a_listing_names_a_broken_record_and_goes_on(finished, tmp_path):
    for seed, text in enumerate(["{", "[]", '{"schema": 1}', "\udcff"]):
        folder = tmp_path / "smoke" / "rgb" / f"seed-{seed}"
        folder.mkdir(parents=True)
        (folder / "record.json").write_bytes(text.encode(errors="surrogateescape"))
    whole = tmp_path / "smoke" / "rgb" / "seed-9"
    whole.mkdir()
    (whole / "record.json").write_text(json.dumps(finished.data))
    listed = call("list", "--out", tmp_path)
    assert listed.exit_code == 0
    rows = listed.output.splitlines()[-5:]
    assert all("broken" in row and f"seed-{k}/record.json" in row for k, row in enumerate(rows[:4]))
    assert f"test RMSE {finished.rmse_m():.3f} m" in rows[4]


def test_the_module_is_the_command_and_listing_loads_no_network(tmp_path):
    code = (
        "import runpy, sys; sys.argv = ['x', 'list', '--out', sys.argv[1]]\n"
        "try: runpy.run_module('rigid_depth', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'torch', 'scipy', 'lightning', 'cv2', 'matplotlib'} & set(sys.modules)))"
    )
    plain = {name: v for name, v in os.environ.items() if name != "RIGID_DEPTH_TYPECHECK"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env=plain, capture_output=True, text=True
    )
    assert done.stdout.startswith("experiments\n"), done.stderr
    assert done.stdout.endswith("[]\n")


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
        (["run", "rgb", "-p", "seed=3"], "'seed' is no field of an experiment or a scale; give it"),
        (["run", "rgb", "-p", "init_from=x"], "give it as --init-from."),
        (["run", "rgb", "-p", "name=x"], "give it as the argument NAME."),
        (["run", "rgb", "-p", "image_size=100x200"], "multiples of 32"),
        (["run", "rgb", "--seed", "-1"], "seed is -1"),
        (["run", "rgb", "--precision", "8"], "allowed: 32-true"),
        (["run", "rgb", "--dataset", "kitti"], "needs --dataroot"),
        (["run", "rgb", "--dataset", "waymo", "--dataroot", "."], "waymo"),
        (["run", "rgb", "--dataset", "waymo"], "allowed: synthetic, nuscenes, kitti"),
        (["run", "rgb", "--threads", "-1"], "allowed are 0 and more"),
        (["run", "rgb", "--devices", "3"], "cannot be shared evenly by 3 processes"),
        (["run", "rgb", "--devices", "0"], "--devices is 0; allowed are 1 and more"),
        (["run", "rgb", "--devices", "-1"], "--devices is -1; allowed are 1 and more"),
        (["run", "rgb", "--num-nodes", "0"], "--num-nodes is 0; allowed are 1 and more"),
        (["study", "compression", "--seeds", "a"], "separated by commas, as in 0,1,2"),
        (["study", "compression", "--seeds", f"0,{10**19}"], "whole numbers from 0 to 2147483647"),
        (["study", "compression", "--seeds", "1,2,1"], "each seed is named once"),
        (["confirm"], "confirm takes either names of runs and studies or --smoke-equal"),
        (["confirm", "core/rgbb"], "nothing is published as 'core/rgbb'"),
        (["confirm", "core/rgb", "--allowed", "0"], "--allowed belongs to --smoke-equal, not to"),
        (["confirm", "--smoke-equal", "a", "b", "--dataroot", "c"], "--dataroot belongs to names"),
        (["confirm", "--smoke-equal", "a", "b", "--init-from", "c"], "--init-from belongs to nam"),
        (["confirm", "compression", "--dataroot", "a"], "--dataroot belongs to runs, not to the"),
        (["confirm", "compression", "--init-from", "a"], "'compression'"),
        (["run", "rgb", "--init-from", "nowhere"], "no weights at nowhere"),
        (["run", "rgb", "--seed", "9999999999"], "whole numbers from 0 to 2147483647"),
        (["evaluate", "nowhere"], "no weights at nowhere"),
        (["predict", "nowhere", "x.png"], "no weights at nowhere"),
        (["prepare", "--dataroot", "nowhere"], "nowhere"),
        (["prepare", "-p", "flip=0.1"], "'flip' is no field of a scale; allowed are: annotation_"),
        (["synth", "-p", "x=1"], "parameter 'x' is no field of a scale; allowed are: annotation_"),
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


def test_a_folder_that_cannot_be_written_is_one_line(options, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    done = call("run", "row-mean-depth", *options, "--out", taken)
    assert done.exit_code == 2
    assert done.stderr.startswith("rigid-depth: the run cannot be written to ")
    assert done.stderr.count("\n") == 1
    assert taken.read_text() == "a file"


def test_an_evaluation_draws_thinned_lidar_as_the_run_did(options, world, tmp_path):
    """Returns are drawn for a batch at once: other batches would be given other returns."""
    changed = ["-p", "lidar_share=0.5", "-p", "image_size=64x128", "-p", "batch_size=1"]
    done = call("run", "lidar-diluted", *options, *changed)
    assert done.exit_code == 0, done.output
    folder = done.output.strip().splitlines()[-1]
    measured = call("evaluate", folder, "--dataroot", world, "--no-progress")
    assert measured.exit_code == 0, measured.output
    with open(f"{folder}/record.json") as file:
        assert json.loads(measured.output) == json.load(file)["metrics"]["test"]


def test_what_the_system_refuses_is_one_line_and_status_2(tmp_path, monkeypatch, finished):
    """Folders that cannot be made, files too large for the limit of this process, no permission."""
    (tmp_path / "taken").write_text("a file")
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / "a.png")
    out = tmp_path / "taken" / "out"
    done = call("predict", finished.folder, tmp_path / "a.png", "--out", out, "--no-progress")
    assert done.exit_code == 2
    assert done.stderr == f"rigid-depth: {out}: Not a directory.\n"
    for error, line in (
        (PermissionError(errno.EACCES, "Permission denied", "/a"), "/a: Permission denied."),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device."),
        (OSError("cannot write\nmore"), "cannot write."),
        (TimeoutError(), "TimeoutError."),
    ):

        def refuse(*_, error=error, **__):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr("rigid_depth.experiments.predict_images", refuse, raising=False)
            done = call("predict", finished.folder, "a.png")
        assert (done.exit_code, done.stderr) == (2, f"rigid-depth: {line}\n")


def test_a_warning_is_one_line_without_the_place_that_gave_it():
    code = (
        "import warnings; from rigid_depth.cli import app\n"
        "@app.command()\ndef complain(): warnings.warn('9 of 12 keyframes are there')\napp()"
    )
    words = [sys.executable, "-c", code, "complain"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == "warning: 9 of 12 keyframes are there\n"


def test_a_full_disk_is_one_line(tmp_path, finished):
    """The limit on the size of files stands for the full disk; the system refuses alike."""
    Image.fromarray(np.zeros((300, 400, 3), np.uint8)).save(tmp_path / "a.png")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "from rigid_depth.cli import app; app()"
    )
    words = ["predict", finished.folder, tmp_path / "a.png", "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words), "--no-progress"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("rigid-depth: ")
    assert done.stderr.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_a_study_keeps_a_file_for_each_seed(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "rigid_depth.studies.run_study",
        lambda name, size, seed: StudyRecord(
            {"seed": seed, "cost": {"seconds": 1}, "results": {"a": float(seed)}}
        ),
    )
    done = call("study", "compression", "--seeds", "0,2", "--out", tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["study-compression-2.json", "study-compression.json"]
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"a": "1 ± 1.4"}
    assert "only the full size" in call("study", "compression", "--publish").stderr


def test_the_folders_and_the_tolerance_of_a_comparison_are_passed_on(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "rigid_depth.book.publishing.rearranged.confirm_equal",
        lambda *folders, **given: asked.update(given, folders=folders) or ["done"],
    )
    assert call("confirm", "--smoke-equal", "a", "b", "--allowed", "1e-4").output == "done\n"
    assert asked == {"allowed": 1e-4, "folders": (Path("a"), Path("b"))}
