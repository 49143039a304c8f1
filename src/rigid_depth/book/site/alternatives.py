"""The text alternative of a plotly figure: what is seen, and by what it is moved."""

from __future__ import annotations

from rigid_depth.book.cells.inwords import words_of
from rigid_depth.errors import RigidDepthError


def describe(figure: dict, seen: str = "") -> str:
    """What a figure (its data and layout) shows, then the kinds of its controls.

    `seen` says what is seen, in words of the page; else the figure has them in itself. Raises
    `RigidDepthError` where neither does: names of axes and series tell a blind reader nothing.
    """
    seen = " ".join((seen or words_of(figure)).split())
    if not seen:
        raise RigidDepthError(
            "a plotly figure has no words for those who cannot see it: give its cell the option "
            "mystnb: image: alt, or draw it with rigid_depth.book.cells.inwords.with_words"
        )
    layout = figure.get("layout", {})
    parts = [seen if seen.endswith((".", "!", "?")) else f"{seen}."]
    parts += [_slider(given) for given in layout.get("sliders") or []]
    parts += [_menu(given) for given in layout.get("updatemenus") or []]
    return " ".join(parts)


def _slider(given: dict) -> str:
    steps = given["steps"]
    prefix = (given.get("currentvalue") or {}).get("prefix", "")
    return f"Slider: {prefix}{steps[0]['label']} to {steps[-1]['label']}."


def _menu(given: dict) -> str:
    labels = [button["label"] for button in given["buttons"]]
    if labels == ["▶"]:
        return "A button plays all steps."
    return f"{'Buttons' if given.get('type') == 'buttons' else 'Menu'}: {', '.join(labels)}."
