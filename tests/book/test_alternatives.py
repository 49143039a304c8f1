"""Every figure says what is seen: words of its own, and none that another figure has."""

import itertools
import json
import re
from collections import defaultdict
from pathlib import Path

import jupytext
import nbformat
import pytest

from rigid_depth.book.cells.inwords import line_in_words, with_words, words_of
from rigid_depth.book.executed.figuredata import PLOTLY
from rigid_depth.book.pages.experimentpage import CURVES
from rigid_depth.book.pages.foundpage import FIGURE, found_pages
from rigid_depth.book.pages.write import by_experiment
from rigid_depth.book.runs.curves import bands
from rigid_depth.book.runs.results import published
from rigid_depth.book.site.alternatives import describe
from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[2]
TEXTS = sorted(ROOT.glob("notebooks/*.md"))
LEAST_WORDS = 12
"""Fewer words than these name a picture and do not say what is seen in it."""
PICTURE = re.compile(r"^`{3,}\{figure\} .*\n(?::.*\n)*?:alt: (.+)$", re.MULTILINE)


def code_cells(notebook) -> list:
    """The code cells of a text or its twin, without the one that papermill puts in."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    ]


def figures(text: Path) -> list[tuple[str, str]]:
    """Name and words of the figures of a chapter: options of the text, stored outputs."""
    found = []
    twin = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    for cell, executed in itertools.zip_longest(
        code_cells(jupytext.read(text)), code_cells(twin), fillvalue=nbformat.v4.new_code_cell()
    ):
        options = cell.metadata.get("mystnb") or {}
        given = (options.get("image") or {}).get("alt", "")
        for output in executed.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                name = (options.get("figure") or {}).get("name", "")
                found.append((name, given or words_of(data.get(PLOTLY, {}))))
    return found


@pytest.fixture(params=TEXTS, ids=lambda path: path.stem)
def text(request):
    return request.param


def test_every_figure_says_what_is_seen(text):
    mute = [name for name, words in figures(text) if len(words.split()) < LEAST_WORDS]
    mute += [said for said in PICTURE.findall(text.read_text()) if len(said.split()) < LEAST_WORDS]
    assert not mute


def test_no_two_figures_have_the_same_words():
    owners = defaultdict(list)
    for text in TEXTS:
        for name, words in figures(text):
            owners[words].append(name)
        for words in PICTURE.findall(text.read_text()):
            owners[words].append(text.stem)
    twice = [names for words, names in owners.items() if words and len(names) > 1]
    assert not twice


def test_the_figures_of_pages_say_what_is_seen():
    runs = published().runs
    drawn = [bands(s, lines, axis) for s in by_experiment(runs) for axis, lines in CURVES.items()]
    drawn.append(json.loads(found_pages([], runs, ROOT)[FIGURE]))
    said = [words_of(figure) for figure in drawn if figure["data"]]
    assert min(len(words.split()) for words in said) >= LEAST_WORDS
    assert len(set(said)) == len(said)


def test_axes_and_names_alone_are_refused():
    figure = {
        "data": [{"type": "scatter", "name": "RGB", "y": [1, 2]}],
        "layout": {"title": {"text": "Error"}, "xaxis": {"title": {"text": "step"}}},
    }
    with pytest.raises(RigidDepthError, match="alt"):
        describe(figure)


def test_controls_are_named_after_what_is_seen():
    slider = {"steps": [{"label": "0"}, {"label": "9"}], "currentvalue": {"prefix": "step "}}
    play = {"type": "buttons", "buttons": [{"label": "▶"}]}
    choice = {"buttons": [{"label": "RMSE"}, {"label": "δ1"}]}
    figure = {"data": [], "layout": {"sliders": [slider], "updatemenus": [play, choice]}}
    assert describe(figure, "It\nfalls") == (
        "It falls. Slider: step 0 to 9. A button plays all steps. Menu: RMSE, δ1."
    )
    assert describe(with_words(figure, "It rises.")).startswith("It rises. Slider")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([9.0, 8.0, 7.1, 7.0], "falls from 9 to 7"),
        ([9.0, 7.0, 6.9, 7.0], "falls from 9 to 7"),
        ([0.6, 0.01, 0.05, 0.07], "falls from 0.6 to 0.01 at step 20 and rises to 0.07"),
        ([1.0, 5.0, 4.0, 3.0], "rises from 1 to 5 at step 20 and falls to 3"),
        ([1.0, 2.0, 3.0, 4.0], "rises from 1 to 4"),
        ([1.0, 1.0, 1.0, 1.0], "stays at 1"),
    ],
)
def test_a_line_is_told_by_its_ends_and_its_turn(values, said):
    assert line_in_words("RGB", [10, 20, 30, 40], values) == f"RGB {said}"
