"""Asserts what a build has written: a build tool's exit status alone has fooled many books.

python -m rigid_depth.book.site.check _build/html
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[4]
OUTSIDE = re.compile(
    r"""<(?:script|link(?! rel="canonical")|img|iframe)\b[^>]*\b(?:src|href)=["'](?:https?:)?//"""
)


def expected_pages(root: Path = ROOT) -> list[str]:
    """Names every page that the table of contents promises, without suffix."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry for part in toc["parts"] for entry in part["chapters"]]
    entries += [section for entry in entries for section in entry.get("sections", [])]
    pages = [toc["root"], *(entry["file"] for entry in entries if "file" in entry)]
    for pattern in (entry["glob"] for entry in entries if "glob" in entry):
        pages += [str(p.relative_to(root).with_suffix("")) for p in root.glob(pattern + ".md")]
    return pages


def check(html: Path, root: Path = ROOT) -> int:
    """Checks pages, scripts and the absence of outside requests; returns the number of pages.

    Raises `RigidDepthError` that names the first page or file at fault.
    """
    needed = ["_static/mathjax/startup.js", "_static/rigid-depth.css", "searchindex.js"]
    for name in needed:
        if not (html / name).is_file():
            raise RigidDepthError(f"The built book lacks {name} in {html}.")
    pages = expected_pages(root)
    for page in pages:
        path = html / f"{page}.html"
        if not path.is_file():
            raise RigidDepthError(f"The built book lacks the page {page}.html of _toc.yml.")
        text = path.read_text(encoding="utf-8")
        if "<h1" not in text:
            raise RigidDepthError(f"The page {page}.html has no title.")
        if outside := OUTSIDE.search(text):
            raise RigidDepthError(f"The page {page}.html asks outside: {outside.group()[:120]}")
        loaded = re.search(r"_static/plotly/plotly-\w+\.min\.js", text)
        if "plotly-figure" in text and not (loaded and (html / loaded.group()).is_file()):
            raise RigidDepthError(
                f"The page {page}.html has plotly figures and does not load plotly."
            )
    return len(pages)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "_build" / "html")
    try:
        print(f"{check(folder)} pages checked in {folder}")
    except RigidDepthError as error:
        sys.exit(str(error))
