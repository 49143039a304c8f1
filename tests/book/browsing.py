"""The built book in headless Chromium: what the tests of pages share."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

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
