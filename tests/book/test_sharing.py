"""Previews of links, and all notebooks in one archive."""

import json
import re
import zipfile
from pathlib import Path

from jupyter_book.config import get_final_config

from rigid_depth.book.site import sharing

ROOT = Path(__file__).resolve().parents[2]


def test_a_page_describes_itself_and_names_addresses_only_where_they_are_known():
    text = sharing.metadata('A "title"', "book/a")
    assert 'content="A &quot;title&quot;"' in text
    assert json.loads(re.search(r"<script[^>]*>(.*)</script>", text)[1])["name"] == 'A "title"'
    assert "og:image" not in text
    known = sharing.metadata("A", "book/a", "https://example.org/book/")
    assert 'property="og:url" content="https://example.org/book/book/a.html"' in known
    assert "https://example.org/book/_static/streets.jpg" in known
    assert "twitter:card" in known


def test_the_front_page_is_the_book_and_others_are_its_chapters():
    front, page = (
        json.loads(re.search(r"<script[^>]*>(.*)</script>", sharing.metadata("A", page))[1])
        for page in (sharing.FRONT, "notebooks/02_background")
    )
    assert (front["@type"], page["@type"]) == ("Book", "Chapter")
    assert page["isPartOf"]["name"] == front["name"]


def test_the_workflow_that_publishes_names_the_address_of_the_book(monkeypatch):
    workflow = (ROOT / ".github" / "workflows" / "pages.yml").read_text()
    monkeypatch.setenv("RIGID_DEPTH_SITE", "https://example.org/book/")
    assert sharing.site_url() == "https://example.org/book/"
    assert "RIGID_DEPTH_SITE: https://" in workflow


def test_buttons_lead_to_the_repository_of_the_build_that_publishes(monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert sharing.repository_options() == {}
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/b")
    assert sharing.repository_options()["repository_url"] == "https://github.com/a/b"


def test_no_link_leads_to_the_repository_of_jupyter_book():
    config, _ = get_final_config(
        user_yaml=ROOT / "_config.yml",
        cli_config={"latex_individualpages": False},
        sourcedir=ROOT,
    )
    assert not config["html_theme_options"]["repository_url"]


def test_the_archive_holds_every_notebook_and_is_the_same_each_time(tmp_path):
    books = [tmp_path / "b.ipynb", tmp_path / "a.ipynb"]
    for book in books:
        book.write_text(book.stem)
    sharing.write_archive(tmp_path / "1.zip", books)
    sharing.write_archive(tmp_path / "2.zip", reversed(books))
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert zipfile.ZipFile(tmp_path / "1.zip").namelist() == ["a.ipynb", "b.ipynb"]


def test_a_title_loses_its_html_and_nothing_else():
    assert sharing.plain_title("3.2 <em>Maps</em> &amp;\n  <code>R</code>") == "3.2 Maps & R"
