"""The icons that the pages show, without the two thousand others that the theme brings.

Those of a class, as `fa-moon`, are drawn by a script with their outlines from the theme's own.
Those in the theme's styles, as that of a warning, are letters of a font, and these few are kept.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from fontTools import subset

STYLES, FONT = "styles/pydata-sphinx-theme.css", "vendor/fontawesome/webfonts/fa-solid-900"
"""The theme's styles and the font of its icons, below the folder of static files."""
ICON = re.compile(r"\bfa-([a-z-]+)")
RULE = re.compile(r"\.fa-[\w-]+:?:before(?:,\.fa-[\w-]+:?:before)*\{content:[^{}]*\}")
"""The style of an icon by its class; the script draws it."""
LETTER = re.compile(r"\\([ef][0-9a-f]{3})|([\ue000-\uf8ff])")
DEFINITION = r'"?(?<![\w-]){}"?:(\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+","[^"]+"\])'
DRAW = """(() => {
  const icons = ICONS;
  const draw = () => document.querySelectorAll("i[class*='fa-']").forEach((old) => {
    const name = [...old.classList].find((c) => icons[c.slice(3)]);
    if (!name) return;
    const [width, height, , , path] = icons[name.slice(3)];
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const { name, value } of old.attributes) drawn.setAttribute(name, value);
    drawn.classList.add("svg-inline--fa");
    drawn.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawn.setAttribute("aria-hidden", "true");
    drawn.innerHTML = `<path fill="currentColor" d="${path}"></path>`;
    old.replaceWith(drawn);
  });
  draw();
  document.addEventListener("DOMContentLoaded", draw);
})();
"""


def names(html: str) -> list[str]:
    """The icons that the classes of a page name."""
    return ICON.findall(html)


def lighten(static: Path, used: set[str]) -> None:
    """Keeps the icons named in `used` and those of the styles, in a folder of static files.

    A theme without the script or the styles is left as it is.
    """
    if (script := static / "scripts" / "fontawesome.js").is_file():
        script.write_text(_script(used), encoding="utf-8")
    if (styles := static / STYLES).is_file():
        text = RULE.sub("", styles.read_text(encoding="utf-8"))
        others = [path for path in styles.parent.glob("*.css") if path != styles]
        texts = [text, *(path.read_text(encoding="utf-8") for path in others)]
        _keep_letters(static / FONT, _letters(texts))
        name = Path(FONT).name
        text = text.replace(f'{name}.woff2) format("woff2")', f'{name}.woff) format("woff")')
        styles.write_text(text, encoding="utf-8")


def _letters(styles: list[str]) -> set[int]:
    """Code points of the letters that styles show beyond those of languages."""
    found = LETTER.findall("".join(styles))
    return {int(escaped, 16) if escaped else ord(letter) for escaped, letter in found}


def _keep_letters(font: Path, letters: set[int]) -> None:
    """Writes `font`.woff with these letters of `font`.ttf."""
    options = subset.Options(flavor="woff")
    whole = subset.load_font(str(font.with_suffix(".ttf")), options)
    part = subset.Subsetter(options)
    part.populate(unicodes=letters)
    part.subset(whole)
    subset.save_font(whole, str(font.with_suffix(".woff")), options)


def _script(wanted: set[str]) -> str:
    """A script that draws the named icons, with their outlines from the theme's own script."""
    import pydata_sphinx_theme

    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme"
    source = (theme / "static" / "scripts" / "fontawesome.js").read_text(encoding="utf-8")
    found = {}
    for name in sorted(wanted):
        if outlines := re.findall(DEFINITION.format(re.escape(name)), source):
            found[name] = json.loads(outlines[-1])
    return DRAW.replace("ICONS", json.dumps(found))
