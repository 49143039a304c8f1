"""A part of a data set from the command line, and parameters that a data set does not know."""

import json

import pytest
from typer.testing import CliRunner

from rigid_depth.cli import app
from rigid_depth.data import store
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.registry import EXPERIMENTS
from rigid_depth.experiments.scales import SCALES
from rigid_depth.experiments.settings import override
from rigid_depth.experiments.stores import make_store

FOREIGN = [
    ("nuscenes", {"scenes": 3}, "'scenes' belongs to synthetic, not to nuscenes; a part"),
    ("kitti", {"version": "v1.0-mini"}, "'version' belongs to nuscenes, not to kitti"),
    ("kitti", {"skip_missing": True}, "'skip_missing' belongs to nuscenes, not to kitti"),
    ("synthetic", {"train_drives": "0005"}, "'train_drives' belongs to kitti, not to synthetic"),
]


@pytest.mark.parametrize(("dataset", "changes", "sentence"), FOREIGN)
def test_a_parameter_of_another_data_set_is_refused(dataset, changes, sentence):
    with pytest.raises(RigidDepthError, match=sentence):
        plan_run("rgb", dataset=dataset, overrides=changes)


def test_prepare_takes_a_part_and_refuses_what_it_does_not_know(tiny_world, tmp_path, monkeypatch):
    monkeypatch.setenv("RIGID_DEPTH_DATA", str(tmp_path))
    call = ["prepare", "--dataset", "nuscenes", "--dataroot", str(tiny_world), "--no-progress"]
    call += ["-p", "image_size=32x64", "--sky", "none"]
    done = CliRunner().invoke(app, [*call, "--scenes", "3"])
    assert done.exit_code == 0, done.output
    assert "train 2 frames of 1 scenes" in done.output
    manifest = json.loads(next(tmp_path.rglob("manifest.json")).read_text())
    assert manifest["settings"]["sky"] is None
    refused = CliRunner().invoke(app, [*call, "-p", "scenes=3"])
    assert refused.exit_code == 2
    assert "'scenes' belongs to synthetic" in refused.stderr


def test_a_run_start_trusts_a_finished_store(tiny_world, tmp_path, monkeypatch):
    monkeypatch.setenv("RIGID_DEPTH_DATA", str(tmp_path))
    scale = override(EXPERIMENTS["rgb"], SCALES["smoke"], {"image_size": "32x64", "sky": "none"})[1]
    made = make_store(scale, "nuscenes", tiny_world, progress=False)

    def listing(*arguments):
        raise AssertionError

    monkeypatch.setattr(store, "list_frames", listing)
    assert make_store(scale, "nuscenes", tiny_world, progress=False).path == made.path
    with pytest.raises(AssertionError):
        make_store(scale, "nuscenes", tiny_world, progress=False, check=True)
