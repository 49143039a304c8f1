"""The scales below pictures have the colours of the pictures, and words for who sees neither."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from rigid_depth.book.executed.figuredata import TABLE
from rigid_depth.book.runs import picturediff, scales
from rigid_depth.book.runs.picturegrid import as_grid
from rigid_depth.experiments.recording.pictures import depth_picture, error_picture

ALL = (scales.depth_scale, scales.error_scale, scales.difference_scale)


def drawn(scale):
    """The elements of a drawing: bar pieces, in their order, and labels."""
    root = ElementTree.fromstring(scale())
    boxes = [found.attrib for found in root.iter("rect") if "shape-rendering" in found.attrib]
    return root, boxes, list(root.iter("text"))


def colour_at(boxes, label):
    """The colour, of 255, of the piece of the bar above a label."""
    x = float(label.attrib["x"])
    box = min(boxes, key=lambda b: abs(float(b["x"]) + float(b["width"]) / 2 - x))
    return np.array(to_rgb(box["fill"])) * 255


@pytest.mark.parametrize(
    ("scale", "picture"),
    [(scales.depth_scale, depth_picture), (scales.error_scale, error_picture)],
)
def test_a_label_stands_below_the_colour_of_its_metres(scale, picture):
    _, boxes, (_, *labels) = drawn(scale)
    for label in labels:
        metres = float(label.text.rstrip("+"))
        expected = picture(np.array([[metres]]))[0, 0]
        assert np.abs(colour_at(boxes, label) - expected).max() < 16, label.text
    assert len(labels) == 6


def test_differences_have_the_colours_of_their_pictures():
    _, boxes, (_, *labels) = drawn(scales.difference_scale)
    fills = [box["fill"] for box in boxes]
    assert fills[:3] + fills[4:7] == [*picturediff.STEPS[:3], *picturediff.STEPS[4:]]
    assert fills[3] == "none", "the page shows, as in the pictures"
    assert fills[7:] == [picturediff.BOTH_BEYOND, picturediff.NO_SURFACE]
    edges = [float(label.text.replace("−", "-")) for label in labels[:6]]
    assert tuple(edges) == picturediff.EDGES_M


@pytest.mark.parametrize("scale", ALL)
def test_words_take_the_colour_of_the_page_and_fit(scale):
    root, _, labels = drawn(scale)
    assert root.attrib["role"] == "img"
    assert len(root.attrib["aria-label"].split()) > 8
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width <= 340, "a page 400 px wide has no more room"
    for label in labels:
        assert "fill" not in label.attrib
        long = 0.6 * scales.LETTER_PX * len(label.text)
        left = float(label.attrib["x"]) - long / 2 * (label.attrib["text-anchor"] == "middle")
        assert left >= 0
        assert left + long <= width
        assert float(label.attrib["y"]) < height


def test_the_scales_follow_the_table_and_leave_its_data_alone():
    pictures = "|  | day |\n| :--- | ---: |\n| MSE | x |\n"
    text = as_grid(pictures, name="tab-a", caption="C", depth=False).data
    ((_, options, rows),) = TABLE.findall(text)
    assert rows == pictures.rstrip("\n") + "\n"
    assert "rd-grid" in options
    assert re.findall(r"Scale of \w+", text) == ["Scale of differences"]
    assert text.index("rd-scales") > text.index("| MSE")
    assert as_grid(pictures, name="tab-a", caption="C").data.count("<svg") == 2
