"""Every page of the built book in headless Chromium, with every request to the outside refused."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from rigid_depth.book.check import check, expected_pages

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
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
  && [...document.querySelectorAll('.plotly-figure')].every(f => f.querySelector('.main-svg'))"""

FACTS = """async () => {
  if (document.querySelector('.math')) await MathJax.startup.promise;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const article = document.querySelector('article');
  const prose = article.cloneNode(true);
  prose.querySelectorAll('pre, code, script, mjx-container').forEach(node => node.remove());
  return {
    title: document.querySelector('h1')?.textContent ?? '',
    text: prose.textContent,
    math: all('.math').length,
    untypeset: all('.math').filter(node => !node.querySelector('mjx-container')).length,
    mathErrors: all('[data-mml-node=merror]').length,
    brokenImages: [...document.images].filter(i => !i.naturalWidth).map(i => i.src),
    noAlternative: [...article.querySelectorAll('img')].filter(i => !i.alt).map(i => i.src),
    figures: all('.plotly-figure').length,
    undrawn: all('.plotly-figure').filter(f => !f.querySelector('.main-svg')
      || f.textContent.includes('WebGL is not supported')).length,
    links: [...article.querySelectorAll('a[href]')].map(a => a.href),
    ids: all('[id]').map(node => node.id),
  };
}"""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


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


def visit(context, address: str, page: str) -> Visit:
    """Waits until a page is drawn, gathers its facts, then narrows it to a phone's width."""
    with opened_tab(context, address, page) as (tab, seen):
        try:
            tab.wait_for_function(READY, timeout=PATIENCE_MS)
        except Exception as error:
            seen.console.append(f"not drawn: {error}")
        seen.facts = tab.evaluate(FACTS)
        tab.set_viewport_size({"width": 400, "height": 900})
        tab.wait_for_timeout(250)
        seen.overflow_px = tab.evaluate(OVERFLOW)
    return seen


@pytest.fixture(scope="module")
def html() -> Path:
    """The built book; built here only where it is missing."""
    if not (HTML / "index.html").is_file():
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-q"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return HTML


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(html) -> Iterator[str]:
    with served(html) as url:
        yield url


@pytest.fixture(scope="module")
def visits(browser, address) -> dict[str, Visit]:
    """Every page of the book, visited once."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    pages = [f"{page}.html" for page in expected_pages(ROOT)]
    return {page: visit(context, address, page) for page in pages}


def where(visits: dict[str, Visit], fault) -> dict:
    """The pages at which `fault(visit)` returns something."""
    return {page: found for page, seen in visits.items() if (found := fault(seen))}


def test_the_build_wrote_what_the_table_of_contents_promises(html):
    assert check(html, ROOT) >= 10


def test_no_request_leaves_the_machine(visits):
    assert where(visits, lambda seen: seen.outside) == {}


def test_no_request_fails(visits):
    assert where(visits, lambda seen: seen.failed) == {}


def test_the_console_stays_silent(visits):
    assert where(visits, lambda seen: seen.console) == {}


def test_every_formula_is_typeset(visits):
    assert sum(seen.facts["math"] for seen in visits.values()) > 100
    assert where(visits, lambda seen: seen.facts["untypeset"] or seen.facts["mathErrors"]) == {}


def test_no_markup_is_left_in_the_text(visits):
    markup = ("$$", "\\(", "\\frac", "{cite", "{ref}", ":::", "```")
    assert where(visits, lambda seen: [m for m in markup if m in seen.facts["text"]]) == {}


def test_every_image_is_there_and_described(visits):
    assert where(visits, lambda seen: seen.facts["brokenImages"]) == {}
    assert where(visits, lambda seen: seen.facts["noAlternative"]) == {}


def test_every_plotly_figure_is_drawn(visits):
    assert sum(seen.facts["figures"] for seen in visits.values()) >= 3
    assert where(visits, lambda seen: seen.facts["undrawn"]) == {}


def test_no_page_scrolls_sideways_on_a_phone(visits):
    assert where(visits, lambda seen: seen.overflow_px if seen.overflow_px > 1 else 0) == {}


def test_every_inner_link_leads_somewhere(visits, address, html):
    ids = {page: set(seen.facts["ids"]) for page, seen in visits.items()}

    def lost(seen: Visit) -> list[str]:
        found = []
        for link in seen.facts["links"]:
            url, fragment = urldefrag(link)
            if not url.startswith(address):
                continue
            page = unquote(url.removeprefix(address + "/"))
            if not (html / page).is_file() or (
                fragment and page in ids and unquote(fragment) not in ids[page]
            ):
                found.append(link.removeprefix(address))
        return found

    assert where(visits, lost) == {}


def test_the_ledger_filters(browser, address):
    context = browser.new_context()
    with opened_tab(context, address, "book/generated/ledger.html") as (tab, seen):
        rows = tab.locator(".ledger-row")
        total = rows.count()
        tab.locator(".ledger-controls input").fill("infinity loss")
        shown = tab.locator(".ledger-row:visible").count()
        assert 0 < shown < total
        assert (
            tab.locator(".ledger-controls [role=status]").inner_text() == f"{shown} of {total} rows"
        )
        assert seen.console == []


def test_search_finds(browser, address):
    context = browser.new_context()
    with opened_tab(context, address, "search.html?q=infinity") as (tab, seen):
        tab.wait_for_selector("#search-results li a")
        assert seen.console + seen.outside == []


def test_dark_mode_turns_the_page_dark(browser, address):
    context = browser.new_context(color_scheme="light")
    with opened_tab(context, address, "book/intro.html") as (tab, seen):
        colours = {}
        for _ in range(3):
            theme = tab.evaluate("document.documentElement.dataset.theme")
            colours[theme] = tab.evaluate("getComputedStyle(document.body).backgroundColor")
            tab.locator(".theme-switch-button:visible").first.click()
        assert set(colours) == {"light", "dark"}
        assert colours["light"] != colours["dark"]
        assert seen.console == []
