"""Chapters have the thesis's numbers, and what is the thesis's is called the thesis's."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from rigid_depth.book.chapters import chapter_number, chapter_title
from rigid_depth.book.claims.findings import FINDINGS
from rigid_depth.book.pages import apipages, indexpages, studypage
from rigid_depth.book.site import numbering

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [
    *("2", "3a", "3b", "3c", "3d", "3e", "4a", "4b", "4c", "5a", "5b", "5c", "5d", "5e"),
    *("6a", "6b", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.7", "7.8", "8", "8.1", "8.2"),
]
STUDY_KEYS = re.compile(r"""["']eq\. 6\.1(?: at 0\.1| printed)?["']""")
"""What published records of a study call a rule; the pages print another name."""
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TEXTS = [*ROOT.glob("notebooks/*.md"), *ROOT.glob("book/*.md"), *ROOT.glob("book/*.yaml")]
REFERENCE = re.compile(
    r"(?<![\w-])(?:eqs?\.?|equations?|tables?|figures?|figs?\.|algorithms?|listings?) (\d[\d.]*)",
    re.IGNORECASE,
)
MARKED = re.compile(r"thesis(?:'s)?\s+$", re.IGNORECASE)
MARKED_AFTER = re.compile(r"\s+of\s+the\s+thesis")


def bare_references(text: str) -> list[str]:
    """Every number of an equation, table, figure, algorithm or listing not marked as the thesis's.

    A number with a hyphen is the book's own and is not looked for.
    """
    text = re.sub(r"\s+", " ", text)
    return [
        text[max(0, found.start() - 30) : found.end() + 10]
        for found in REFERENCE.finditer(text)
        if not MARKED.search(text[: found.start()][-12:])
        and not MARKED_AFTER.match(text[found.end() :])
        and text[found.end() : found.end() + 1] != "-"
    ]


def chapters() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    part = next(part for part in toc["parts"] if part["caption"] == "Chapters")
    assert "numbered" not in part
    return [entry["file"] for entry in part["chapters"]]


def test_file_names_and_titles_have_the_numbers_of_the_thesis():
    assert [chapter_number(page) for page in chapters()] == CHAPTERS
    for page, number in zip(chapters(), CHAPTERS, strict=True):
        assert chapter_title(ROOT / f"{page}.md").split()[0] == number


def test_headings_and_titles_of_boxes_have_no_bare_numbers_of_the_thesis():
    for path in ROOT.glob("notebooks/*.md"):
        for title in re.findall(r"^(?:#{2,4} |`{3,}\{).*$", path.read_text(), flags=re.M):
            assert not re.search(r"\(\d+\.[\d.]*", title), f"{path.name}: {title}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_reference_is_bare(path):
    assert bare_references(STUDY_KEYS.sub("", path.read_text())) == []


def test_no_reference_of_a_finding_is_bare():
    said = [f"{found.sentence} {found.details}" for found in FINDINGS.values()]
    assert len(said) > 20
    assert [bare for text in said for bare in bare_references(text)] == []


def test_no_reference_of_a_docstring_is_bare():
    kinds = (ast.Module, ast.FunctionDef, ast.ClassDef)
    said = {
        f"{path.relative_to(ROOT)}: {ast.get_docstring(node)}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds) and ast.get_docstring(node)
    }
    assert len(said) > 1000
    assert [bare for text in said for bare in bare_references(text)] == []


@pytest.mark.parametrize(
    "pages", [lambda root: apipages.api_pages(), studypage.study_pages, indexpages.index_pages],
    ids=["package", "studies", "lists"],
)  # fmt: skip
def test_no_reference_of_a_generated_page_is_bare(pages):
    found = {name: bare for name, text in pages(ROOT).items() if (bare := bare_references(text))}
    assert found == {}


def test_a_study_names_an_equation_as_the_thesis_s():
    page = studypage.study_pages(ROOT)["studies/two-goals.md"]
    assert "| `thesis eq. 6.1 / 100 / main` |" in page
    assert "| `main alone / 1 / main` |" in page


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("by eq. 6.1 it", True),
        ("Table 8.2 gives", True),
        ("see Algorithm\n  1", True),
        ("by thesis eq. 6.1 it", False),
        ("the thesis's Table\n  8.2", False),
        ("Figure 7.1 of the thesis", False),
        ("Figure 7.8-1 shows", False),
        ("chapter 7.8", False),
    ],
)
def test_bare_references_are_found(text, bare):
    assert bool(bare_references(text)) == bare


def test_numbers_follow_the_chapter_and_other_pages_count_from_one():
    given = {
        "notebooks/07_8_rotations": {"figure": {"a": (24, 1), "b": (24, 2)}, "table": {"c": (3,)}},
        "book/conventions": {"figure": {"d": (9,)}},
    }
    app, env = Mock(spec=Sphinx), Mock(spec=BuildEnvironment)
    env.toc_fignumbers = given
    assert numbering.assign(app, env) == []
    assert env.toc_fignumbers == {
        "notebooks/07_8_rotations": {
            "figure": {"a": ("7.8-1",), "b": ("7.8-2",)},
            "table": {"c": ("7.8-1",)},
        },
        "book/conventions": {"figure": {"d": ("1",)}},
    }
    assert numbering.restore(app, env) == []
    assert env.toc_fignumbers == given
