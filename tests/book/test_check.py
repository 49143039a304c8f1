"""The check of a built book finds what is missing and what asks outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from rigid_depth.book.site.check import check, expected_pages
from rigid_depth.errors import RigidDepthError

TOC = """format: jb-book
root: book/intro
parts:
- chapters:
  - file: notebooks/one
    sections:
    - glob: book/generated/runs/*
"""
ASSETS = ("_static/mathjax/startup.js", "_static/rigid-depth.css", "searchindex.js")
PAGES = ("book/intro", "notebooks/one", "book/generated/runs/a")


@pytest.fixture
def built(tmp_path) -> Path:
    """A root with a table of contents, and its book in `html`."""
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "book/generated/runs").mkdir(parents=True)
    (tmp_path / "book/generated/runs/a.md").write_text("# A")
    for name in (*ASSETS, *(f"{page}.html" for page in PAGES)):
        path = tmp_path / "html" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            '<link rel="canonical" href="https://example.org/one.html"><h1>T</h1>'
            '<a href="https://example.org">a link is no request</a>'
        )
    return tmp_path


def test_a_whole_book_passes(built):
    assert sorted(expected_pages(built)) == sorted(PAGES)
    assert check(built / "html", built) == 3


@pytest.mark.parametrize("name", [*ASSETS, *(f"{page}.html" for page in PAGES)])
def test_a_missing_file_is_named(built, name):
    (built / "html" / name).unlink()
    with pytest.raises(RigidDepthError, match=name.replace(".", r"\.")):
        check(built / "html", built)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<p>no title</p>", "has no title"),
        ('<h1>T</h1><img alt="" src="https://example.org/x.png">', "asks outside"),
        ('<h1>T</h1><script src="//example.org/x.js"></script>', "asks outside"),
        ('<h1>T</h1><link rel="stylesheet" href="https://example.org/x.css">', "asks outside"),
        ('<h1>T</h1><div class="plotly-figure"></div>', "does not load plotly"),
        (
            '<h1>T</h1><div class="plotly-figure"></div>'
            '<script src="../_static/plotly/plotly-gone.min.js"></script>',
            "does not load plotly",
        ),
    ],
)
def test_a_bad_page_is_named(built, text, sentence):
    (built / "html/notebooks/one.html").write_text(text)
    with pytest.raises(RigidDepthError, match=rf"notebooks/one\.html .*{sentence}"):
        check(built / "html", built)
