"""A page is made from the copy of a notebook that is up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rigid_depth.book.executed import copies

CELL = "```{code-cell} ipython3\n%s\n```\n"


@pytest.fixture
def text(tmp_path) -> Path:
    path = tmp_path / "notebooks" / "chapter.md"
    path.parent.mkdir()
    path.write_text(CELL % "from rigid_depth.losses.depth import masked_mse")
    return path


def write(path: Path, stamp: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [], "metadata": {"rigid_depth": stamp}}))
    return path


def current(text: Path) -> list[bool]:
    """Whether the stored twin and this machine's copy are up to date."""
    wanted = copies.stamp(text)
    both = text.with_suffix(".ipynb"), copies.executed(text)
    return [copies.is_current(copy, wanted) for copy in both]


def test_the_stored_notebook_is_shown_until_a_newer_copy_is_there(text):
    stored = text.with_suffix(".ipynb")
    assert current(text) == [False, False]
    write(stored, copies.stamp(text))
    assert current(text) == [True, False]
    assert copies.shown(text) == stored
    text.write_text(text.read_text() + "\nMore.\n")
    assert current(text) == [False, False]
    copy = write(copies.executed(text), copies.stamp(text))
    assert current(text) == [False, True]
    assert copies.shown(text) == copy
    text.write_text(text.read_text() + "\nAnd more.\n")
    assert current(text) == [False, False]
    assert copies.shown(text) == stored, "an old copy of this machine is nobody's"


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("import torch", "import torch  # fast", True),
        (
            "from rigid_depth.losses.depth import masked_mse",
            "import torch\nfrom rigid_depth.losses.depth import (\n    masked_mse,\n)",
            True,
        ),
        ("import torch", "from rigid_depth.losses.depth import masked_mse", False),
        ("import rigid_depth.experiments", "import torch\n%matplotlib inline", False),
    ],
)
def test_code_is_that_of_what_the_cells_import(text, first, second, alike):
    stamps = []
    for code in (first, second):
        text.write_text(CELL % code)
        stamps.append(copies.stamp(text)["code"])
    assert (stamps[0] == stamps[1]) is alike


def test_records_count_where_the_cells_read_them(text, tmp_path):
    record = tmp_path / "book" / "results" / "core" / "rgb" / "seed-0" / "record.json"
    record.parent.mkdir(parents=True)
    seen = {}
    for line in ("from rigid_depth.book.runs import results", "import rigid_depth.losses"):
        text.write_text(CELL % line)
        for content in ("1", "2"):
            record.write_text(content)
            copies._content.cache_clear()
            seen[line, content] = copies.stamp(text)["records"]
    reading, other = dict.fromkeys(line for line, _ in seen)
    assert seen[reading, "1"] != seen[reading, "2"]
    assert seen[other, "1"] == seen[other, "2"] == ""


def test_a_correction_of_the_thesis_tables_outdates_who_prints_them(text, tmp_path):
    printed = tmp_path / "book" / "thesis_tables.json"
    text.write_text(CELL % "from rigid_depth.book.runs import results")
    printed.parent.mkdir(exist_ok=True)
    stamps = []
    for content in ("1", "2"):
        printed.write_text(content)
        copies._content.cache_clear()
        stamps.append(copies.stamp(text)["records"])
    assert stamps[0] != stamps[1]


@pytest.mark.parametrize(
    ("group", "line", "reads"),
    [
        ("core-kitti", "results.published()", True),
        ("cpu", "results.published()", False),
        ("cpu", 'results.published("cpu")', True),
        ("cpu", 'cpu = results.published()  # not "cpu"', False),
    ],
)
def test_records_of_another_scale_count_where_a_cell_names_it(text, tmp_path, group, line, reads):
    """A run published at a scale that a chapter does not show makes its execution no older."""
    record = tmp_path / "book" / "results" / group / "rgb" / "seed-0" / "record.json"
    record.parent.mkdir(parents=True)
    text.write_text(CELL % f"from rigid_depth.book.runs import results\n{line}")
    seen = set()
    for content in ("1", "2"):
        record.write_text(content)
        copies._content.cache_clear()
        seen.add(copies.stamp(text)["records"])
    assert len(seen) == (2 if reads else 1)
