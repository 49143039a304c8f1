"""What others make of the book: previews of a link, search engines, the repository, one archive.

All of it is text in the pages and one file; nothing is asked of another machine. Where the
repository lies on the web is known where the book is published: GITHUB_SERVER_URL and
GITHUB_REPOSITORY, which GitHub's own builds set. Without them pages have no such buttons. The
workflow that publishes the book names its address in RIGID_DEPTH_SITE; a preview's picture and the
canonical address of a page need it.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Iterable
from html import escape, unescape
from pathlib import Path

from rigid_depth.book.publishing.address import workflow_url

ABOUT = (
    "The reproducible companion to a Master's thesis on monocular depth estimation by domain "
    "transfer with rigid transformations: a book whose chapters run."
)
CARD = "images/streets.jpg"
FRONT = "book/intro"
FIRST_DATE = (1980, 1, 1, 0, 0, 0)


def repository_options() -> dict:
    """The theme's options for buttons to issues and source; none where no repository is known."""
    if not (url := workflow_url()):
        return {}
    return {
        "repository_url": url,
        "repository_branch": os.environ.get("GITHUB_REF_NAME", "main"),
        "use_repository_button": True,
        "use_issues_button": True,
        "use_source_button": True,
    }


def site_url() -> str:
    """Where the book is published; empty where that is not known."""
    return os.environ.get("RIGID_DEPTH_SITE", "")


def plain_title(title: str) -> str:
    """A title without its HTML: text on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", title)).split())


def metadata(title: str, page: str, base_url: str = "") -> str:
    """Open Graph and JSON-LD of a page; addresses only where the book's own is known."""
    properties = {"og:type": "article", "og:site_name": "Rigid Depth"}
    properties |= {"og:title": title, "og:description": ABOUT}
    book = {"@type": "Book", "name": "Rigid Depth", "description": ABOUT}
    work = book if page == FRONT else {"@type": "Chapter", "name": title, "isPartOf": book}
    if base_url:
        root = base_url.rstrip("/")
        properties["og:url"] = f"{root}/{page}.html"
        properties["og:image"] = f"{root}/_static/{Path(CARD).name}"
        work = work | {"url": properties["og:url"], "image": properties["og:image"]}
    tags = [f'<meta property="{k}" content="{escape(v)}">' for k, v in properties.items()]
    if base_url:
        tags.append('<meta name="twitter:card" content="summary_large_image">')
    said = json.dumps({"@context": "https://schema.org", **work}).replace("</", "<\\/")
    return "\n".join([*tags, f'<script type="application/ld+json">{said}</script>'])


def write_archive(path: Path, notebooks: Iterable[Path]) -> None:
    """Writes the notebooks into one archive, the same bytes for the same notebooks."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for notebook in sorted(notebooks, key=lambda found: found.name):
            entry = zipfile.ZipInfo(notebook.name, FIRST_DATE)
            archive.writestr(entry, notebook.read_bytes(), zipfile.ZIP_DEFLATED)
