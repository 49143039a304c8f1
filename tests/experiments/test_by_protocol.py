"""Trained weights measured by the rules of other projects, and on frames of KITTI alone."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from rigid_depth.cli import app
from rigid_depth.data import open_frames, rasterise
from rigid_depth.data.kitti_forward import forward_depth
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS, SCALES, evaluate, stores
from rigid_depth.experiments.evaluate import evaluate_weights
from rigid_depth.experiments.measuring.protocols import EVALUATED, find_protocol, score_images
from rigid_depth.experiments.predict import predict_depth
from rigid_depth.experiments.recording.weights import load_weights
from rigid_depth.experiments.settings import override


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
    """The development kit for one image: SILog, squared relative error and iRMSE."""
    n, logs, squared_logs, squares, inverse = 0, 0.0, 0.0, 0.0, 0.0
    height, width = true.shape
    top, left = max(height - 352, 0), max((width - 1216) // 2, 0)
    for v, u in zip(*np.nonzero(true), strict=True):
        if v < top or not left <= u < left + 1216:
            continue
        p, d = float(pred[v, u]), float(true[v, u])
        n += 1
        logs += np.log(d) - np.log(p)
        squared_logs += (np.log(d) - np.log(p)) ** 2
        squares += (d - p) ** 2 / (d * d)
        inverse += (1 / d - 1 / p) ** 2
    return np.sqrt(squared_logs / n - logs**2 / n**2), squares / n, np.sqrt(inverse / n)


def velodyne_truth(source):
    """generate_depth_map of monodepth2 with vel_depth, return by return."""

    def numbers(name, key):
        text = (source.depth_file.parents[3] / name).read_text()
        line = next(line for line in text.splitlines() if line.startswith(f"{key}: "))
        return np.array(line.split()[1:], float)

    rotation = numbers("calib_velo_to_cam.txt", "R").reshape(3, 3)
    shift = numbers("calib_velo_to_cam.txt", "T")
    rectify = numbers("calib_cam_to_cam.txt", "R_rect_00").reshape(3, 3)
    matrix = numbers("calib_cam_to_cam.txt", "P_rect_02").reshape(3, 4)
    width, height = numbers("calib_cam_to_cam.txt", "S_rect_02").astype(int)
    depth = np.zeros((height, width))
    for x, y, z, _ in np.fromfile(source.depth_file, np.float32).reshape(-1, 4).astype(float):
        if x < 0:
            continue
        s, t, w = matrix @ [*(rectify @ (rotation @ [x, y, z] + shift)), 1.0]
        column, row = round(s / w) - 1, round(t / w) - 1
        if 0 <= column < width and 0 <= row < height:
            depth[row, column] = min(x, depth[row, column] or np.inf)
    return depth


def by_hand(folder, frames, rule, truth=None):
    """The mean over images of a rule at the images' own size."""
    trained = load_weights(folder)
    values = []
    for frame, source in zip(frames, frames.sources, strict=True):
        true = rasterise(frame.points, tuple(frame.rgb.shape[1:]))[0].numpy()
        true = truth(source) if truth else true
        pred = predict_depth(trained, frame.rgb.permute(1, 2, 0).numpy())
        assert pred.shape == true.shape
        values.append(rule(pred, true))
    return np.mean(values, axis=0)


@pytest.mark.parametrize(
    ("name", "rule", "keys"),
    [
        ("monodepth2", monodepth2, ("rmse", "abs_rel")),
        ("kitti BENCHMARK", kitti_benchmark, ("silog", "sq_rel", "irmse")),
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


def test_the_benchmark_s_window_and_unidepth_s_crop_in_it():
    """Rows 23 to 374 and columns 13 to 1228 of 375 x 1242; UniDepth's Garg crop is within them."""
    true = torch.full((375, 1242), 10.0)
    for name, rows, columns in (
        ("KITTI benchmark", (23, 375), (13, 1229)),
        ("UniDepth on KITTI", (23 + 143, 23 + 349), (13 + 43, 13 + 1172)),
    ):
        pred = torch.full((375, 1242), 500.0)
        pred[slice(*rows), slice(*columns)] = 11
        found = score_images([(pred, true)], EVALUATED[name])
        assert found["rmse"] == pytest.approx(1)
        assert found["pixels"] == (rows[1] - rows[0]) * (columns[1] - columns[0])
        pred[rows[0] - 1] = pred[:, columns[1]] = 10.0
        assert score_images([(pred, true)], EVALUATED[name])["rmse"] == pytest.approx(1)


def test_monodepth2_with_the_annotation_has_no_crop_and_no_cap_on_the_truth():
    """Predictions are scaled and clamped to 80 m all the same."""
    true = torch.tensor([[0.0, 10.0, 20.0, 84.0]])
    found = score_images([(2 * true + 1, true)], EVALUATED["monodepth2 improved"])
    pred = np.clip(np.array([21.0, 41.0, 169.0]) * 20 / 41, 1e-3, 80)
    error = pred - [10.0, 20.0, 84.0]
    assert found["pixels"] == 3
    assert found["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert find_protocol("Monodepth2 Improved")[0] == "monodepth2 improved"


def test_an_image_with_nine_returns_does_not_count_for_depth_anything():
    true = torch.zeros(2, 20)
    true[0, :10] = 10.0
    few = torch.zeros(2, 20)
    few[0, :9] = 10.0
    rules = EVALUATED["Depth Anything V2"]
    pairs = [(true + 1, true), (few + 5, few)]
    assert score_images(pairs, rules)["rmse"] == pytest.approx(1)
    assert score_images(pairs, EVALUATED["UniDepth"])["rmse"] == pytest.approx(3)


def test_the_truth_of_monodepth2_is_x_of_the_lidar(tmp_path):
    """A camera that looks along x, 0.3 m ahead of the LiDAR: f 10 px, centre at (20, 10)."""
    folder = tmp_path / "2011_09_26"
    drive = folder / "2011_09_26_drive_0005_sync"
    for part in ("image_02/data", "velodyne_points/data"):
        (drive / part).mkdir(parents=True)
    (folder / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 -0.3\n")
    (folder / "calib_cam_to_cam.txt").write_text(
        "S_rect_02: 40 20\nR_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: 10 0 20 0 0 10 10 0 0 0 1 0\n"
    )
    rows = [[10.3, -1, -1, 0], [20.3, -2, -2, 0], [30.3, 0, 0, 0], [-5, 0, 0, 0], [9, 80, 0, 0]]
    np.array(rows, np.float32).tofile(drive / "velodyne_points/data/0000000000.bin")
    Image.new("RGB", (40, 20)).save(drive / "image_02/data/0000000000.png")
    frames = open_frames("kitti", tmp_path, "all", size=None, sky=None)
    found = forward_depth(frames.sources[0], (20, 40))
    expected = np.zeros((20, 40))
    expected[10, 20], expected[9, 19] = 10.3, 30.3  # of two in one pixel the nearer
    assert found == pytest.approx(expected, abs=1e-6)
    assert found == pytest.approx(velodyne_truth(frames.sources[0]))
    assert sorted(frames[0].points[:, 2].tolist()) == pytest.approx([10, 30])
    with pytest.raises(RigidDepthError, match="was shrunk; a protocol with this truth needs 20x40"):
        forward_depth(frames.sources[0], (10, 20))


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
    expected = by_hand(finished.folder, frames, monodepth2, velodyne_truth)
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


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["prepare", "--split", "eigen"], "`--split eigen` belongs to kitti, not to synthetic."),
        (["run", "rgb", "--split", "eigen"], "`--split eigen` belongs to kitti, not to synthetic."),
        (["prepare", "--split", "x", "--dataset", "kitti"], "--split is 'x'; allowed is eigen."),
    ],
)
def test_a_split_of_another_data_set_is_refused(words, sentence):
    assert call(*words).stderr == f"rigid-depth: {sentence}\n"


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


@pytest.mark.parametrize(
    "asked", [("test", ("0013",), ""), ("eigen", (), ""), ("test", (), "list.txt")]
)
def test_frames_that_are_named_are_measured_all(asked):
    """Weights of a run that split its data by frames would leave out most of a drive."""
    scale = replace(SCALES["core"], split_by="frame", train_drives=("0001",))
    chosen = override(EXPERIMENTS["rgb"], scale, evaluate._of_kitti(*asked, "kitti"))[1]
    assert (chosen.split_by, chosen.train_drives) == ("scene", ())
