"""A run from its name to its record, on a tiny world."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS, read_record, standing
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.recording.pictures import error_picture, write_pictures
from rigid_depth.experiments.recording.report import _data
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training.loop import Training
from rigid_depth.experiments.training.objective import objective
from rigid_depth.experiments.training.speed import resolve_precision
from rigid_depth.losses import infinity_loss, masked_mse
from rigid_depth.models.two_branch import Outputs

RUN = importlib.import_module("rigid_depth.experiments.runner")


def test_record_lies_where_the_plan_says(finished):
    scale, label, seed = finished.folder.parts[-3:]
    assert (scale, seed) == ("smoke", "seed-0")
    assert label.startswith("rgb+")
    assert finished.data["label"] == label
    assert not (finished.folder / "last.ckpt").exists()


def test_record_holds_what_the_design_asks_for(finished):
    data = finished.data
    assert data["parameters"]["steps"] == data["cost"]["steps"] == 6
    assert data["overrides"]["image_size"] == data["data"]["image_size"] == [32, 64]
    assert data["data"]["counts"]["train"] == {"scenes": 1, "frames": 2}
    for split in ("train", "val", "test"):
        rgb = data["metrics"][split]["rgb"]
        by_scene = set() if split == "train" else {"scenes"}
        assert set(rgb) == {"caps", "ranges_m", "conditions", "dense", "sky"} | by_scene
        assert rgb["caps"]["80"]["pixels"] > 0
    assert data["curves"]["train"]["step"] == [3, 6]
    assert data["curves"]["val"]["step"] == [3, 6]
    assert finished.rmse_m() == data["metrics"]["test"]["rgb"]["caps"]["80"]["rmse_m"]


def test_the_curve_ends_at_the_measured_validation_error(finished):
    """Two implementations of one number: plain sums in training, the accumulator afterwards."""
    measured = finished.rmse_m("val")
    assert finished.data["curves"]["val"]["rmse_m"][-1] == pytest.approx(measured, rel=1e-6)


def test_pictures_are_there_and_small(finished):
    for shown in finished.data["predictions"]:
        assert set(shown["images"]) == {"rgb", "target", "prediction", "error"}
        for name in shown["images"].values():
            assert 0 < (finished.folder / name).stat().st_size <= 40_000


def test_every_branch_has_a_prediction_and_an_error_of_its_own_size(tmp_path):
    """An error of 10 m or more is the brightest colour, unknown truth white, 0 m the darkest."""
    truth_m = np.full((32, 48), 20.0)
    truth_m[:, :16] = 0.0
    preds_m = {"rgb": truth_m, "depth": truth_m + 10.0, "zero_shot": truth_m}
    rgb = np.zeros((32, 48, 3), np.uint8)
    names = write_pictures(tmp_path, 0, rgb, truth_m, None, preds_m)
    kinds = {"rgb", "target", "prediction", "error", "depth-prediction", "depth-error"}
    assert set(names) == kinds | {"zero_shot-prediction", "zero_shot-error"}
    found = {k: np.asarray(Image.open(tmp_path / n).convert("RGB")) for k, n in names.items()}
    assert {picture.shape for picture in found.values()} == {(32, 48, 3)}
    assert (found["error"][:, :16] == 255).all()
    dark, bright = (error_picture(np.full((1, 1), e))[0, 0].astype(int) for e in (0.0, 10.0))
    assert abs(found["error"][0, 40] - dark).max() <= 3
    assert abs(found["depth-error"][0, 40] - bright).max() <= 3


def test_a_finished_run_is_left_alone(finished, tiny):
    path = finished.folder / "record.json"
    before = path.stat().st_mtime_ns
    again = tiny("rgb", finished.folder.parents[2])
    assert path.stat().st_mtime_ns == before
    assert again.data == finished.data


def test_of_two_calls_at_once_the_second_waits_and_finds_the_run(tiny, tmp_path, monkeypatch):
    made, said = [], []
    plain = RUN._make

    def counted(*arguments):
        made.append(1)
        time.sleep(0.2)
        return plain(*arguments)

    monkeypatch.setattr(RUN, "_make", counted)
    monkeypatch.setattr(RUN, "_say", lambda _, text: said.append(text))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: tiny("row-mean-depth", tmp_path), range(2))
    assert len(made) == 1
    assert first.data == second.data
    (told,) = (text for text in said if "waiting" in text)
    assert told.startswith("another call is working on smoke/row-mean-depth")


def test_a_killed_repetition_leaves_no_record_of_the_former_run(tiny, tmp_path, monkeypatch):
    former = tiny("row-mean-depth", tmp_path)

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(standing, "package_hash", lambda method: "f" * 40)
    monkeypatch.setattr(RUN, "write_run", killed)
    with pytest.raises(KeyboardInterrupt):
        tiny("row-mean-depth", tmp_path)
    assert not (former.folder / "record.json").exists()


def test_a_repetition_killed_in_training_leaves_the_former_run_whole(
    finished, tiny, tmp_path, monkeypatch
):
    former = shutil.copytree(finished.folder.parents[2], tmp_path / "runs")
    folder = former / finished.folder.relative_to(finished.folder.parents[2])
    names = {path.name for path in folder.iterdir()}

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(standing, "package_hash", lambda method: "f" * 40)
    monkeypatch.setattr(RUN, "_train", killed)
    with pytest.raises(KeyboardInterrupt):
        tiny("rgb", former)
    assert {path.name for path in folder.iterdir()} == names
    assert read_record(folder).data == finished.data


def test_a_folder_of_masks_is_named_without_its_place(finished, world, settings):
    plan = plan_run("rgb", overrides=settings, dataroot=world)
    store = make_store(plan.scale, "synthetic", world, progress=False)
    store.settings["sky"] = "segmentation:/home/x/model"
    found = _data(plan, store)
    assert found == finished.data["data"] | {"sky": "segmentation:model"}


def test_the_run_below_has_the_same_encoders(finished, monkeypatch):
    """What encoders are and are given is handed down, what only the second stage uses is not."""
    asked = {}
    monkeypatch.setattr(RUN, "run", lambda name, **given: asked.update(given) or finished)
    overrides = {"encoding": "reciprocal", "width": 0.1, "alignment_weight": (0, 0, 0)}
    plan = plan_run("relative-pretrained", overrides=overrides)
    with pytest.raises(RigidDepthError, match="rgb"):  # these are not the weights it asks for
        RUN._needed(plan)
    assert {name: asked.get(name) for name in overrides} == {
        "encoding": "reciprocal", "width": 0.1, "alignment_weight": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({}, True),
        ({"LOCAL_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"RANK": "2", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        ({"SLURM_PROCID": "0"}, True),
        ({"SLURM_PROCID": "1"}, False),
    ],
)
def test_one_process_of_a_run_takes_its_folder(variables, first):
    """Two that wait for each other, one for the folder and one for the other's rank, never end."""
    code = "from rigid_depth.experiments.recording.folder import is_first_process as f; print(f())"
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
    plain = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code], env=plain | variables, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(first), done.stderr


def test_processes_share_a_batch_evenly(tiny, tmp_path):
    with pytest.raises(RigidDepthError, match="batch of 2 frames cannot be shared evenly by 3"):
        tiny("rgb", tmp_path, devices=3)


def test_a_finished_run_from_before_a_parameter_with_a_default_is_found(tiny, tmp_path):
    first = tiny("row-mean-depth", tmp_path)
    older = json.loads((first.folder / "record.json").read_text())
    assert older["parameters"].pop("rotation_loss") == "matrix"
    (first.folder / "record.json").write_text(json.dumps(older))
    assert "rotation_loss" not in tiny("row-mean-depth", tmp_path).data["parameters"]


def test_a_run_of_other_sources_is_done_again(finished, tiny, tmp_path, monkeypatch):
    first = tiny("row-mean-depth", tmp_path)
    said = []
    monkeypatch.setattr(RUN, "_say", lambda plan, text: said.append(text))
    monkeypatch.setattr(standing, "package_hash", lambda method: "f" * 40)
    assert tiny("row-mean-depth", tmp_path).data["source"]["package"] == "f" * 40
    assert first.data["source"]["package"] != "f" * 40
    assert said[0].endswith("has this run with other code: it is replaced at the end")


def test_the_record_tells_of_the_world_it_was_given(finished, tiny, tmp_path):
    written = finished.data["parameters"]
    assert (written["scenes"], written["frames_per_scene"]) == (3, 2)
    assert written["world_size"] == [112, 200]
    assert finished.data["data"]["given"]
    assert standing.parameter_changes(finished.data) == []
    elsewhere = finished.data | {"data": finished.data["data"] | {"given": False}}
    assert "parameter 'scenes' is 12 today, was 3" in standing.parameter_changes(elsewhere)
    with pytest.raises(RigidDepthError, match=r"'scenes' is 7; the world at .* has 3"):
        tiny("row-mean-depth", tmp_path, scenes=7)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(finished, tiny, tmp_path):
    same, other = tiny("rgb", tmp_path), tiny("rgb", tmp_path, seed=1)
    weights = [load_file(r.folder / "weights.safetensors") for r in (finished, same, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    assert same.metrics == finished.metrics


def test_without_weight_the_infinity_loss_changes_nothing(finished, tiny, tmp_path):
    """The two experiments differ by that term alone: with weight 0 they are the same run."""
    off = tiny("rgb-infinity", tmp_path, infinity_weight=(0.0, 0.0, 0.0))
    on = tiny("rgb-infinity", tmp_path)
    assert off.metrics == finished.metrics
    assert on.metrics != finished.metrics


def test_the_objective_adds_one_balanced_term():
    experiment = EXPERIMENTS["rgb-infinity"]
    y = torch.rand(2, 1, 32, 64, generator=torch.Generator().manual_seed(0)) * 0.5
    depth_m = torch.zeros(2, 1, 32, 64)
    depth_m[:, :, 20:] = 30.0
    sky = torch.zeros(2, 32, 64, dtype=torch.bool)
    sky[:, :10] = True
    batch = {"depth_m": depth_m, "sky": sky}
    plain = objective(Outputs({"rgb": y}), batch, EXPERIMENTS["rgb"], 0, 100)
    both = objective(Outputs({"rgb": y}), batch, experiment, 0, 100)
    assert set(plain) == {"rgb"}
    assert set(both) == {"rgb", "rgb-infinity"}
    main = masked_mse(y, torch.full_like(y, 0.7), depth_m > 0)
    assert torch.allclose(both["rgb"], main)
    secondary = infinity_loss(y, sky[:, None], 0.01, depth_m > 0)
    by_hand = 0.09 * main / (secondary + 1e-5) * secondary  # first weight of the schedule
    assert torch.allclose(both["rgb-infinity"], by_hand)


def test_learning_rate_goes_as_the_thesis_says():
    """6.5e-5 to 1.5e-4 in 15 % of the steps, then to 9e-6 (6.2)."""
    plan = plan_run("rgb", overrides={"steps": 400, "learning_rate_factor": 1.0})
    training = Training(torch.nn.Conv2d(3, 1, 1), {"train": [0] * 4}, plan, {})
    parts = training.configure_optimizers()
    optimiser, schedule = parts["optimizer"], parts["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(400):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert rates[0] == pytest.approx(6.5e-5, rel=1e-3)
    assert max(rates) == pytest.approx(1.5e-4, rel=1e-3)
    assert rates.index(max(rates)) == pytest.approx(60, abs=1)
    assert rates[-1] == pytest.approx(9e-6, rel=2e-2)
    assert optimiser.defaults["decoupled_weight_decay"]
    assert optimiser.defaults["weight_decay"] == 0.2


@pytest.mark.parametrize("name", ["constant-depth", "row-mean-depth"])
def test_baselines_leave_the_same_kind_of_record(name, tiny, finished, tmp_path):
    record = tiny(name, tmp_path)
    assert record.data["cost"]["steps"] == 0
    assert set(record.metrics["test"]["rgb"]) == set(finished.metrics["test"]["rgb"])
    assert 1 < record.rmse_m() < 50


def test_a_run_may_start_from_weights(finished, tiny, tmp_path):
    record = tiny("rgb", tmp_path, init_from=finished.folder, peak_learning_rate=0.0)
    start = load_file(finished.folder / "weights.safetensors")
    end = load_file(record.folder / "weights.safetensors")
    assert all(torch.equal(start[name], end[name]) for name in start)
    assert record.data["parameters"]["init_from"]["origin"].startswith("smoke/rgb+")
    assert record.data["parameters"]["init_from"]["sha256"]


def test_the_place_of_a_run_tells_what_was_changed():
    changed = plan_run("rgb", overrides={"steps": "7", "image_size": (64, 128)}).folder
    assert changed.parent.name == "rgb+image_size=64x128+steps=7"
    many = {"steps": 7, "flip": 0.1, "jitter": 0.1, "width": 0.1, "log_every": 3, "batch_size": 3}
    many |= {"validate_every": 3, "checkpoint_every": 3, "val_frames": 3, "train_frames": 3}
    labels = {plan_run("rgb", overrides={**many, "steps": n}).label for n in (7, 8)}
    assert len(labels) == 2
    assert max(map(len, labels)) < 20


def test_the_place_of_a_run_tells_its_data_set():
    assert plan_run("rgb", dataset="kitti").folder.as_posix() == "runs/smoke-kitti/rgb/seed-0"
    assert plan_run("rgb", scale="paper").folder.as_posix() == "runs/paper/rgb/seed-0"


def test_record_reads_back_as_it_was_written(finished):
    assert read_record(finished.folder).data == finished.data
    assert json.loads((finished.folder / "record.json").read_text()) == finished.data


def test_auto_precision_is_bf16_only_where_the_processor_has_it(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(Path, "exists", lambda self: True)
    for flags, expected in (("sse avx512_bf16", "bf16-mixed"), ("sse avx2", "32-true")):
        monkeypatch.setattr(Path, "read_text", lambda self, flags=flags: f"flags : {flags}\n")
        assert resolve_precision("auto") == expected
    with pytest.raises(RigidDepthError, match="16-mixed needs a GPU"):
        resolve_precision("16-mixed")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_precision("16-mixed") == "16-mixed"


def test_bf16_and_channels_last_give_the_same_losses_as_plain_float32(tiny, tmp_path):
    losses = {}
    for precision in ("32-true", "bf16-mixed"):
        record = tiny("rgb", tmp_path / precision, precision=precision, log_every=1)
        losses[precision] = torch.tensor(record.data["curves"]["train"]["loss"])
    torch.testing.assert_close(*losses.values(), rtol=0.02, atol=0)
