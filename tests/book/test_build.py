"""`jupyter-book build .`, typed by who knows Jupyter Book and not make."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from rigid_depth.book.executed import copies
from rigid_depth.book.site import extension

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """title: Book
only_build_toc_files: true
exclude_patterns: ["notebooks/*.md"]
execute: {execute_notebooks: "off"}
repository: {url: ""}
bibtex_bibfiles: [book/references.bib]
sphinx:
  extra_extensions: [rigid_depth.book.site.extension]
  config: {suppress_warnings: [etoc.toctree], html_static_path: [book/_style]}
"""
TOC = """format: jb-book
root: book/intro
chapters:
- file: notebooks/07_2_rgb
- file: notebooks/07_3_rgb_infinity
- file: book/generated/ledger
- file: book/generated/released
- file: book/generated/runs
  sections:
  - glob: book/generated/runs/*
"""
TEXT = (
    "# RGB\n\nSeed 1 had [6.200](#run-core-rgb-seed-1).\n\n```{code-cell} ipython3\nprint(1)\n```\n"
)
BUILD = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "--keep-going"]


def write(path: Path, text: Path, shown: str, seen: str = "The line rises.") -> None:
    """Stands in for an execution of the text whose cell printed `shown` and drew what is `seen`."""
    cell = new_code_cell("print(1)", execution_count=1)
    figure = {"data": [{"type": "scatter", "y": [1, 2]}], "layout": {"meta": {"alt": seen}}}
    bundle = {extension.PLOTLY_MIME: figure, "image/png": "iVBORw0KGgo="}
    cell.outputs = [
        new_output("stream", name="stdout", text=f"{shown}\n"),
        new_output("display_data", data=bundle),
    ]
    prose = text.read_text().partition("```")[0]
    notebook = new_notebook(cells=[new_markdown_cell(prose), cell])
    notebook.metadata["rigid_depth"] = copies.stamp(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture
def root(book) -> Path:
    """A whole small book: settings, two notebooks, runs, ledger, and no generated page."""
    (book / "_config.yml").write_text(CONFIG)
    (book / "_toc.yml").write_text(TOC)
    (book / "book" / "intro.md").write_text("# Book\n\n{cite:p}`halperin2024thesis`\n")
    shutil.copy(ROOT / "book" / "references.bib", book / "book")
    shutil.copytree(ROOT / "book" / "_style", book / "book" / "_style")
    for name in ("07_2_rgb", "07_3_rgb_infinity"):
        text = book / "notebooks" / f"{name}.md"
        text.parent.mkdir(exist_ok=True)
        text.write_text(TEXT)
        write(text.with_suffix(".ipynb"), text, "of the stored notebook")
    return book


def build(root: Path) -> str:
    done = subprocess.run(BUILD, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def page(root: Path, name: str) -> str:
    return (root / "_build" / "html" / f"{name}.html").read_text()


def test_generated_pages_are_made_and_numbers_lead_to_their_seed(root):
    row = "- {id: a, kind: claim, place: '1', says: x, verdict: holds, test: tests/test_a.py::t}\n"
    (root / "book" / "ledger.yaml").write_text(row)
    (root / "tests").mkdir()
    (root / "tests" / "test_a.py").write_text("def t():\n    assert 2 > 1\n")
    build(root)
    assert "Ledger" in page(root, "book/generated/ledger")
    assert 'href="../../_static/tests/test_a.py.html#t"' in page(root, "book/generated/ledger")
    assert "assert 2 &gt; 1" in page(root, "_static/tests/test_a.py")
    link = 'href="../book/generated/runs/core-rgb.html#run-core-rgb-seed-1"'
    assert link in page(root, "notebooks/07_2_rgb")
    assert 'id="run-core-rgb-seed-1"' in page(root, "book/generated/runs/core-rgb")
    chapter = page(root, "notebooks/07_2_rgb")
    assert chapter.count('class="plotly-figure"') == 1, "a browser draws the figure itself"
    assert "_images/" not in chapter


def test_a_figure_that_says_nothing_ends_the_build(root):
    text = root / "notebooks" / "07_2_rgb.md"
    write(text.with_suffix(".ipynb"), text, "of the stored notebook", seen="")
    done = subprocess.run(BUILD, cwd=root, capture_output=True, text=True)
    assert done.returncode != 0
    assert "07_2_rgb" in done.stdout + done.stderr
    assert "a plotly figure has no words" in done.stdout + done.stderr


def test_the_copy_of_this_machine_is_shown_where_the_stored_one_is_outdated(root):
    text = root / "notebooks" / "07_2_rgb.md"
    build(root)
    assert "of the stored notebook" in page(root, "notebooks/07_2_rgb")
    text.write_text(text.read_text() + "\nMore.\n")
    write(copies.executed(text), text, "of this machine")
    stored = text.with_suffix(".ipynb").read_bytes()
    build(root)
    assert "of this machine" in page(root, "notebooks/07_2_rgb")
    assert "STALE" not in page(root, "notebooks/07_2_rgb")
    assert "of the stored notebook" in page(root, "notebooks/07_3_rgb_infinity")
    source = root / "_build" / "html" / "_sources" / "notebooks" / "07_2_rgb.ipynb"
    assert source.read_bytes() == copies.executed(text).read_bytes()
    assert text.with_suffix(".ipynb").read_bytes() == stored


def test_a_bad_ledger_stops_the_build_and_is_named(root):
    """In one sentence and before a page is read: Sphinx stops where an extension raises this."""
    row = "- {id: a, kind: claim, place: '1', says: x, verdict: holds, test: tests/no.py::t}\n"
    (root / "book" / "ledger.yaml").write_text(row)
    app = Mock(spec=Sphinx, srcdir=str(root), config=Mock(html_theme_options={}))
    wanted = "book/ledger.yaml names what does not exist: a: test tests/no.py::t"
    with pytest.raises(ExtensionError, match=re.escape(wanted) + r"\Z"):
        extension._make_pages(app, app.config)
