"""The way of the scale `paper` on a folder in the shape of nuScenes v1.0-trainval, end to end."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from nuscenes.utils.splits import create_splits_scenes
from PIL import Image
from typer.testing import CliRunner

from rigid_depth.cli import app

SMALL = ["-p", "image_size=32x64"]
SHORT = ["-p", "width=0.1", "-p", "steps=4", "-p", "batch_size=2", "-p", "val_frames=2"]
SHORT += ["-p", "train_frames=2", "-p", "validate_every=2", "-p", "checkpoint_every=2"]
COUNTS = {"train": 630, "val": 70, "test": 150}
"""Scenes of the official splits: a tenth of the official train is watched, val is tested on."""


def trainval(world: Path, root: Path) -> Path:
    """A v1.0-trainval folder of all 850 scenes, one keyframe each, out of the frames of a world.

    Every keyframe has records of its own; they take turns with the world's images and sweeps. Of
    the world's truth and of its own splits nothing is there.
    """
    read = {
        name: json.loads((world / "v1.0-synthetic" / f"{name}.json").read_text())
        for name in ("sensor", "calibrated_sensor", "scene", "sample", "sample_data", "ego_pose")
    }
    official = create_splits_scenes()
    keyframes = [
        (sample, [d for d in read["sample_data"]
                  if d["sample_token"] == sample["token"] and d["is_key_frame"]])
        for sample in read["sample"]
    ]  # fmt: skip
    scenes, samples, data = [], [], []
    for number, name in enumerate(sorted({*official["train"], *official["val"]})):
        sample, records = keyframes[number % len(keyframes)]
        token, scene = f"sample-{number}", f"scene-{number}"
        scenes.append({"token": scene, "name": name, "description": "Turn left, night, rain"})
        samples.append({**sample, "token": token, "scene_token": scene})
        data += [{**d, "token": f"{d['token']}-{number}", "sample_token": token} for d in records]
    made = {**read, "scene": scenes, "sample": samples, "sample_data": data}
    folder = root / "v1.0-trainval"
    folder.mkdir(parents=True)
    for name, rows in made.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
    shutil.copytree(world / "samples", root / "samples")
    return root


@pytest.fixture(scope="module")
def nuscenes(world, tmp_path_factory):
    return trainval(world, tmp_path_factory.mktemp("nuscenes") / "root")


def rigid_depth(*words) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_prepare_run_evaluate_and_predict(nuscenes, tmp_path):
    paper = ["--scale", "paper", "--dataroot", nuscenes, "--sky", "none", "--no-progress"]
    told = rigid_depth("prepare", *paper, *SMALL)
    for split, count in COUNTS.items():
        assert f"{split:5} {count} frames of {count} scenes" in told
    folder = Path(rigid_depth("run", "rgb", *paper, *SMALL, *SHORT, "--out", tmp_path).strip())
    record = json.loads((folder / "record.json").read_text())
    assert record["data"]["version"] == "v1.0-trainval"
    assert record["cost"]["steps"] == 4
    official = set(create_splits_scenes()["val"])
    assert set(record["metrics"]["test"]["rgb"]["scenes"]) <= official
    words = ["--dataroot", nuscenes, "--sky", "none", "--no-progress"]
    again = json.loads(rigid_depth("evaluate", folder, *words))
    kept = record["metrics"]["test"]["rgb"]["caps"]["80"]["rmse_m"]
    assert again["rgb"]["caps"]["80"]["rmse_m"] == pytest.approx(kept, rel=1e-3)
    image = next((nuscenes / "samples" / "CAM_FRONT").iterdir())
    rigid_depth("predict", folder, image, "--out", tmp_path / "depth", "--no-progress")
    depth_m = np.load(tmp_path / "depth" / f"{image.stem}-depth.npy")
    assert depth_m.shape == Image.open(image).size[::-1]
    assert np.isfinite(depth_m).all()


def test_the_sky_loss_on_a_part_with_guessed_masks(nuscenes, tmp_path):
    paper = ["--scale", "paper", "--dataroot", nuscenes, "--scenes", 12, "--no-progress"]
    folder = rigid_depth("run", "rgb-infinity", *paper, *SMALL, *SHORT, "--out", tmp_path).strip()
    assert json.loads((Path(folder) / "record.json").read_text())["data"]["sky"]
