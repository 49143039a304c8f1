"""Grids of pictures: what they show, where they lead, what is open."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rigid_depth.book.runs import picturediff
from rigid_depth.book.runs.picturegrid import compared_frames, difference_grid, headline_frames
from rigid_depth.book.runs.results import Published, Run, book_folder, published
from rigid_depth.experiments.recording.pictures import write_pictures


@pytest.fixture
def runs():
    def shown(condition):
        kinds = ("rgb", "target", "prediction", "depth-prediction")
        return {
            "token": condition,
            "condition": condition,
            "images": {k: f"{condition}-{k}.png" for k in kinds},
        }

    pictures = {"predictions": [shown("day"), shown("night")]}
    mse = [Run("cpu", "mse", s, pictures if s == 1 else {"predictions": []}) for s in (0, 1)]
    return [*mse, Run("cpu", "coral", 0, {"predictions": []})]


def test_what_is_not_published_is_open(runs):
    shown = Published(runs, "cpu")
    head, _, *lines = headline_frames(shown, "mse", (0, 1)).splitlines()
    assert head == "|  | frame 0 | frame 1 |", "RGB alone is not there"
    said = [line.split(" | ")[1][:5] for line in lines]
    assert said == ["open"] * 4 + ["[![RG"] + ["open"]
    grid = difference_grid(shown, [("MSE", "mse", "rgb"), ("C", "coral", "rgb")], (0,))
    assert [line.split(" | ")[-1] for line in grid.splitlines()[2:]] == ["open |", "open |"]


def test_a_branch_is_compared_with_rgb_alone(tmp_path):
    truth_m = np.full((32, 64), 30.0)
    truth_m[:8] = 0  # sky
    rgb = np.zeros((32, 64, 3), np.uint8)
    left = np.arange(64) < 48
    made = []
    for name, errors in (
        ("rgb-infinity", {"rgb": 4.0 * np.ones(64)}),
        ("mse", {"rgb": np.where(left, 2.2, 7.0), "depth": np.where(left, 9.0, 4.0)}),
    ):
        folder = tmp_path / "results" / "cpu" / name / "seed-0"
        folder.mkdir(parents=True)
        preds_m = {branch: truth_m + error for branch, error in errors.items()}
        images = write_pictures(folder, 0, rgb, truth_m, truth_m, preds_m)
        made.append(Run("cpu", name, 0, {"cost": {}, "predictions": [
            {"token": "t", "condition": "day", "images": images}]}))  # fmt: skip
    rows = [("MSE", "mse", "rgb"), ("MSE", "mse", "depth"), ("MSE", "mse", "zero_shot")]
    found = difference_grid(Published(made, "cpu"), rows, (0,), book=tmp_path)
    head, _, own, guide, none = found.splitlines()
    assert head == "|  | day |"
    assert none == "| MSE: zero-shot | – |"
    seen = [_colours(line) for line in (own, guide)]
    steps = picturediff.STEPS
    assert seen == [[steps[2], steps[5]], [steps[6], steps[3]]]
    assert guide.startswith("| MSE: RGB-D |")
    assert "(#run-cpu-mse-seed-0)" in own
    assert "at least 1 m less on 75 % of the surface, more on 25 %](data:" in own
    frames, _ = compared_frames(Published(made, "cpu"), "mse", "rgb-infinity", (0,), book=tmp_path)
    near = re.findall(r"!\[(prediction[^\]]*|RGB-D branch[^\]]*)\]", frames)
    assert [float(said.split()[-2]) for said in near] == pytest.approx([4.0, 2.2, 9.0], abs=0.45)


def test_the_true_depth_is_a_row_where_it_is_drawn(tmp_path, runs):
    shown = Published([r for r in runs if r.record["predictions"]], "cpu")
    shown.runs[0].record["cost"] = {}
    book = tmp_path / "book"
    without, _ = compared_frames(shown, "mse", "rgb", (0, 1), book=book)
    assert "true depth" not in without
    (book / "images" / "truth").mkdir(parents=True)
    (book / "images" / "truth" / "night.png").touch()
    rows, _ = compared_frames(shown, "mse", "rgb", (0, 1), book=book)
    (row,) = (line for line in rows.splitlines() if line.startswith("| true depth"))
    assert row == "| true depth | – | ![True depth, night](../book/images/truth/night.png) |"


def _colours(line: str) -> list[str]:
    """Of the picture in a cell, at the lower left and right; it has half the published size."""
    data = base64.b64decode(re.search(r"base64,([^)]+)\)", line)[1])
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert picture.shape == (16, 32, 3)
    return [f"#{r:02X}{g:02X}{b:02X}" for r, g, b in picture[-1, [0, -1]]]


PUBLISHED = published()


@pytest.mark.skipif(not PUBLISHED.shown, reason="no run of the scale shown is published")
def test_frames_of_published_runs_exist_and_lead_to_them():
    run = next(r for r in PUBLISHED.shown if r.experiment == "rgb-infinity")
    rows, caption = compared_frames(PUBLISHED, "mse", "rgb-infinity", (0, 2))
    files = re.findall(r"\]\((\.\./book/results/[^)]+)\)", rows)
    assert len(files) >= 6
    truths = re.findall(r"!\[True depth, \w+\]\((\.\./book/images/truth/[^)]+)\)", rows)
    tokens = [run.record["predictions"][k]["token"] for k in (0, 2)]
    assert [Path(file).stem for file in truths] == tokens
    files += truths
    notebooks = book_folder().parent / "notebooks"
    assert all((notebooks / file).resolve().is_file() for file in files)
    labels = set(re.findall(r"\(#([^)]+)\)", rows + caption))
    assert labels <= {r.label for r in PUBLISHED.shown}
    assert f"scale {PUBLISHED.scale}" in caption
    assert f"seed 0](#{run.label}), {run.record['cost']['steps']:,} steps" in caption


def test_a_row_without_a_run_at_the_scale_says_so(runs):
    shown = Published([r for r in runs if r.record["predictions"]], "cpu")
    shown.runs[0].record["cost"] = {"steps": 1200}
    rows, caption = compared_frames(shown, "mse", "rgb-infinity", (0, 1))
    assert caption.count("has no published pictures at scale cpu yet") == 1
    assert "RGB with infinity loss has no" in caption
    assert "1,200 steps" in caption
    assert "Difference" not in caption
    assert [line for line in rows.splitlines() if line.startswith("| difference")] == [
        "| difference of the errors | open | open |"
    ]
    assert "its RGB-D branch" in rows
    nothing = compared_frames(Published([], None), "mse", "rgb-infinity", (0, 1))
    assert nothing[1] == "No run of the scale that this book shows is published yet."
    assert nothing[0].count("open") == 6


def test_different_frames_have_no_difference(tmp_path):
    images = {kind: f"0-{kind}.png" for kind in ("rgb", "target", "error")}
    first, second = (
        Run("cpu", name, 0, {"cost": {}, "predictions": [frame]})
        for name in ("mse", "rgb")
        for frame in ({"token": name, "condition": "day", "images": images},)
    )
    rows, _ = compared_frames(Published([first, second], "cpu"), "mse", "rgb", (0,), book=tmp_path)
    assert "| difference of the errors | – |" in rows
