"""Settings of a run in a file: read, refused, and made from a record."""

import json

import pytest
from typer.testing import CliRunner

from rigid_depth.cli import app
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS, SCALES, plan_run
from rigid_depth.experiments.runconfig import as_config, read_config
from rigid_depth.experiments.settings import parameters


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def made(name, dataset="synthetic", **changes):
    """What a record says of its settings, of a run with these changes."""
    plan = plan_run(name, scale="cpu", seed=4, dataset=dataset, overrides=changes)
    return {
        "experiment": name, "scale": "cpu", "seed": 4, "created": "2026-01-01T00:00:00Z",
        "source": {"commit": "0123"}, "parameters": plan.parameters(),
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes", [{}, {"steps": 7, "image_size": (64, 128)}, {"epochs": 2, "flip": 0.25}]
)
def test_a_record_turned_into_a_file_means_the_same_run(tmp_path, changes):
    record = made("rgb", **changes)
    path = tmp_path / "run.yaml"
    path.write_text(as_config(record))
    found = read_config(path)
    again = plan_run(
        found["experiment"], scale=found["scale"], seed=found["seed"],
        dataset=found["dataset"], overrides=found["parameters"],
    )  # fmt: skip
    assert again.parameters() == record["parameters"]
    assert (again.seed, again.changes.keys()) == (4, plan_run(
        "rgb", scale="cpu", overrides=changes).changes.keys())  # fmt: skip


def test_a_setting_that_has_changed_since_is_written(tmp_path):
    record = made("rgb")
    record["parameters"]["steps"] = 601  # the scale of that day
    path = tmp_path / "run.yaml"
    path.write_text(as_config(record))
    assert read_config(path)["parameters"] == {"steps": 601}


def test_what_a_record_lacks_is_said():
    record = made("rgb")
    record["parameters"] |= {"dataset": "kitti", "init_from": {"origin": "cpu/rgb", "sha256": ""}}
    text = as_config(record)
    assert "--dataroot" in text
    assert "# began with the weights of cpu/rgb" in text


@pytest.mark.parametrize(
    ("name", "changes", "lost"),
    [
        ("rgb", {"sky": "auto", "steps": 7}, []),
        ("rgb", {"sky": "/a/masks"}, ["sky is without its folder: write it before 'masks'"]),
        ("rgb", {"sky": "segmentation:/a/b0"}, ["sky is without its folder: write it before 'b0'"]),
        ("rgb", {"train_files": "/a/t.txt", "test_files": "eigen"}, ["train_files is without"]),
        ("rgb", {"annotation_root": "/a/depth"}, ["annotation_root is without"]),
        ("rgb", {"only_scenes": "/a/part.txt"}, ["only_scenes is without"]),
        ("rgb", {"only_scenes": "scene-0061"}, []),
        ("mse-transformer", {"encoder_weights": "vit_tiny:/a/w.pth"}, ["before 'w.pth'"]),
    ],
)
def test_a_parameter_without_its_folder_is_said(name, changes, lost):
    dataset = "nuscenes" if "only_scenes" in changes else "kitti"
    lines = as_config(made(name, dataset, **changes)).splitlines()
    found = [line for line in lines if line.startswith("#") and "its folder" in line]
    assert len(found) == len(lost)
    assert all(text in line for text, line in zip(lost, found, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "no mapping"),
        ("a: [", "not readable YAML"),
        ("experiment: rgb\nsteps: 3", "the key 'steps'; allowed are experiment"),
        ("scale: cpu", "name no experiment"),
        ("experiment: rgb\nparameters: 3", "no mapping"),
        ("experiment: [rgb]", "name no experiment"),
        ("experiment: rgb\nscale: [cpu]", "have the scale ['cpu']; it is a name"),
        ("experiment: rgb\ndataset:", "have the dataset None; it is a name"),
        ("experiment: rgb\nparameters: {1: 2}", "have the parameter 1; it is a name"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_a_sentence(tmp_path, text, said):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(RigidDepthError, match="settings") as refused:
        read_config(path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("seed:", "seed is None; allowed are whole numbers"),
        ("seed: one", "seed is 'one'; allowed are whole numbers"),
        ("parameters: {seed: 3}", "'seed' is no field of an experiment or a scale"),
    ],
)
def test_a_seed_that_is_none_starts_no_run(tmp_path, line, said):
    path = tmp_path / "run.yaml"
    path.write_text(f"experiment: rgb\n{line}\n")
    done = call("run", "--config", path, "--out", tmp_path / "runs")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_options_win_over_the_file(tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "rigid_depth.experiments.run",
        lambda name, **rest: asked.update(rest, name=name) or type("R", (), {"folder": "done"}),
        raising=False,
    )
    path = tmp_path / "run.yaml"
    path.write_text("experiment: rgb\nscale: cpu\nseed: 3\nparameters: {steps: 5, flip: 0.1}\n")
    done = call("run", "--config", path, "--seed", 0, "-p", "steps=9")
    assert done.exit_code == 0, done.output
    assert (asked["name"], asked["scale"], asked["seed"]) == ("rgb", "cpu", 0)
    assert (asked["steps"], asked["flip"]) == ("9", 0.1)
    asked.clear()
    done = call("run", "--config", path, "-p", "epochs=2")
    assert done.exit_code == 0, done.output
    assert (asked["epochs"], asked.get("steps"), asked["flip"]) == ("2", None, 0.1)


def test_run_asks_for_a_name_or_a_file():
    assert "takes the name of an experiment, or --config" in call("run").output


def test_show_prints_settings_and_result(tmp_path):
    data = made("rgb", steps=7) | {"schema": 1, "overrides": {"steps": 7}, "data": {}, "cost": {}}
    data["metrics"] = {"test": {"rgb": {"caps": {"80": {"rmse_m": 1.5}}}}}
    (tmp_path / "record.json").write_text(json.dumps(data))
    assert json.loads(call("show", tmp_path).output)["test_rmse_m"] == 1.5
    text = call("show", tmp_path / "record.json", "--as-config").output
    assert "steps: 7" in text
    today = parameters(EXPERIMENTS["rgb"], SCALES["cpu"], "synthetic")
    assert today["steps"] != 7
