"""workflow/execute.py runs a text notebook: the copy is normalised, clean, stable."""

import base64
import io
import os
import sys
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import execute
import jupytext
import nbformat
import notebook_form
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from rigid_depth.book.executed.copies import stamp

HEADER = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Title

```{code-cell} ipython3
:tags: [parameters]

scale = "smoke"
steps = 3
rate: float = 1e-3
```
"""


def notebook_file(folder: Path, *sources: str) -> Path:
    text = HEADER + "".join(f"\n```{{code-cell}} ipython3\n{s}\n```\n" for s in sources)
    path = folder / "notebooks" / "chapter.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def execute_with(monkeypatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["execute.py", *map(str, arguments)])
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", os.environ.copy())
        execute.main()


def test_second_execution_is_byte_identical(tmp_path, monkeypatch):
    """On one machine at one time; store_notebooks.py tells apart what differs in truth."""
    monkeypatch.setattr(execute, "circumstances", lambda _: {"created": "today"})
    path = notebook_file(tmp_path, "import os\nprint(steps, os.environ['RIGID_DEPTH_TYPECHECK'])")
    copy = tmp_path / "_build" / "executed" / "chapter.ipynb"
    execute_with(monkeypatch, path)
    first = copy.read_bytes()
    copy.unlink()
    execute_with(monkeypatch, path)
    assert copy.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["chapter.md"], "the stored one is left alone"

    notebook = nbformat.read(copy, as_version=4)
    assert notebook.cells[2].outputs[0].text == "3 1\n"
    assert dict(notebook.metadata.rigid_depth) == {
        "parameters": {"scale": "smoke", "steps": 3, "rate": 0.001},
        "scale": "smoke",
        "execution": {"created": "today"},
        **stamp(path),
    }
    assert "papermill" not in notebook.metadata
    assert set(notebook.metadata.get("jupytext", {})) <= {"default_lexer"}


def test_a_copy_says_when_and_where_it_was_made(tmp_path, monkeypatch):
    path = notebook_file(tmp_path, "import time\ntime.sleep(0.3)")
    execute_with(monkeypatch, path)
    made = nbformat.read(tmp_path / "_build" / "executed" / "chapter.ipynb", as_version=4)
    said = made.metadata.rigid_depth.execution
    assert 0.3 < said.seconds < 300
    age = datetime.now(UTC) - datetime.fromisoformat(said.created)
    assert timedelta(0) <= age < timedelta(minutes=5)
    for library in ("torch", "scipy", "roma"):
        assert said.versions[library] == metadata.version(library)


def test_parameters_go_to_a_copy_and_are_declared(tmp_path, monkeypatch):
    path = notebook_file(tmp_path, "print(scale, steps)")
    out = tmp_path / "runs" / "copy.ipynb"
    execute_with(monkeypatch, path, "-o", out, "-p", "scale", "cpu", "-p", "steps", "7")
    notebook = nbformat.read(out, as_version=4)
    assert notebook.metadata.rigid_depth.parameters == {"scale": "cpu", "steps": 7, "rate": 0.001}
    assert notebook.metadata.rigid_depth.scale == "cpu"
    assert notebook.cells[2].metadata.tags == ["injected-parameters", "remove-cell"]
    assert notebook.cells[3].outputs[0].text == "cpu 7\n"
    assert not path.with_suffix(".ipynb").exists()


def test_unknown_parameter_is_refused_before_anything_runs(tmp_path, monkeypatch):
    path = notebook_file(tmp_path)
    with pytest.raises(SystemExit, match="no parameter sede: scale, steps, rate"):
        execute_with(monkeypatch, path, "-o", tmp_path / "out.ipynb", "-p", "sede", "1")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise ValueError('broken')", "broken"),
        ("import os\nprint(os.path.expanduser('~') + '/x')", "shows the path"),
        ("import warnings\nwarnings.warn('careful')", "writes to stderr"),
    ],
)
def test_a_faulty_notebook_leaves_the_copy_alone(tmp_path, monkeypatch, source, message):
    path = notebook_file(tmp_path, source)
    copy = tmp_path / "_build" / "executed" / "chapter.ipynb"
    copy.parent.mkdir(parents=True)
    copy.write_text("as it was")
    with pytest.raises(SystemExit, match=message):
        execute_with(monkeypatch, path)
    assert copy.read_text() == "as it was"
    assert [p.name for p in copy.parent.iterdir()] == ["chapter.ipynb"]


def test_an_execution_says_nothing_but_how_far_it_is(tmp_path, monkeypatch, capfd):
    path = notebook_file(tmp_path, "print('of the notebook')")
    execute_with(monkeypatch, path)
    told = "".join(capfd.readouterr())
    assert [line for line in told.splitlines() if not line.startswith("chapter: cell ")] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("1e-3", 0.001), ("True", True), ("None", None), ("rotation-global-3",) * 2],
)
def test_values_are_read_as_papermill_reads_them(text, expected):
    assert execute.value(text) == expected


def with_output(data: dict):
    cell = new_code_cell("draw()", execution_count=1)
    cell.outputs = [new_output("display_data", data=data)]
    return notebook_form.normalise(new_notebook(cells=[cell]), {})


def picture(level: float) -> str:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, dtype=np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_noise_is_told_from_change():
    old = with_output({"image/png": picture(100), "text/plain": "took 3.1 s"})
    assert notebook_form.same(
        old, with_output({"image/png": picture(101), "text/plain": "took 4.0 s"})
    )
    assert not notebook_form.same(
        old, with_output({"image/png": picture(120), "text/plain": "took 3.1 s"})
    )
    assert not notebook_form.same(
        old, with_output({"image/png": picture(100), "text/plain": "3.2 m"})
    )


def test_a_curve_that_moved_is_a_change():
    """Thin lines change few pixels; the mean over the picture hardly feels them."""

    def curve(row):
        image = np.full((200, 400, 3), 255, np.uint8)
        image[row : row + 2] = 0
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "png")
        return with_output({"image/png": base64.b64encode(buffer.getvalue()).decode()})

    assert notebook_form.same(curve(50), curve(50))
    assert not notebook_form.same(curve(50), curve(60))


def test_plotly_js_and_unexecuted_cells_are_faults():
    assert "plotly.js" in notebook_form.faults(with_output({"text/html": "/* plotly.js v3 */"}))[0]
    assert notebook_form.faults(new_notebook(cells=[new_code_cell("1")])) == [
        "cell 1 was not executed"
    ]


def test_declared_parameters_of_a_notebook():
    notebook = jupytext.reads(HEADER, fmt="md:myst")
    assert execute.declared_parameters(notebook) == {"scale": "smoke", "steps": 3, "rate": 0.001}


def test_pieces_of_one_stream_are_joined_wherever_the_kernel_cut_them():
    def piece(name, text):
        return nbformat.v4.new_output("stream", name=name, text=text)

    cut = [piece("stdout", "a\n"), piece("stdout", "b\n"), piece("stderr", "c\n")]
    assert notebook_form.merge_streams(cut) == [piece("stdout", "a\nb\n"), piece("stderr", "c\n")]
