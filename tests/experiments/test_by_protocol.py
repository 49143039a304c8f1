"""Trained weights measured by the rules of other projects, and on frames of KITTI alone."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from rigid_depth.cli import app
from rigid_depth.data import open_frames, rasterise
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import SCALES, stores
from rigid_depth.experiments.measuring.evaluate import evaluate_weights
from rigid_depth.experiments.measuring.protocols import EVALUATED, find_protocol, score_images
from rigid_depth.experiments.predict import predict_depth
from rigid_depth.experiments.recording.weights import load_weights


def monodepth2(pred, true):
    """evaluate_depth.py of monodepth2 for one image, written out: RMSE and AbsRel."""
    h, w = true.shape
    crop = np.array([0.40810811 * h, 0.99189189 * h, 0.03594771 * w, 0.96405229 * w]).astype(int)
    inside = np.zeros(true.shape)
    inside[crop[0] : crop[1], crop[2] : crop[3]] = 1
    mask = np.logical_and(np.logical_and(true > 1e-3, true < 80), inside)
    pred, true = pred[mask].astype(float), true[mask].astype(float)
    pred = np.clip(pred * np.median(true) / np.median(pred), 1e-3, 80)
    return np.sqrt(((pred - true) ** 2).mean()), np.mean(np.abs(pred - true) / true)


def kitti_benchmark(pred, true):
    """The development kit for one image: SILog and iRMSE over all annotated pixels."""
    pred, true = pred[true > 0].astype(float), true[true > 0].astype(float)
    log = np.log(pred) - np.log(true)
    return np.sqrt((log**2).mean() - log.mean() ** 2), np.sqrt(((1 / pred - 1 / true) ** 2).mean())


def by_hand(folder, frames, rule):
    """The mean over images of a rule at the images' own size."""
    trained = load_weights(folder)
    values = []
    for frame in frames:
        true = rasterise(frame.points, tuple(frame.rgb.shape[1:]))[0].numpy()
        pred = predict_depth(trained, frame.rgb.permute(1, 2, 0).numpy())
        assert pred.shape == true.shape
        values.append(rule(pred, true))
    return np.mean(values, axis=0)


@pytest.mark.parametrize(
    ("name", "rule", "keys"),
    [
        ("monodepth2", monodepth2, ("rmse", "abs_rel")),
        ("kitti BENCHMARK", kitti_benchmark, ("silog", "irmse")),
    ],
)
def test_a_protocol_is_that_of_its_project(finished, world, name, rule, keys):
    found = evaluate_weights(finished.folder, dataroot=world, protocol=name, progress=False)["rgb"]
    frames = open_frames("synthetic", world, "test", size=None, sky=None)
    assert found["frames"] == len(frames)
    expected = by_hand(finished.folder, frames, rule)
    assert [found[key] for key in keys] == pytest.approx(expected.tolist(), rel=1e-4)


def test_protocols_are_found_by_the_name_of_a_project():
    assert find_protocol("adabins") == find_protocol("ZoeDepth")
    assert find_protocol("bts")[1].metrics == find_protocol("adabins")[1].metrics
    assert find_protocol("this book")[0] == "this book"
    with pytest.raises(RigidDepthError, match="unknown protocol 'midas'; allowed: this book, mono"):
        find_protocol("midas")


def test_eigen_s_crop_and_images_of_two_sizes():
    """Rows 124 to 341 of 375 and columns 44 to 1196 of 1242; each image by its own size."""
    true = torch.full((375, 1242), 10.0)
    pred = torch.full((375, 1242), 500.0)
    pred[124:342, 44:1197] = 11
    assert score_images([(pred, true)], EVALUATED["Eigen"])["rmse"] == pytest.approx(1)
    small = torch.full((10, 10), 10.0), torch.full((10, 10), 13.0)
    found = score_images([(pred, true), small[::-1]], EVALUATED["Eigen"])
    assert found["rmse"] == pytest.approx((1 + 3) / 2)
    assert found["pixels"] == (342 - 124) * (1197 - 44) + (9 - 3) * (9 - 0)


def test_what_belongs_to_kitti_is_refused_elsewhere(finished, world):
    ask = lambda **options: evaluate_weights(finished.folder, dataroot=world, **options)  # noqa: E731
    for options in ({"drives": ("0005",)}, {"files": "list.txt"}, {"split": "eigen"}):
        with pytest.raises(RigidDepthError, match="belong to kitti, not to synthetic"):
            ask(**options)
    with pytest.raises(RigidDepthError, match="give one of drives"):
        ask(split="eigen", drives=("0005",), dataset="kitti")
    with pytest.raises(RigidDepthError, match="unknown protocol 'x'"):
        ask(protocol="x")


def call(*words):
    return CliRunner().invoke(app, [*map(str, words), "--no-progress"])


@pytest.mark.filterwarnings("ignore:15 of the 697", "ignore:.*image_02. ")
def test_eigen_s_frames_one_drive_and_a_list_alone(finished, real, tmp_path):
    kitti = ["--dataset", "kitti", "--dataroot", real / "kitti_raw"]
    done = call("evaluate", finished.folder, *kitti, "--split", "eigen", "--protocol", "monodepth2")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["rgb"]
    frames = open_frames("kitti", real / "kitti_raw", "test", size=None, files={"test": "eigen"})
    assert found["frames"] == len(frames) == 15
    expected = by_hand(finished.folder, frames, monodepth2)
    assert [found["rmse"], found["abs_rel"]] == pytest.approx(expected.tolist(), rel=1e-4)
    path = tmp_path / "list.txt"
    path.write_text("2011_09_26/2011_09_26_drive_0005_sync 4 l\n")
    one, drive = (
        json.loads(call("evaluate", finished.folder, *kitti, *words).stdout)["rgb"]
        for words in (("--files", path), ("--drives", "0005"))
    )
    assert 0 < one["caps"]["80"]["pixels"] < drive["caps"]["80"]["pixels"] / 50
    assert list(drive["scenes"]) == ["2011_09_26_drive_0005_sync"]


def test_annotation_by_the_rules_of_the_benchmark(finished, real):
    words = ["--dataset", "kitti", "--dataroot", real / "kitti_raw", "--drives", "0001"]
    words += ["--annotation-root", real / "kitti_depth", "--protocol", "KITTI benchmark"]
    done = call("evaluate", finished.folder, *words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rgb"]["frames"] == 12


@pytest.mark.filterwarnings("ignore:15 of the 697", "ignore:KITTI drive")
def test_the_split_is_an_option_and_a_data_set(settings, real):
    words = ["prepare", "--dataroot", real / "kitti_raw", "-p", "image_size=32x64"]
    named = call(*words, "--dataset", "kitti-eigen")
    assert named.exit_code == 0, named.output
    assert "test  15 frames of 1 scenes" in named.output
    assert call(*words, "--dataset", "kitti", "--split", "eigen").output == named.output
    assert "--split is 'eigen'; allowed is eigen, with --dataset kitti" in (
        call(*words, "--split", "eigen").stderr
    )


def test_a_run_on_kitti_says_which_drives_it_takes(fake_root, capsys):
    scale = SCALES["smoke"]
    stores._say_drives(fake_root, stores.data_options(scale, "kitti"))
    assert "KITTI: 3 drives are there; train drives 0005, val drives 0013." in (
        capsys.readouterr().err
    )


@pytest.fixture
def fake_root(tmp_path):
    for drive in ("0001", "0005", "0013"):
        (tmp_path / "2011_09_26" / f"2011_09_26_drive_{drive}_sync").mkdir(parents=True)
    return tmp_path
