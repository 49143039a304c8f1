"""The stored notebooks are what the texts say, executed, and part of the book."""

import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
import stored
import yaml

from rigid_depth.experiments.sources import blob

ROOT = Path(__file__).resolve().parents[2]
TEXTS = sorted(ROOT.glob("notebooks/*.md"))
LIMIT_BYTES = 400_000


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
    assert stored.faults(twin) == []
    assert [c for c in twin.cells if c.cell_type == "code"]


def test_stored_notebook_is_small_and_normal(text, twin):
    assert text.with_suffix(".ipynb").stat().st_size < LIMIT_BYTES
    again = stored.normalise(nbformat.from_dict(twin), dict(twin.metadata.rigid_depth))
    assert nbformat.writes(again) + "\n" == text.with_suffix(".ipynb").read_text()


def test_first_code_cell_holds_the_parameters(text, twin):
    first = next(c for c in twin.cells if c.cell_type == "code")
    assert "parameters" in first.metadata.get("tags", [])


def test_stored_notebook_ran_at_smoke(text, twin):
    assert twin.metadata.rigid_depth.scale in ("smoke", None)


def toc_files(node):
    """All files named anywhere in the table of contents."""
    if isinstance(node, dict):
        found = {node[key] for key in ("file", "root") if key in node}
        return found.union(*(toc_files(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*map(toc_files, node))
    return set()


def test_text_is_in_the_table_of_contents(text):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    assert f"notebooks/{text.stem}" in toc_files(toc)
