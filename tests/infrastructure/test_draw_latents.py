"""The picture of latents in chapter 7.8: which run it is of, and whether the text is right."""

import json
from pathlib import Path

import draw_latents
import numpy as np
import pytest
from PIL import Image

from rigid_depth.experiments.recording.record import read_record

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def comment() -> dict:
    return json.loads(Image.open(draw_latents.TARGET).info["comment"])


def test_the_picture_is_of_the_published_run(comment):
    assert comment["run"] == draw_latents.RUN
    record = read_record(ROOT / "book" / "results" / draw_latents.RUN)
    assert comment["created"] == record.data["created"], "draw it anew: workflow/draw_latents.py"


def test_the_text_says_what_the_picture_shows(comment):
    """Both rotations bring the RGB latent nearer to the other, alike, and leave much of it."""
    found = comment["relative_distance"]
    assert found["own guide"] < 0.2
    for turned in ("own rgbd", "guide rgbd"):
        assert 0.5 < found[turned] < 0.9 * found["rgb rgbd"]


def test_the_distance_is_none_between_equals_and_one_between_strangers():
    first, second = np.random.default_rng(0).normal(size=(2, 100_000))
    assert draw_latents.apart(first, first) == 0
    assert draw_latents.apart(first, second) == pytest.approx(1, rel=0.01)
    assert draw_latents.apart(first, 3 * first) == pytest.approx(0.4, rel=0.01)


def test_the_drawing_has_a_row_for_the_images_and_each_latent():
    draws = np.random.default_rng(0)
    found = {name: draws.normal(size=(2, 4, 8, 6)) for name in draw_latents.NAMES}
    figure = draw_latents.draw(np.zeros((2, 16, 32, 3), np.uint8), found)
    assert len(figure.axes) == 2 * (1 + len(found))
    assert [axis.get_ylabel() for axis in figure.axes[::2]] == [
        "image",
        *draw_latents.NAMES.values(),
    ]
