"""Pages load the icons they show, drawn as the theme draws them, and no others."""

import json
import re
import shutil
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

from rigid_depth.book.site import icons

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
WARNING, EXTERNAL_LINK, ROCKET = 0xF071, 0xF35D, 0xF135


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    """Lightened files of the theme for pages with a sun and a list."""
    folder = tmp_path_factory.mktemp("site") / "_static"
    shutil.copytree(THEME, folder)
    icons.lighten(folder, {"sun", "list", "lg"})
    return folder


def test_icons_of_classes_have_the_outlines_of_the_theme(static):
    script = (static / "scripts" / "fontawesome.js").read_text()
    drawn = json.loads(re.search(r"const icons = (.*);", script).group(1))
    assert set(drawn) == {"sun", "list"}
    assert drawn["sun"][3] == "f185"


def test_the_font_has_the_icons_of_the_styles_alone(static):
    before, after = (
        TTFont(f"{folder / icons.FONT}.{kind}")
        for folder, kind in ((THEME, "ttf"), (static, "woff"))
    )
    kept = set(after.getBestCmap())
    assert {WARNING, EXTERNAL_LINK} <= kept
    assert ROCKET in before.getBestCmap()
    assert ROCKET not in kept
    assert len(kept) < 60
    name = before.getBestCmap()[WARNING]
    assert after["glyf"][after.getBestCmap()[WARNING]] == before["glyf"][name]


def test_the_styles_ask_for_that_font_and_keep_their_other_rules(static):
    before, after = ((folder / icons.STYLES).read_text() for folder in (THEME, static))
    assert "fa-solid-900.woff)" in after
    assert "fa-solid-900.woff2" not in after
    assert (static / f"{icons.FONT}.woff").stat().st_size < 20_000
    assert ".fa-rocket:before" in before
    assert ".fa-rocket:before" not in after
    rules = re.findall(r"[^{}]*\{[^{}]*\}", before)
    others = [rule for rule in rules if ":before{content:" not in rule and "@font-face" not in rule]
    assert all(rule in after for rule in others)


def test_names_are_those_of_classes():
    assert icons.names('<i class="fa-solid fa-circle-half-stroke fa-lg"></i>') == [
        "solid", "circle-half-stroke", "lg",
    ]  # fmt: skip
