"""The data of figures and tables as CSV, and which cells show published records."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.figure import Figure

from rigid_depth.book.cells import drawndata
from rigid_depth.book.executed import figuredata
from rigid_depth.book.executed.recordcells import shows_records


def rows(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text)))


def column(text: str, of: str, **where) -> list[float]:
    found = [r for r in rows(text) if all(r[key] == value for key, value in where.items())]
    return [float(r[of]) for r in found]


def test_traces_keep_every_point_packed_or_not():
    """Plotly packs arrays of NumPy and leaves lists; both must come out as they went in."""
    x = np.linspace(0, 1, 7)
    figure = go.Figure([go.Scatter(x=x, y=x**2, name="a"), go.Bar(x=["p", "q"], y=[3, 4])])
    text = figuredata.plotly_csv(json.loads(figure.to_json()))
    assert "bdata" in figure.to_json()
    np.testing.assert_allclose(column(text, "y", name="a"), x**2, rtol=1e-5)
    assert [(r["x"], r["y"]) for r in rows(text) if r["type"] == "bar"] == [("p", "3"), ("q", "4")]


def test_a_matrix_has_a_line_for_each_cell_at_its_place():
    z = np.arange(6.0).reshape(2, 3)
    figure = go.Figure(go.Heatmap(x=[10, 20, 30], y=[1, 2], z=z))
    found = rows(figuredata.plotly_csv(json.loads(figure.to_json())))
    assert len(found) == 6
    assert all(float(r["z"]) == z[int(r["row"]), int(r["column"])] for r in found)
    assert [r["x"] for r in found[:3]] == ["10", "20", "30"]
    assert {(r["row"], r["y"]) for r in found} == {("0", "1"), ("1", "2")}


def test_frames_of_a_moving_figure_are_kept():
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 0]))
    figure.frames = [go.Frame(name="later", data=[go.Scatter(y=[5, 6])])]
    text = figuredata.plotly_csv(json.loads(figure.to_json()))
    assert column(text, "y", frame="later") == [5, 6]
    assert column(text, "x", frame="later") == [0, 1], "what a frame leaves out stays"


def test_a_drawing_gives_its_lines_points_bars_and_cells():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    x = np.linspace(0, 2, 50)
    left.plot(x, np.sin(x), label="sine")
    left.scatter([1, 2], [3, 4], c=[0.1, 0.9])
    left.barh([0, 1], [7, 8])
    right.imshow(np.arange(12.0).reshape(3, 4))
    right.imshow(np.zeros((5, 5, 3)))
    text = drawndata.drawn_csv(figure)
    np.testing.assert_allclose(column(text, "y", name="sine"), np.sin(x), rtol=1e-4)
    assert column(text, "value", kind="point") == [0.1, 0.9]
    assert column(text, "y", kind="bar") == [7, 8]
    assert column(text, "value", kind="image") == list(range(12)), "and nothing of the photograph"
    assert drawndata.unpacked(drawndata.packed(text)) == text


def test_long_lines_and_large_images_are_thinned():
    figure = Figure()
    axes = figure.subplots()
    axes.plot(range(100_000))
    axes.imshow(np.random.default_rng(0).random((300, 400)))
    found = rows(drawndata.drawn_csv(figure))
    for kind in ("line", "image"):
        assert 0.4 * drawndata.MOST < sum(r["kind"] == kind for r in found) <= drawndata.MOST


TABLE = """```{table} Errors. [Study x](#study-x).
:name: tab-errors

| Row | error [m] | seeds |
| :--- | ---: | ---: |
| `rgb`, 1\\|2 | **8.7** ± 0.2 | [0](#run-0) [1](#run-1) |
|  | $a\\,b$ | [![day](a.png)](#run-0) |

```"""


@pytest.fixture
def copy(tmp_path) -> Path:
    """An executed notebook with a table of records and a figure that its cell computed."""
    figure = Figure()
    figure.subplots().plot([1, 2], [3, 4])
    kept = {"image/png": {drawndata.KEY: drawndata.packed(drawndata.drawn_csv(figure))}}
    drawn = {"data": {"image/png": ""}, "metadata": kept}
    shown = {"mystnb": {"figure": {"name": "fig-line", "caption": "A line."}}}
    cells = [
        {"source": "x = tables.published().shown", "metadata": {}, "outputs": []},
        {"source": "show(x)", "metadata": {}, "outputs": [{"data": {"text/markdown": TABLE}}]},
        {"source": "draw()", "metadata": shown, "outputs": [drawn]},
    ]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", **cell} for cell in cells]}))
    return path


def test_figures_and_tables_of_a_notebook_are_found_with_their_data(copy):
    table, figure = figuredata.items(copy)
    assert (table.name, figure.name) == ("tab-errors", "fig-line")
    assert list(csv.reader(io.StringIO(table.data))) == [
        ["Row", "error [m]", "seeds"],
        ["rgb, 1|2", "8.7 ± 0.2", "0 1"],
        ["", "$a\\,b$", "day"],
    ]
    assert column(figure.data, "y") == [3, 4]
    assert (table.of_records, figure.of_records) == (True, False)
    assert (table.links, figure.links) == (("study-x", "run-0", "run-1"), ())


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["p = tables.published()", "rows = [r for r in p.runs]", "show(rows)"], [1, 1, 1]),
        (["found = published('x')", "found = run('x')", "show(found)"], [1, 0, 0]),
        (["p = tables.published()\ndef f(): return p", "show(f())"], [1, 1]),
        (["p, a = published('x'), []\nfor r in p:\n    a.append(r)", "b = a[0]", "b"], [1, 1, 1]),
        (["from rigid_depth.studies import published", "%time x", "x = 1"], [0, 0, 0]),
        (["p = published('x')\nq = [name for name in p]", "name = 1", "name"], [1, 0, 0]),
        (["k = published('x')\ndef f(k):\n    m = k\n    return m", "f(1)"], [1, 0]),
        (["p = published('x')\ndef f():\n    return len(p)", "f()"], [1, 1]),
        (["k = published('x')", "for k in range(3):\n    print(k)"], [1, 0]),
        (["p = published('x')", "a = 0\nif p:\n    a = p\nelse:\n    a = 1", "a"], [1, 1, 1]),
        (["p, d = published('x'), {}", "for k in 'ab':\n    d[k] = p", "d"], [1, 1, 1]),
        (["p, t = published('x'), 0", "for r in p:\n    t += r", "t += 1"], [1, 1, 1]),
    ],
)
def test_names_are_followed_from_the_records(cells, expected):
    assert shows_records(cells) == [bool(n) for n in expected]


def test_a_picture_in_the_text_is_a_figure_without_data(tmp_path):
    text = (
        "Before.\n\n```{figure} ../book/images/latents.jpg\n:name: fig-a\n:alt: Maps.\n\n"
        "Latents of [a run](#run-a).\n```\n\n```{figure} elsewhere.png\n:name: fig-b\n\nNo.\n```"
    )
    cells = [
        {"cell_type": "markdown", "source": [text]},
        {"cell_type": "code", "source": ["1"], "metadata": {}, "outputs": []},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    (found,) = figuredata.items(tmp_path / "a.ipynb")
    assert found == figuredata.Item("fig-a", "Latents of [a run](#run-a).", "", True, ("run-a",))
