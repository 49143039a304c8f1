"""The bibliography holds every reference of the thesis once."""

from __future__ import annotations

import inspect
import re
from importlib import metadata
from pathlib import Path

import pytest
import roma
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def entries():
    return parse_file(ROOT / "book" / "references.bib").entries


def test_all_69_references_are_there_and_doubles_are_merged(entries):
    numbers = [entry.fields.get("thesis", "") for entry in entries.values()]
    found = sorted(int(n) for text in numbers for n in re.findall(r"\d+", text))
    assert found == list(range(1, 70))
    assert [text for text in numbers if "," in text] == ["31, 64", "40, 46"]


def test_entries_are_complete_and_titles_occur_once(entries):
    for key, entry in entries.items():
        assert entry.persons.get("author"), key
        assert entry.fields.get("year") or "access not given" in entry.fields["note"], key
        where = ("url", "doi", "journal", "booktitle", "school")
        assert any(name in entry.fields for name in where), key
    titles = [re.sub(r"\W", "", entry.fields["title"]).lower() for entry in entries.values()]
    assert len(titles) == len(set(titles))


def test_preprints_link_to_their_number(entries):
    for key, entry in entries.items():
        number = entry.fields.get("eprint")
        if number:
            assert re.fullmatch(r"\d{4}\.\d{4,5}", number), key
        if "arxiv.org" in entry.fields.get("url", ""):
            assert entry.fields["url"] == f"https://arxiv.org/abs/{number}", key


def test_every_citation_of_the_book_is_known(entries):
    texts = [*ROOT.glob("book/*.md"), *ROOT.glob("notebooks/*.md")]
    for path in texts:
        for cited in re.findall(r"\{cite:\w+\}`([^`]+)`", path.read_text()):
            for key in cited.split(","):
                assert key.strip() in entries, f"{path.name}: {key}"


def test_the_pinned_roma_has_the_closed_form_that_the_book_names():
    text = (ROOT / "book" / "since-2024.md").read_text()
    version = metadata.version("roma").rpartition(".")[0]
    assert f"this book pins, {version}, also has a closed form" in text
    assert re.search(r'"horn".*closed-form', inspect.getdoc(roma.procrustes))
