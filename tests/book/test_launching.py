"""Buttons that run a chapter on the web: only where the publishing workflow asks for them."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from rigid_depth.book.publishing import launching


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/book")
    monkeypatch.setenv("RIGID_DEPTH_LAUNCH", "executed")


def test_a_build_offline_has_no_buttons(monkeypatch):
    monkeypatch.delenv("RIGID_DEPTH_LAUNCH", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/book")
    assert launching.links("notebooks/a") == ""


def test_buttons_open_the_notebook_of_the_branch(published):
    colab, binder = re.findall(r'href="([^"]+)"', launching.links("notebooks/a"))
    assert colab == (
        "https://colab.research.google.com/github/someone/book/blob/executed/notebooks/a.ipynb"
    )
    assert binder == (
        "https://mybinder.org/v2/gh/someone/book/executed?urlpath=lab/tree/notebooks/a.ipynb"
    )


def test_copies_keep_their_outputs_and_do_nothing_more_off_colab(published, tmp_path):
    (tmp_path / "notebooks").mkdir()
    source = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("x = 1", execution_count=1)]), source)
    launching.write_copies([source], tmp_path, "someone/book", "executed")
    made = nbformat.read(tmp_path / "notebooks" / "a.ipynb", as_version=4)
    nbformat.validate(made)
    buttons, set_up, cell = made.cells
    assert "/blob/executed/notebooks/a.ipynb)" in buttons.source
    assert (cell.source, cell.execution_count) == ("x = 1", 1)
    assert "--branch executed https://github.com/someone/book" in set_up.source
    plain = re.sub(r"^(\s+)[!%].*", r"\1pass", set_up.source, flags=re.M)
    *before, guarded = ast.parse(plain).body
    assert isinstance(guarded, ast.If)
    assert [type(node) for node in before] == [ast.Import]
