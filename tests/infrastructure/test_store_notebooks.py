"""workflow/store_notebooks.py renews stored notebooks, and puts pictures beside their figures."""

import base64
import io
from pathlib import Path

import figurepictures
import nbformat
import notebook_form
import numpy as np
import pytest
import store_notebooks
from chromium import chromium
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from rigid_depth.book.executed import copies

FIGURE = {"data": [{"type": "scatter", "y": [1, 3, 2]}], "layout": {"height": 300}}
TEXT = "```{code-cell} ipython3\nprint(1)\n```\n"


@pytest.fixture
def book(tmp_path) -> Path:
    """A root with one text notebook."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "chapter.md").write_text(TEXT)
    return tmp_path


def execute(book: Path, data: dict) -> None:
    """Stands in for an execution that shows `data`."""
    text = book / "notebooks" / "chapter.md"
    cell = new_code_cell("print(1)", execution_count=1)
    cell.outputs = [new_output("display_data", data=data)]
    notebook = notebook_form.normalise(new_notebook(cells=[cell]), copies.stamp(text))
    notebook_form.write(notebook, copies.executed(text))


def kept(book: Path):
    return nbformat.read(book / "notebooks" / "chapter.ipynb", as_version=4)


def chart(colour: int) -> str:
    image = np.full((60, 80, 3), 255, np.uint8)
    image[20:40] = colour
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_noise_renews_the_stamp_alone(book):
    execute(book, {"text/plain": "took 3.1 s"})
    store_notebooks.main(book)
    (book / "notebooks" / "chapter.md").write_text("\n" + TEXT)
    stored, text = (book / "notebooks" / f"chapter.{kind}" for kind in ("ipynb", "md"))
    assert not copies.is_current(stored, copies.stamp(text))
    execute(book, {"text/plain": "took 4.0 s"})
    store_notebooks.main(book)
    assert kept(book).cells[0].outputs[0].data["text/plain"] == "took 3.1 s"
    assert copies.is_current(stored, copies.stamp(text))
    execute(book, {"text/plain": "3.2 m"})
    store_notebooks.main(book)
    assert kept(book).cells[0].outputs[0].data["text/plain"] == "3.2 m"


def test_an_outdated_copy_is_not_stored(book):
    execute(book, {"text/plain": "1"})
    (book / "notebooks" / "chapter.md").write_text("\n" + TEXT)
    store_notebooks.main(book)
    assert not (book / "notebooks" / "chapter.ipynb").exists()


def test_a_chart_gets_a_palette_and_stays_the_same_picture(book):
    execute(book, {"image/png": chart(100)})
    store_notebooks.main(book)
    small = base64.b64decode(kept(book).cells[0].outputs[0].data["image/png"])
    assert Image.open(io.BytesIO(small)).mode == "P"
    first = (book / "notebooks" / "chapter.ipynb").read_bytes()
    execute(book, {"image/png": chart(101)})
    store_notebooks.main(book)
    assert (book / "notebooks" / "chapter.ipynb").read_bytes() == first


def test_a_figure_gets_a_picture_and_keeps_it_while_it_is_the_same(book, monkeypatch, capsys):
    execute(book, {notebook_form.FIGURE: FIGURE})
    monkeypatch.setattr(figurepictures, "chromium", lambda: None)
    store_notebooks.main(book)
    assert "1 figures are stored without a picture: Chromium" in capsys.readouterr().out
    assert set(kept(book).cells[0].outputs[0].data) == {notebook_form.FIGURE}

    def drawn(missing, program):
        for data in missing:
            data["image/png"] = chart(len(data[notebook_form.FIGURE]["data"][0]["y"]))

    monkeypatch.setattr(figurepictures, "_draw", drawn)
    monkeypatch.setattr(figurepictures, "chromium", lambda: "chromium")
    store_notebooks.main(book)
    picture = kept(book).cells[0].outputs[0].data["image/png"]
    assert picture == chart(3)
    monkeypatch.setattr(figurepictures, "_draw", None)
    store_notebooks.main(book)
    assert kept(book).cells[0].outputs[0].data["image/png"] == picture


@pytest.mark.skipif(not chromium(), reason="Chromium is not installed")
def test_a_picture_shows_the_line_of_its_figure():
    data = nbformat.from_dict({notebook_form.FIGURE: FIGURE | {"layout": {"height": 300}}})
    figurepictures._draw([data], chromium())
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.size == (figurepictures.WIDTH_PX, 300)
    pixels = np.asarray(picture.convert("RGB"), dtype=int)
    blue = (pixels[..., 2] - pixels[..., 0]) > 60
    assert blue.sum() > 200, "plotly's first colour is a blue"
