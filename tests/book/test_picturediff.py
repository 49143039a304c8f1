"""Differences read off published error pictures: how exact they are, and what they show."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from rigid_depth.book.runs import picturediff, results
from rigid_depth.experiments.recording.pictures import depth_picture, write_pictures


def stored(folder, error_m):
    """The error picture of a run whose prediction errs by that much."""
    truth_m = np.where(np.isnan(error_m), 0, 20.0)
    image = np.zeros((*error_m.shape, 3), np.uint8)
    preds = {"rgb": 20.0 + np.nan_to_num(error_m)}
    names = write_pictures(folder, 0, image, truth_m, truth_m, preds)
    return folder / names["error"]


@pytest.fixture
def error_m():
    """Smooth errors of 0 to 14 m with noise on them, and a sky."""
    down, right = np.mgrid[0:128, 0:256]
    noise = np.random.default_rng(0).normal(0, 0.4, down.shape)
    found = np.abs(7 + 5 * np.sin(right / 30) + 3 * np.cos(down / 20) + noise)
    found[:30, 60:] = np.nan
    return found


def test_errors_are_read_back_within_what_the_module_says(tmp_path, error_m):
    found = picturediff.read_error_m(stored(tmp_path, error_m))
    assert np.array_equal(np.isnan(found), np.isnan(error_m))
    wrong = np.abs(found - np.minimum(error_m, 10))
    assert np.nanmax(wrong) < picturediff.READ_WITHIN_M
    assert np.nanmean(wrong) < 0.1
    assert picturediff.EDGES_M[3] > 2 * picturediff.READ_WITHIN_M


def test_another_colour_map_is_refused(tmp_path):
    Image.fromarray(depth_picture(np.linspace(2, 90, 600).reshape(20, 30))).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="cividis"):
        picturediff.read_error_m(tmp_path / "a.png")


def test_colours_say_who_errs_less(tmp_path):
    ours = np.array([[1.0, 5.0, 5.0, 12.0, 12.0, np.nan]])
    reference = np.array([[6.0, 5.3, 2.5, 8.5, 30.0, 3.0]])
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    tall = [stored(f, np.repeat(e, 8, 0)) for f, e in zip(folders, (ours, reference), strict=True)]
    found = picturediff.difference(*tall)
    assert found.uri.startswith("data:image/png;base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(found.uri.partition(",")[2]))).convert("RGBA")
    shown = np.asarray(picture)[0]
    colours = [f"#{r:02X}{g:02X}{b:02X}" for r, g, b, _ in shown]
    steps = picturediff.STEPS
    grey, sky = picturediff.BOTH_BEYOND, picturediff.NO_SURFACE
    assert colours == [steps[0], steps[3], steps[5], steps[4], grey, sky]
    assert list(shown[:, 3]) == [255, 0, 255, 255, 255, 255], "the page shows where nothing differs"
    assert found.seen == "at least 1 m less on 20 % of the surface, more on 40 %"


def test_blocks_take_the_mean_of_what_is_known():
    values = np.array([[1.0, np.nan, np.nan, np.nan], [3.0, np.nan, np.nan, np.nan]])
    assert np.array_equal(picturediff.halved(values), [[2.0, np.nan]], equal_nan=True)


def test_pictures_of_different_sizes_are_not_compared(tmp_path, error_m):
    Image.open(stored(tmp_path, error_m)).resize((128, 64)).save(tmp_path / "small.png")
    assert picturediff.difference(tmp_path / "0-error.png", tmp_path / "small.png") is None


def test_the_published_error_pictures_can_be_read():
    """And two runs of one scale see the same surfaces in the same frame."""
    folder = results.book_folder() / "results"
    surfaces = {}
    with_pictures = [r for r in results.published().shown if r.record["predictions"]]
    for run in with_pictures:
        split = run.record["parameters"].get("split_by")
        for shown in run.record["predictions"][:2]:
            error_m = picturediff.read_error_m(folder / run.name / shown["images"]["error"])
            assert 0 <= np.nanmin(error_m) < np.nanmax(error_m) <= 10
            known = surfaces.setdefault((split, shown["token"]), np.isnan(error_m))
            assert np.array_equal(known, np.isnan(error_m))
    assert with_pictures
