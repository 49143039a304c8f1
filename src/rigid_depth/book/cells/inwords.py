"""What a figure of plotly shows, in words, for those who cannot see it.

A figure that stays as it is has its words beside its caption, in the options of its cell
(`mystnb: image: alt`). The words of a figure of runs follow its numbers: whoever draws it reads
them from its data and lays them into the figure, by `with_words`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

KEY = "alt"
"""Name of the words in the `meta` of a figure's layout."""
TURNS = 0.9
"""A line turns on its way where it goes below this share of its lower end, or where its higher end
is below this share of its largest value."""

Figure = TypeVar("Figure")  # pages are made of data, without plotly


def with_words(figure: Figure, words: str) -> Figure:
    """Lays the words into the figure, a plotly one or its data; returns the figure."""
    figure["layout"]["meta"] = {KEY: words}
    return figure


def words_of(figure: dict) -> str:
    """The words that lie in the data of a figure; empty where there are none."""
    meta = figure.get("layout", {}).get("meta")
    return meta.get(KEY, "") if isinstance(meta, dict) else ""


def line_in_words(name: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """How a line over the steps begins, turns and ends, as "RGB falls from 9.1 to 6.9"."""
    first, last = values[0], values[-1]
    least, most = min(values), max(values)
    begun, ended = f"{first:.3g}", f"{last:.3g}"
    if least < TURNS * min(first, last):
        step = steps[list(values).index(least)]
        return f"{name} falls from {begun} to {least:.3g} at step {step:,} and rises to {ended}"
    if max(first, last) < TURNS * most:
        step = steps[list(values).index(most)]
        return f"{name} rises from {begun} to {most:.3g} at step {step:,} and falls to {ended}"
    if begun == ended:
        return f"{name} stays at {begun}"
    return f"{name} {'falls' if last < first else 'rises'} from {begun} to {ended}"
