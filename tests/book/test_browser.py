"""The built book in headless Chromium, with every request to the outside refused.

Of the pages of experiments, which have one template, some are visited; the rest is read as text.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, urldefrag

import pytest
from browsing import ROOT, Visit, draw_all, opened_tab, read

from rigid_depth.book.markdown import slug
from rigid_depth.book.site.check import check, expected_pages

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
    unspoken: all('mjx-container').filter(node => !node.querySelector('mjx-assistive-mml')).length,
    bytes: ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
    mathErrors: all('[data-mml-node=merror]').length,
    brokenImages: [...document.images].filter(i => !i.naturalWidth).map(i => i.src),
    noAlternative: [...article.querySelectorAll('img')].filter(i => !i.alt).map(i => i.src),
    figures: all('.plotly-figure').length,
    undrawn: all('.plotly-figure').filter(f => !f.querySelector('.main-svg')
      || f.textContent.includes('WebGL is not supported')).length,
    sharing: all('[data-title^="Share chart"]').length,
    links: [...article.querySelectorAll('a[href]')].map(a => a.href),
    ids: all('[id]').map(node => node.id),
    code: all('article .cell pre').length,
    cut: all('article .cell pre').filter(pre => pre.scrollWidth > pre.clientWidth + 1)
      .map(pre => pre.textContent.trim().slice(0, 60)),
    wide: all('.pst-scrollable-table-container').filter(box => box.scrollWidth > box.clientWidth)
      .map(box => box.textContent.trim().slice(0, 60)),
  };
}"""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNREACHED = """() => {
  const scrolls = (node) => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX);
  const reached = (node) => node.matches('article') ? false : scrolls(node)
    || reached(node.parentElement);
  const kinds = 'pre, table, p, li, img, input, select, button, mjx-container, .plotly-figure';
  return [...document.querySelector('article').querySelectorAll(kinds)]
    .filter(node => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .filter(node => !reached(node))
    .map(node => `${node.tagName}: ${node.textContent.slice(0, 60)}`);
}"""
"""What lies beyond the right edge, in nothing that scrolls."""


LAID_OUT = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 250))))"""
"""Waits until a page has answered a change of its size."""


PHONES_PX = (400, 360)
MOST_BYTES, MOST_BYTES_WITH_PLOTS = 3_000_000, 5_000_000


def visit(context, address: str, page: str) -> Visit:
    """Waits until a page is drawn, gathers its facts, then sees it dark, as wide as phones are."""
    with opened_tab(context, address, page) as (tab, seen):
        try:
            draw_all(tab)
        except Exception as error:
            seen.console.append(f"not drawn: {error}")
        seen.facts = tab.evaluate(FACTS)
        seen.facts["unreached"] = []
        tab.evaluate("document.documentElement.dataset.theme = 'dark'")
        for width in PHONES_PX:
            tab.set_viewport_size({"width": width, "height": 900})
            tab.evaluate(LAID_OUT)
            seen.overflow_px = max(seen.overflow_px, tab.evaluate(OVERFLOW))
            seen.facts["unreached"] += tab.evaluate(UNREACHED)
    return seen


@pytest.fixture(scope="module")
def experiments(html) -> dict[str, str]:
    """The pages of experiments, the longest first -> the group that their runs lie in."""
    folders = ROOT.glob("book/results/*/*")
    groups = {
        f"book/generated/runs/{slug(f'{folder.parent.name}/{folder.name}')}": folder.parent.name
        for folder in folders
    }
    built = [page for page in expected_pages(ROOT) if page in groups]
    by_length = sorted(built, key=lambda page: -(html / f"{page}.html").stat().st_size)
    return {f"{page}.html": groups[page] for page in by_length}


@pytest.fixture(scope="module")
def examples(experiments) -> set[str]:
    """The longest pages of experiments, and the longest and the shortest of each group."""
    longest = {group: page for page, group in reversed(experiments.items())}
    shortest = {group: page for page, group in experiments.items()}
    return {*list(experiments)[:3], *longest.values(), *shortest.values()}


@pytest.fixture(scope="module")
def visits(browser, address, experiments, examples) -> dict[str, Visit]:
    """Every page of the book but those of the other experiments, visited once."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    pages = [f"{page}.html" for page in expected_pages(ROOT)]
    chosen = [page for page in pages if page in examples or page not in experiments]
    return {page: visit(context, address, page) for page in chosen}


@pytest.fixture(scope="module")
def pages(visits, html, address, experiments) -> dict[str, Visit]:
    """Every page of the book: those visited, and the others as they are written."""
    others = experiments.keys() - visits.keys()
    return visits | {page: read(html, address, page) for page in sorted(others)}


def where(visits: dict[str, Visit], fault) -> dict:
    """The pages at which `fault(visit)` returns something."""
    return {page: found for page, seen in visits.items() if (found := fault(seen))}


def test_the_build_wrote_what_the_table_of_contents_promises(html):
    assert check(html, ROOT) >= 10


def test_every_page_is_visited_or_read(pages, visits, examples):
    assert pages.keys() == {f"{page}.html" for page in expected_pages(ROOT)}
    assert examples <= visits.keys()


def test_a_page_that_is_read_tells_what_a_visit_tells(visits, html, address, examples):
    for page in examples:
        seen, written = visits[page].facts, read(html, address, page).facts
        assert written["links"] == seen["links"] != []
        assert set(written["ids"]) <= set(seen["ids"])
        assert Counter(written["text"].split()) <= Counter(seen["text"].split()), "scripts add some"
        assert written["noAlternative"] == seen["noAlternative"]
        assert written["brokenImages"] == seen["brokenImages"]


def test_no_request_leaves_the_machine(visits):
    assert where(visits, lambda seen: seen.outside) == {}


def test_no_request_fails(visits):
    assert where(visits, lambda seen: seen.failed) == {}


def test_the_console_stays_silent(visits):
    assert where(visits, lambda seen: seen.console) == {}


def test_every_formula_is_typeset(visits):
    assert sum(seen.facts["math"] for seen in visits.values()) > 100
    assert where(visits, lambda seen: seen.facts["untypeset"] or seen.facts["mathErrors"]) == {}


def test_every_formula_reaches_a_screen_reader(visits):
    assert where(visits, lambda seen: seen.facts["unspoken"]) == {}


def test_no_page_is_heavier_than_promised(visits):
    def excess(seen: Visit) -> int:
        most = MOST_BYTES_WITH_PLOTS if seen.facts["figures"] else MOST_BYTES
        return max(0, seen.facts["bytes"] - most)

    assert max(seen.facts["bytes"] for seen in visits.values()) > 1_000_000
    assert where(visits, excess) == {}


def test_the_text_does_not_wait_for_the_figures(html):
    """Plotly alone is over a megabyte; a script without `defer` keeps a page white until it ran."""
    text = (html / "notebooks" / "03a_rotations.html").read_text()
    tags = re.findall(r"<script[^>]*(?:plotly/plotly-|/figures\.js)[^>]*>", text)
    assert len(tags) == 2
    assert all("defer" in tag for tag in tags)


def test_no_markup_is_left_in_the_text(pages):
    markup = ("$$", "\\(", "\\frac", "{cite", "{ref}", ":::", "```")
    assert where(pages, lambda seen: [m for m in markup if m in seen.facts["text"]]) == {}


def test_every_image_is_there_and_described(pages):
    assert where(pages, lambda seen: seen.facts["brokenImages"]) == {}
    assert where(pages, lambda seen: seen.facts["noAlternative"]) == {}


def test_every_plotly_figure_is_drawn(visits):
    assert sum(seen.facts["figures"] for seen in visits.values()) >= 3
    assert where(visits, lambda seen: seen.facts["undrawn"]) == {}


def test_no_figure_offers_an_upload(visits):
    assert where(visits, lambda seen: seen.facts["sharing"]) == {}


def test_no_page_scrolls_sideways_on_a_phone(visits):
    assert where(visits, lambda seen: seen.overflow_px if seen.overflow_px > 1 else 0) == {}


def test_no_code_and_no_output_is_cut(visits):
    assert sum(seen.facts["code"] for seen in visits.values()) > 100
    assert where(visits, lambda seen: seen.facts["cut"]) == {}


def test_a_chapter_has_at_most_one_table_to_scroll_at_a_desk(visits):
    chapters = {page: seen for page, seen in visits.items() if page.startswith("notebooks/")}
    assert where(chapters, lambda seen: seen.facts["wide"][1:]) == {}


def test_nothing_is_out_of_reach_on_a_phone(visits):
    assert where(visits, lambda seen: seen.facts["unreached"]) == {}


def test_every_inner_link_leads_somewhere(pages, address, html):
    ids = {page: set(seen.facts["ids"]) for page, seen in pages.items()}

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

    assert where(pages, lost) == {}


def test_the_ledger_filters(browser, address):
    context = browser.new_context()
    with opened_tab(context, address, "book/generated/ledger.html") as (tab, seen):
        rows, visible = tab.locator(".ledger-row"), tab.locator(".ledger-row:visible")
        total = rows.count()
        serious = tab.locator(".ledger-row.in-the-serious-errata").count()
        assert visible.count() == serious < total / 2, "it opens on what matters first"
        tab.locator(".ledger-controls input").fill("infinity loss")
        shown = visible.count()
        assert 0 < shown < total
        texts = [text.lower() for text in rows.all_text_contents()]
        fitting = [text for text in texts if "infinity" in text and "loss" in text]
        assert shown == len(fitting), "a text is looked for in all rows"
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


def test_the_lines_of_the_results_are_filtered_and_sorted(browser, address):
    """Against plain RGB, held out, up to 80 m first; a column of one chosen value is hidden."""
    tab = browser.new_page()
    tab.goto(f"{address}/notebooks/08_results.html")
    table = tab.locator("table.rd-sortable").first
    heads = table.locator("thead th")
    place = heads.all_inner_texts().index("RMSE [m]")

    def errors_m() -> list[float]:
        cells = table.locator(f"tbody tr:not([hidden]) td:nth-child({place + 1})")
        return [float(text) for text in cells.all_inner_texts() if text != "–"]

    whole = table.locator("tbody tr").count()
    decisive = len(errors_m())
    assert 0 < decisive < whole
    assert table.locator("td:visible", has_text="held-out").count() == 0
    heads.nth(place).locator("button").click()
    assert errors_m() == sorted(errors_m())
    heads.nth(place).locator("button").click()
    assert errors_m() == sorted(errors_m(), reverse=True)
    split = tab.locator(".rd-choices label", has_text="split").locator("select")
    split.select_option("test")
    assert table.locator("tbody tr:not([hidden]) td", has_text="held-out").count() == 0
    split.select_option("")
    assert table.locator("td:visible", has_text="held-out").count() >= decisive
    tab.close()
