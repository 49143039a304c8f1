"""The reference shelf: API from the sources, lists from the notebooks."""

import json
import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import jupytext
import pytest
import yaml

from rigid_depth.book.executed import copies, figuredata, recordcells
from rigid_depth.book.pages import apipages, indexpages, itemrecords
from rigid_depth.book.runs import results

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("module", ["rigid_depth.losses", "rigid_depth.latents", "street_world"])
def test_a_page_has_every_public_name_of_its_package(module):
    page = apipages.api_pages()[f"api/{module.removeprefix('rigid_depth.')}.md"]
    names = re.findall(r"^## `(\w+)`$", page, re.M)
    assert sorted(names) == sorted(import_module(module).__all__)


def test_signatures_keep_their_shapes():
    pages = apipages.api_pages()
    page = pages["api/rotations.md"]
    assert "Float[Tensor, " in page
    assert not re.search(r"^    \w", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M)


def test_every_exercise_and_captioned_figure_is_listed():
    texts = copies.texts(ROOT)
    pages = indexpages.index_pages(ROOT)
    written = "".join(text.read_text() for text in texts)
    listed = re.findall(r"^- \{ref\}`([\w-]+)`: (.+)$", pages["exercises.md"], re.M)
    assert len(listed) == len(re.findall(r"\{exercise\}", written)) > 50
    titles = [title for _, title in listed]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if len(title) > 60 or title[-1] in ".?:"] == []
    assert len(set(re.findall(r"\{numref\}`([^`]+)`", pages["figures.md"]))) > 40


def test_a_sentence_ends_outside_formulas():
    assert indexpages._sentence("Let $x=1. y$ be. Then") == "Let $x=1. y$ be."
    assert indexpages._sentence("no end") == "no end"


def test_the_state_of_a_notebook_says_when_a_cell_failed(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.md").write_text("# A\n")
    cell = {"cell_type": "code", "source": "", "metadata": {}}
    cell["outputs"] = [{"output_type": "error"}]
    copy = json.dumps({"metadata": {}, "cells": [cell]})
    (tmp_path / "notebooks" / "a.ipynb").write_text(copy)
    assert "1 cells failed, text changed since" in indexpages.index_pages(tmp_path)["status.md"]


def test_every_listed_figure_and_table_says_its_run_and_has_its_data():
    pages = indexpages.index_pages(ROOT)
    lines = re.findall(r"^- \{numref\}.*", pages["figures.md"], re.M)
    data = figuredata.data_files(ROOT)
    linked = re.findall(r"<(figures/[^>]+\.csv)>", pages["figures.md"])
    assert sorted(linked) == sorted(data)
    assert len(set(linked)) == len(linked) > 100
    assert all("*From " in line or "*Computed by" in line for line in lines)
    assert all(text.count("\n") > 1 for text in data.values())


def listed() -> dict[str, str]:
    """Label of a figure or table to where the list says that it comes from."""
    lines = re.findall(
        r"^- \{numref\}`(.*?)`: (.*)", indexpages.index_pages(ROOT)["figures.md"], re.M
    )
    return {name: said[said.index("*") :] for name, said in lines if "*" in said}


def test_an_item_is_listed_with_its_own_records():
    found = listed()
    assert found["tab-regression-small"].startswith(
        "*From [small-rotations](#study-small-rotations) ("
    )
    assert "clouds" not in found["tab-regression-small"]
    assert found["fig-regression-noise"].startswith("*Computed by the cell*")
    assert re.match(r"\*From [^(]*\(#experiment-core-mse\)[^(]*\(", found["tab-mse-shrunk"])
    assert "published runs" not in found["tab-mse-shrunk"]


@pytest.mark.parametrize(
    ("links", "said"),
    [
        (("study-two-goals",), "*From [two-goals](#study-two-goals) (study, 5 seeds, "),
        (("run-core-mse-seed-0",), "*From [mse](#experiment-core-mse) (scale core, 1 seed, "),
        (("experiment-core-mse",), "*From [mse](#experiment-core-mse) (scale core, {mse} seeds, "),
        (("runs-core",), "*From [runs](#runs-core) (scale core, up to {most} seeds, "),
        (("run-core-no-such-seed-0",), "*From [published runs](#published-runs) (scale core, "),
    ],
)
def test_links_say_what_an_item_comes_from(links, said):
    shown = results.published(book=ROOT / "book").shown
    counts = Counter(run.experiment for run in shown)
    said = said.format(mse=counts["mse"], most=max(counts.values()))
    item = figuredata.Item("a", "A.", "", of_records=True, links=links)
    assert itemrecords.from_records(item, "notebooks/07_4_mse", ROOT).startswith(said)


@pytest.mark.parametrize("text", copies.texts(ROOT), ids=lambda text: text.stem)
def test_the_caption_of_a_figure_of_records_names_them(text):
    """A figure has no rows that link to its runs, as a table has."""
    cells = [cell for cell in jupytext.read(text).cells if cell.cell_type == "code"]
    shown = recordcells.shows_records(cell.source for cell in cells)
    figures = [(cell.metadata.get("mystnb") or {}).get("figure") or {} for cell in cells]
    silent = [
        figure["name"]
        for figure, of_records in zip(figures, shown, strict=True)
        if of_records and figure.get("caption") and not figuredata.RECORDS.search(figure["caption"])
    ]
    assert silent == []


def test_the_status_says_when_where_how_long_and_with_what(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.md").write_text("# A\n")
    ran = {"created": "2026-01-02T03:04:05Z", "seconds": 61.4, "processor": "Chip"}
    ran |= {"platform": "Linux-x86_64", "versions": {"torch": "9.9"}}
    older = {
        "metadata": {"rigid_depth": {"execution": {"versions": {"torch": "9.8"}}}},
        "cells": [],
    }
    (tmp_path / "notebooks" / "b.md").write_text("# B\n")
    (tmp_path / "notebooks" / "b.ipynb").write_text(json.dumps(older))
    copy = {"metadata": {"rigid_depth": {"execution": ran}}, "cells": []}
    (tmp_path / "notebooks" / "a.ipynb").write_text(json.dumps(copy))
    page = indexpages.index_pages(tmp_path)["status.md"]
    assert "| 2026-01-02 | Chip, Linux-x86\\_64 | 61 s | notebooks |" in page
    assert re.search(r"^\| torch \| 9.8, 9.9 \| \d", page, re.M)
    assert re.search(r"^\| roma \| – \| \d", page, re.M), "no copy tells it"
    assert re.search(r"made by jupyter-book \d\S*, sphinx \d\S*, myst-nb \d\S*\.$", page, re.M)


TERMS = re.findall(r"^(\S.*)\n  ", (ROOT / "book" / "glossary.md").read_text(), re.M)
FIRST_SEEN = {
    **{name: name for name in ("CBAM", "CKA", "GroupNorm", "MRR", "PointNet", "SILog")},
    **{name: name.lower() for name in ("Control decoder", "Gimbal lock", "Infinity loss")},
    **{name: name.lower() for name in ("Paired difference", "Relative distance", "Row mean")},
    **{name: name.lower() for name in ("Distillation", "Double cover", "Held-out streets")},
    **{name: name.lower() for name in ("Geodesic distance", "Oracle", "Probe", "Zero-shot")},
    "Guide": r"guides?(?!\w)",
    "Holm correction": "Holm",
    "Withheld returns": "withheld",
}
"""Term -> how the text names it, of the terms whose name means nothing else."""


def prose(page: str) -> str:
    """The text of a page as it is read on: no code, no head, no title, no options."""
    text = (ROOT / f"{page}.md").read_text()
    text = re.sub(r"\A---\n.*?^---\n", "", text, flags=re.M | re.S)
    text = re.sub(r"^(`{3,})\{code-cell\}.*?^\1$", "", text, flags=re.M | re.S)
    return re.sub(r"^(?:#|:\w|`{3,}|\(\S+\)=).*$", "", text, flags=re.M)


def pages_in_order() -> list[str]:
    """The pages of prose, from the front to the last chapter."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    parts = {part["caption"]: part["chapters"] for part in toc["parts"]}
    entries = [*parts["Before you start"], *parts["Chapters"]]
    files = [toc["root"], *(entry["file"] for entry in entries)]
    return [file for file in files if not file.startswith("book/generated")]


def first_line(pattern: str) -> str:
    """Where the book first says it: the page and the words up to the end of it."""
    for page in pages_in_order():
        if found := re.search(rf"(?<![\w-])(?:{pattern})", prose(page), re.IGNORECASE):
            return f"{page}: {found.string[: found.end()][-80:]}"
    return ""


def test_the_glossary_is_in_alphabetical_order():
    assert len(TERMS) > 40
    assert sorted(TERMS, key=str.lower) == TERMS


@pytest.mark.parametrize("term", FIRST_SEEN)
def test_a_term_is_linked_where_the_book_first_says_it(term):
    assert term in TERMS
    assert re.search(r"\{term\}`[^`]*\Z", first_line(FIRST_SEEN[term])), first_line(
        FIRST_SEEN[term]
    )


def test_links_to_the_glossary_lead_to_a_term():
    terms = set(TERMS)
    linked = {
        text.stem: {
            named or term
            for term, named in re.findall(r"\{term\}`([^`<]+?)(?: <([^>`]+)>)?`", text.read_text())
        }
        for text in copies.texts(ROOT)
    }
    assert [page for page, found in linked.items() if not found <= terms] == []
    assert len(set.union(*linked.values())) > 20
