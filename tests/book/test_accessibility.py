"""One page of each kind by axe-core, by keyboard, and by what it weighs."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import draw_all, opened_tab

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PAGES = (
    "book/intro",
    "book/glossary",
    "book/bibliography",
    "book/generated/found",
    "book/generated/ledger",
    "book/generated/findings",
    "book/generated/runs",
    "book/generated/runs/core-rgb",
    "book/generated/studies/two-goals",
    "book/generated/api",
    "book/generated/api/rotations",
    "book/generated/status",
    "book/generated/figures",
    "book/generated/exercises",
    "book/generated/released",
    "notebooks/03a_rotations",
    "notebooks/05e_metrics",
    "notebooks/07_4_mse",
    "notebooks/08_results",
    "notebooks/08_1_ablations",
    "search",
)
ON_A_PHONE = ("book/intro", "book/generated/found", "notebooks/03a_rotations", "notebooks/07_4_mse")
KNOWN: dict[str, str] = {}
"""Rules of axe that pages may break -> why."""

VIOLATIONS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter(rule => ["serious", "critical"].includes(rule.impact))
    .map(rule => [rule.id, rule.nodes.map(node => node.html.slice(0, 200))]);
}"""

DRAWN = "figure => figure.querySelector('.scatterlayer').outerHTML"


@pytest.mark.parametrize(
    ("page", "theme", "width"),
    [
        *((page, theme, 1280) for page in PAGES for theme in ("light", "dark")),
        *((page, "dark", 400) for page in ON_A_PHONE),
    ],
)
def test_axe_finds_nothing_serious(browser, address, page, theme, width):
    context = browser.new_context(
        viewport={"width": width, "height": 1000},
        color_scheme=theme,
        reduced_motion="reduce",  # no colour is caught on its way from one theme to the other
    )
    context.add_init_script(f"localStorage.mode = localStorage.theme = '{theme}'")
    with opened_tab(context, address, f"{page}.html") as (tab, _):
        draw_all(tab)
        assert tab.evaluate("document.documentElement.dataset.theme") == theme
        tab.add_script_tag(path=str(AXE))
        found = dict(tab.evaluate(VIOLATIONS))
    context.close()
    assert {rule: nodes for rule, nodes in found.items() if rule not in KNOWN} == {}


def test_the_keyboard_moves_the_slider_of_a_figure(browser, address):
    context = browser.new_context()
    with opened_tab(context, address, "notebooks/03a_rotations.html") as (tab, seen):
        draw_all(tab)
        figure = tab.locator(".plotly-figure").first
        slider = figure.locator("input[type=range]")
        before, said = figure.evaluate(DRAWN), slider.get_attribute("aria-valuetext")
        slider.focus()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(1000)
        assert figure.evaluate(DRAWN) != before
        assert slider.get_attribute("aria-valuetext") != said
        assert seen.console == []


def test_the_keyboard_chooses_in_the_menu_of_a_figure(browser, address):
    context = browser.new_context()
    with opened_tab(context, address, "notebooks/05e_metrics.html") as (tab, seen):
        draw_all(tab)
        figure = tab.locator(".plotly-figure", has=tab.locator("select")).first
        title = figure.locator(".g-ytitle")
        before = title.text_content()
        figure.locator("select").focus()
        tab.keyboard.press("ArrowDown")
        tab.wait_for_timeout(1000)
        assert title.text_content() != before
        assert seen.console == []


@pytest.mark.parametrize(
    ("page", "limit_mib"),
    [("book/intro", 3), ("book/generated/runs/core-rgb", 3), ("notebooks/03a_rotations", 5)],
)
def test_pages_are_light(browser, address, page, limit_mib):
    context = browser.new_context()
    sizes = {}
    context.on("requestfinished", lambda r: sizes.update({r.url: r.sizes()["responseBodySize"]}))
    with opened_tab(context, address, f"{page}.html") as (tab, _):
        draw_all(tab)
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
    assert 0.2 < sum(sizes.values()) / 2**20 <= limit_mib, largest
