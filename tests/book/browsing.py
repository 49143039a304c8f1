"""The built book in headless Chromium: what the tests of pages share."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin

from chromium import chromium

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
CHROMIUM = chromium()
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--use-angle=swiftshader",  # draws figures in three dimensions without a graphics card
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # refuses all of the outside
)
PATIENCE_MS = 120_000  # for a busy machine; a page alone takes about one second

READY = """() => document.readyState === 'complete'
  && (!document.querySelector('.math') || window.MathJax?.startup?.promise)
  && [...document.querySelectorAll('.plotly-figure')].every(f => f.dataset.drawn === 'done')"""


@dataclass
class Visit:
    """One page: what it holds and what went wrong while it loaded."""

    page: str
    facts: dict = field(default_factory=dict)
    overflow_px: int = 0
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)


class Article(HTMLParser):
    """Reads of a built page what `Visit.facts` tells of its article, before any script has run."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.text = ""
        self.inside = False
        self.unread: list[str] = []
        """The open elements of the name of the one whose text is no prose."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside = self.inside or tag == "article"
        self.ids += [given["id"]] if "id" in given else []
        if self.inside and tag == "a" and "href" in given:
            self.links.append(given["href"])
        if self.inside and tag == "img":
            self.images.append(given)
        is_prose = (
            tag not in ("pre", "code", "script") and "math" not in given.get("class", "").split()
        )
        if tag in self.unread or not (self.unread or is_prose):
            self.unread.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "article"
        if tag in self.unread:
            self.unread.pop()

    def handle_data(self, data: str) -> None:
        self.text += data if self.inside and not self.unread else ""


def read(html: Path, address: str, page: str) -> Visit:
    """What a page says of itself without a browser: text, links, ids, images."""
    article = Article()
    article.feed((html / page).read_text(encoding="utf-8"))
    here = f"{address}/{page}"
    images = [(urljoin(here, image["src"]), image.get("alt")) for image in article.images]
    facts = {
        "text": article.text,
        "ids": article.ids,
        "links": [urljoin(here, link) for link in article.links],
        "noAlternative": [source for source, alt in images if not alt],
        "brokenImages": [
            source
            for source, _ in images
            if not (html / unquote(source.removeprefix(f"{address}/"))).is_file()
        ],
    }
    return Visit(page, facts)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves without a log: the tests look at the browser's side."""

    def log_message(self, *arguments) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on the loopback interface and yields its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def opened_tab(context, address: str, page: str):
    """Opens a page; notes what wants to leave the loopback, what fails, and what is complained."""
    tab, seen = context.new_page(), Visit(page)
    tab.set_default_timeout(PATIENCE_MS)

    def note(request) -> None:
        if not request.url.startswith((address + "/", "data:", "blob:")):
            seen.outside.append(request.url)

    def listen(message) -> None:
        if message.type == "error":
            seen.console.append(message.text)

    tab.on("request", note)
    tab.on("requestfailed", lambda request: seen.failed.append(request.url))
    tab.on("response", lambda r: seen.failed.append(r.url) if r.status >= 400 else None)
    tab.on("pageerror", lambda error: seen.console.append(str(error)))
    tab.on("console", listen)
    tab.goto(f"{address}/{page}", wait_until="load")
    yield tab, seen
    tab.close()


def draw_all(tab) -> None:
    """Draws all figures of a page, as for printing, and waits for them and the formulas."""
    for event in ("beforeprint", "afterprint"):
        tab.evaluate(f"window.dispatchEvent(new Event('{event}'))")
        tab.wait_for_function(READY, timeout=PATIENCE_MS)
