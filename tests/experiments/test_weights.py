"""Weights that cannot be used are refused in one sentence that names the file."""

import errno
import json
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.evaluate import evaluate_weights
from rigid_depth.experiments.recording import weights


@pytest.fixture
def parts(finished):
    """Tensors and settings of a finished run, to be broken."""
    path = finished.folder / weights.FILE
    with safe_open(path, "pt") as file:
        return load_file(path), file.metadata()


@pytest.fixture
def refused(tmp_path):
    """Saves tensors and settings and returns the sentence that loading them gives."""

    def ask(tensors, settings) -> str:
        path = tmp_path / "broken.safetensors"
        save_file(tensors, path, metadata=settings)
        with pytest.raises(RigidDepthError) as caught:
            weights.load_weights(path)
        assert "broken.safetensors" in str(caught.value)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return ask


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(parts, refused, value):
    tensors, settings = parts
    name = next(n for n, t in tensors.items() if t.is_floating_point() and t.numel() > 3)
    tensors[name].view(-1)[3] = value
    assert f"'{name}' holds values that are not finite" in refused(tensors, settings)


def test_tensors_that_do_not_fit(parts, refused):
    tensors, settings = parts
    name = sorted(tensors)[0]
    fewer = {n: t for n, t in tensors.items() if n != name}
    for changed in (fewer, tensors | {name: torch.zeros(7, 7)}, tensors | {"extra": torch.ones(2)}):
        sentence = refused(changed, settings)
        assert f"1 of {len(tensors)} tensors are missing, too many or of another shape" in sentence
        assert ("'extra' first" if "extra" in changed else f"'{name}' first") in sentence
    wider = json.loads(settings["scale"]) | {"width": 0.2}
    assert "(width 0.2)" in refused(tensors, settings | {"scale": json.dumps(wider)})


@pytest.mark.parametrize("name", ["experiment", "scale", "origin"])
def test_settings_that_are_missing_or_none(parts, refused, name):
    tensors, settings = parts
    without = {n: text for n, text in settings.items() if n != name}
    assert "is not a weights file of this program" in refused(tensors, without)
    if name != "origin":
        assert "is not a weights file" in refused(tensors, settings | {name: "[1]"})


def test_a_setting_of_another_version_is_named(parts, refused):
    tensors, settings = parts
    for name in ("experiment", "scale"):
        newer = json.loads(settings[name]) | {"taste": 0.5}
        sentence = refused(tensors, settings | {name: json.dumps(newer)})
        assert "written by another version of this program: its settings have 'taste'" in sentence


def test_weights_tell_the_data_set_they_are_of(finished, parts, tmp_path):
    """Older ones do where it is the scale's own, as the name of the run's folder says."""
    tensors, settings = parts
    assert weights.load_weights(finished.folder).dataset == settings.pop("dataset") == "synthetic"
    path = tmp_path / weights.FILE
    save_file(tensors, path, metadata=settings)
    assert weights.load_weights(path).dataset == "synthetic"
    there = settings["origin"].replace("smoke/", "smoke-kitti/")
    save_file(tensors, path, metadata=settings | {"origin": there})
    with pytest.raises(RigidDepthError, match=r"do not tell the data set .* by --dataset"):
        evaluate_weights(path)
    save_file(tensors, path, metadata=settings | {"origin": there, "dataset": "kitti"})
    with pytest.raises(RigidDepthError, match="data set 'kitti' needs --dataroot"):
        evaluate_weights(path)


def test_no_permission_is_said_as_it_is(finished, monkeypatch):
    def forbidden(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(RigidDepthError, match="cannot be read: Permission denied"):
        weights.load_weights(finished.folder)


def test_weights_may_be_read_by_whom_the_user_lets(finished):
    record, file = finished.folder / "record.json", finished.folder / weights.FILE
    assert file.stat().st_mode == record.stat().st_mode


def test_branches_that_share_a_layer_can_be_saved(finished, tmp_path):
    trained = weights.load_weights(finished.folder)
    shared = torch.nn.Linear(2, 3)
    twins = torch.nn.ModuleDict({"rgb": shared, "rgbd": shared})
    path = tmp_path / weights.FILE
    weights.save_weights(path, twins, trained.experiment, trained.scale, "o", "d")
    held = load_file(path)
    assert torch.equal(held["rgb.weight"], held["rgbd.weight"])


def test_a_full_disk_leaves_no_weights(finished, tmp_path, monkeypatch):
    def full(path, data):
        path.open("wb").write(data[:4])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    trained = weights.load_weights(finished.folder)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RigidDepthError, match=r"cannot be written to .* No space left"):
        weights.save_weights(
            tmp_path / weights.FILE, trained.model, trained.experiment, trained.scale, "o", "d"
        )
    assert not list(tmp_path.iterdir())
