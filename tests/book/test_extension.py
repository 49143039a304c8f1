"""Figures are drawn from data that survives HTML, and the style of notebooks holds."""

from __future__ import annotations

import gzip
import json
import random
import re
from unittest.mock import Mock

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest
import torch
from docutils import nodes
from docutils.utils import new_document
from PIL import Image
from sphinx.application import Sphinx

from rigid_depth.book.cells import notebook
from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.claims.findings import Finding, Judgement
from rigid_depth.book.site import extension, webpage
from rigid_depth.errors import RigidDepthError


def test_a_plotly_figure_keeps_its_data_in_html():
    figure = {"data": [{"type": "scatter", "name": "</script><b>", "y": [1, 2]}], "layout": {}}
    html = extension.plotly_node(figure, 'a "quoted" <word>').astext()
    stored = re.search(r'class="plotly-data">(.*?)</script>', html, flags=re.S).group(1)
    assert json.loads(stored) == figure
    assert 'aria-label="a &quot;quoted&quot; &lt;word&gt;."' in html


@pytest.mark.parametrize(
    ("kind", "verdict", "before"),
    [
        ("claim", "not reproduced", "Tested for a claim of the thesis: "),
        ("idea", "helped", "Tested for an idea of the thesis: "),
        ("idea", "open", "Not decided yet: "),
        ("finding", "holds", ""),
    ],
)
def test_what_the_book_only_tests_is_not_said_as_its_own(monkeypatch, kind, verdict, before):
    found = Finding("x", "Rotations help.", "", lambda shown: True, (), "core", kind)
    monkeypatch.setattr(extension, "find_finding", lambda name: found)
    monkeypatch.setattr(extension, "judgement", lambda *_: Judgement(verdict, "Shown."))
    monkeypatch.setattr(extension.shownrecords, "published_runs", lambda root: Mock(runs=[]))
    role = extension.FindingRole()
    role.text = "x"
    role.inliner = Mock()
    role.inliner.document.settings.env.srcdir = "."
    nodes_made, messages = role.run()
    assert nodes_made[0].astext() == f"{before}Rotations help."
    assert not messages


def test_two_equal_figures_on_a_page_do_not_share_a_place():
    """Their HTML is the same, so nothing in it has an id: a script finds each as an element."""
    figure = {"data": [], "layout": {"title": {"text": "depth"}}}
    tags = re.findall(r"<\w[^>]*>", extension.plotly_node(figure, "It falls").astext())
    assert len(tags) == 2
    assert [tag for tag in tags if re.search(r"\sid=", tag)] == []


def test_a_page_loads_the_part_of_plotly_that_draws_it():
    def page(*kinds: str) -> str:
        figures = ({"data": [{"type": kind}]} for kind in kinds)
        return "".join(extension.plotly_node(figure, "It falls").astext() for figure in figures)

    assert webpage.scripts("<p>no figure</p>", "p") == []
    assert webpage.scripts(page("scatter", "bar"), "p")[0] == "plotly/plotly-cartesian.min.js"
    assert webpage.scripts(page("scatter", "surface"), "p")[0] == "plotly/plotly-gl3d.min.js"
    with pytest.raises(RigidDepthError, match="bar, surface"):
        webpage.scripts(page("bar", "surface"), "p")


def test_scripts_are_unpacked_where_the_book_serves_them(tmp_path):
    served = tmp_path / "_static" / "plotly"
    served.mkdir(parents=True)
    (served / "part.min.js.gz").write_bytes(gzip.compress(b"draw()"))
    built = Mock(spec=Sphinx, outdir=tmp_path, builder=Mock(format="html"))
    webpage.unpack(built, None)
    assert [p.name for p in served.iterdir()] == ["part.min.js"]
    assert (served / "part.min.js").read_bytes() == b"draw()"


def test_a_spread_stays_with_its_sign():
    cell, prose = nodes.entry("", nodes.paragraph("", "7.15 ± 0.04")), nodes.paragraph("", "1 ± 2")
    document = new_document("page")
    document += [cell, prose]
    webpage.keep_spreads(Mock(spec=Sphinx), document)
    assert [cell.astext(), prose.astext()] == ["7.15 ±\u00a00.04", "1 ± 2"]


def test_a_chart_is_mostly_white_and_of_few_colours():
    chart, depth = Image.new("RGB", (64, 32), "white"), Image.new("RGB", (64, 32), "white")
    chart.paste((0, 114, 178), (8, 8, 24, 12))
    depth.paste((68, 1, 84), (4, 2, 60, 30))
    assert [webpage._is_drawn_on_white(p) for p in (chart, depth)] == [True, False]


def test_setup_seeds_everything_and_uses_one_thread():
    def draws() -> tuple:
        generator = notebook.setup(7)
        from_numpy = np.random.random_sample()  # noqa: NPY002 (the global state is what is seeded)
        return random.random(), from_numpy, torch.rand(1), torch.rand(1, generator=generator)

    assert draws() == draws()
    assert torch.get_num_threads() == 1


def test_stored_plotly_figures_are_small_and_carry_no_script():
    notebook.setup(0)
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
    bundle = pio.renderers["plotly_mimetype"].to_mimebundle(figure.to_dict())
    assert list(bundle) == [extension.PLOTLY_MIME]
    assert len(json.dumps(bundle)) < 1500
    assert pio.renderers.default == "plotly_mimetype"


def test_colours_stay_apart_for_the_colour_blind():
    """Machado's matrices for full protanopia and deuteranopia, distance in linear RGB."""
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    protan = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])
    deutan = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    for matrix in (np.eye(3), protan, deutan):
        seen = rgb**2.2 @ matrix.T
        distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert distance[np.triu_indices(len(seen), 1)].min() > 0.05
