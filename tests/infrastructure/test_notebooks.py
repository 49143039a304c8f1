"""The stored notebooks are what the texts say, executed, and part of the book."""

import ast
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import jupytext
import nbformat
import notebook_form
import pytest
from figurepictures import figures
from lint_notebooks import HIDING, too_long

from rigid_depth.book.site.check import expected_pages
from rigid_depth.experiments.sources import blob

ROOT = Path(__file__).resolve().parents[2]
TEXTS = sorted(ROOT.glob("notebooks/*.md"))
LIMIT_BYTES = 400_000
LONGEST_CELL = 40
MOST_SHOWN_LINES = 110
ASSIGNED = re.compile(r"^(\w+) = ", re.MULTILINE)


def cells(notebook):
    """What text and twin must share, without the cell that papermill puts in."""
    return [
        (c.cell_type, c.source, c.metadata.get("tags", []), c.metadata.get("mystnb"))
        for c in notebook.cells
        if "injected-parameters" not in c.metadata.get("tags", [])
    ]


def test_there_are_notebooks():
    assert TEXTS


def test_every_twin_has_a_text():
    assert {f.stem for f in ROOT.glob("notebooks/*.ipynb")} == {f.stem for f in TEXTS}


def test_pytest_executes_every_cell_anew():
    """nbval is switched on by pyproject.toml; without its flag nothing would be collected."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "notebooks"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    for text in TEXTS:
        notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
        code = [c for c in notebook.cells if c.cell_type == "code"]
        assert listed.count(f"notebooks/{text.stem}.ipynb::") == len(code)


def test_nbval_works_from_any_folder_and_without_makes_settings(tmp_path):
    """A cell that prints what its kernel was given, and one that needs the sanitised date."""
    cells = [
        nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])
        for source, output in (
            (
                "import os\nprint(os.environ['OMP_NUM_THREADS'], os.environ['PYTHONHASHSEED'])",
                nbformat.v4.new_output("stream", name="stdout", text="1 0\n"),
            ),
            (
                "print('2026-01-02 03:04:05')",
                nbformat.v4.new_output("stream", name="stdout", text="1999-01-02 03:04:05\n"),
            ),
        )
    ]
    folder = tmp_path / "clone" / "notebooks"
    folder.mkdir(parents=True)
    for name in ("conftest.py", "pyproject.toml", "workflow", "tests/nbval_sanitize.cfg"):
        target = tmp_path / "clone" / name
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(ROOT / name)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "a.ipynb")
    bare = {k: v for k, v in os.environ.items() if "THREADS" not in k and k != "PYTHONHASHSEED"}
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, folder / "a.ipynb"], cwd=tmp_path, env=bare, capture_output=True, text=True
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("newer", [".md", ".ipynb"])
def test_jupytext_changes_nothing(tmp_path, newer):
    """`jupytext --sync`, typed by who edits a notebook in JupyterLab: it follows the newer file."""
    shutil.copy(ROOT / "jupytext.toml", tmp_path)
    folder = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    files = [path for path in sorted(folder.glob("*.*")) if path.suffix in (".md", ".ipynb")]
    for path in files:
        os.utime(path, times=(2e9, 2e9) if path.suffix == newer else (1e9, 1e9))
    before = {path: path.read_bytes() for path in files}
    notebooks = [path for path in files if path.suffix == ".ipynb"]
    assert len(notebooks) == len(TEXTS)
    command = [sys.executable, "-m", "jupytext", "--sync", *notebooks]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert [path.name for path in files if path.read_bytes() != before[path]] == []


@pytest.fixture(params=TEXTS, ids=lambda path: path.stem)
def text(request):
    return request.param


@pytest.fixture
def twin(text):
    notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(notebook)
    return notebook


def test_text_and_stored_notebook_agree(text, twin):
    assert cells(twin) == cells(jupytext.read(text))
    assert twin.metadata.rigid_depth.source_blob == blob(text)


def test_stored_notebook_ran_whole_and_clean(text, twin):
    """A cell without execution_count would pass nbval without a comparison."""
    assert notebook_form.faults(twin) == []
    assert [c for c in twin.cells if c.cell_type == "code"]


def test_stored_notebook_is_small_and_normal(text, twin):
    assert text.with_suffix(".ipynb").stat().st_size < LIMIT_BYTES
    again = notebook_form.normalise(nbformat.from_dict(twin), dict(twin.metadata.rigid_depth))
    assert nbformat.writes(again) + "\n" == text.with_suffix(".ipynb").read_text()


def test_every_figure_has_a_picture(text, twin):
    """For readers whose browser draws no plotly figure: GitHub, nbconvert, LaTeX."""
    bare = [data for data in figures(twin) if not data.get("image/png", "").startswith("iVBOR")]
    assert bare == []


def test_first_code_cell_holds_the_parameters(text, twin):
    first = next(c for c in twin.cells if c.cell_type == "code")
    assert "parameters" in first.metadata.get("tags", [])


def test_stored_notebook_ran_at_smoke(text, twin):
    assert twin.metadata.rigid_depth.scale in ("smoke", None)


def test_text_is_in_the_table_of_contents(text):
    assert f"notebooks/{text.stem}" in expected_pages(ROOT)


@cache
def code(text):
    """The code cells of a text as (lines of code, tags)."""
    found = [c for c in jupytext.read(text).cells if c.cell_type == "code"]
    return [(c.source.splitlines(), set(c.metadata.get("tags", []))) for c in found]


def test_cells_fit_on_a_page(text):
    for place, (lines, _) in enumerate(code(text), 1):
        assert len(lines) <= LONGEST_CELL, f"cell {place} in {text.name}"


def test_a_chapter_shows_the_code_that_is_worth_reading(text):
    """Some code, and not so much that it hides the text; the rest is folded, one click away."""
    shown = [
        line for lines, tags in code(text) if not tags & HIDING for line in lines if line.strip()
    ]
    assert 10 < len(shown) <= MOST_SHOWN_LINES, f"{len(shown)} lines of code are open"


def test_visible_code_fits_beside_the_margins(text):
    assert too_long(text.read_text().split("\n")) == []


def test_imports_are_folded(text):
    assert "hide-input" in code(text)[1][1]


def test_every_notebook_checks_its_parameters_first(text):
    """`notebook.setup` refuses what the first cell does not declare; imports alone come before."""
    rest = ["\n".join(lines) for lines, _ in code(text)[1:]]
    place = next(place for place, cell in enumerate(rest) if "notebook.setup(" in cell)
    before = ast.parse("\n".join(rest[:place])).body
    assert all(isinstance(node, ast.Import | ast.ImportFrom) for node in before)
    setup = re.sub(r"\(\s+", "(", rest[place])
    assert "notebook.setup(seed" in setup
    declared = {"scale", "experiment", "dataset", "size"} & set(
        ASSIGNED.findall("\n".join(code(text)[0][0]))
    )
    for name in declared - {"scale"} if text.stem == "08_results" else declared:
        assert f"{name}={name}" in setup


def test_nothing_is_read_or_written_relative_to_where_python_started(text):
    for lines, _ in code(text):
        assert not [line for line in lines if re.search(r"""["']\.\./""", line)]


def test_sliders_are_made_by_one_function(text):
    assert not [line for lines, _ in code(text) for line in lines if "sliders=" in line]
