"""What sentences of chapters 3 to 5 repeat from a cell's output is still what the cell prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NUMBER = r"([-+]?\d+(?:\.\d+)?)"

LOSSES, SKY, STITCHED = "05a_depth_losses", "05c_sky", "04b_relative_and_aligned"
REGRESSED = "03e_regressing_rotations"
CLOUDS = r"name: tab-regression-clouds[\s\S]*?"
ROWS = r"name: tab-regression-losses[\s\S]*?"
MASKS = r"name: tab-sky-masks[\s\S]*?"
CELL = r"[^|]*\| "

TYPED = [
    (LOSSES, "logit raises the RMSE by # m", "linear logit MSE minus MSE, rmse_m #"),
    (LOSSES, "true depth. improves by #", "linear logit MSE minus MSE, abs_rel #"),
    (LOSSES, "logit lowers the RMSE by # m", "reciprocal logit MSE minus MSE, rmse_m #"),
    (LOSSES, "raise the RMSE slightly .# m", "linear MAE minus MSE, rmse_m #"),
    (LOSSES, "raise the RMSE slightly .# m", "linear Huber minus MSE, rmse_m #"),
    (LOSSES, "stays nearer to MSE .# m", "linear BerHu minus MSE, rmse_m #"),
    (LOSSES, "by 20 m everywhere costs #", "of it 20 m off: 1 - SSIM = #"),
    (LOSSES, "and lowers the RMSE by # m", "reciprocal logit MSE minus MSE, rmse_m #"),
    (SKY, "at the returns by # m even with a perfect mask", "a perfect mask costs # m"),
    (SKY, "Errors of the mask add at most # m", "most added by a wrong one: # m"),
    ("05e_metrics", "RMSE ranges from # to # m", "RMSE from # m .* to # m"),
]
"""Chapter, sentence, output: the numbers at # agree to the digits of the sentence, up to sign."""

IN_WORDS: list[tuple[str, str, str, Callable[..., bool]]] = [
    (
        REGRESSED,
        "9D halves the error of 6D",
        CLOUDS + r"\| 6D, Gram-Schmidt \| #[\s\S]*?\| 9D, Procrustes \| #",
        lambda six, nine: 0.45 < nine / six < 0.55,
    ),
    (
        REGRESSED,
        "after the map, by a tenth, whether the sign of the label is fixed or free",
        ROWS + rf"\| quaternion: before, mean square \| {CELL}#[\s\S]*?"
        rf"\| quaternion: before, nearer {CELL * 2}#[\s\S]*?"
        r"\| quaternion: after, mean square \| #",
        lambda fixed, free, after: all(0.08 < -x / after < 0.12 for x in (fixed, free)),
    ),
    (
        REGRESSED,
        "before is worse, by a sixth",
        ROWS + rf"\| 6D: before, mean square \| {CELL}#[\s\S]*?\| 6D: after, mean square \| #",
        lambda more, after: 0.14 < more / after < 0.19,
    ),
    (
        STITCHED,
        "Near 20 pairs the two meet; from 50 on the linear map is better",
        r" 20 pairs: .* = [\d.]+ .# to #[\s\S]* 50 pairs: .* = [\d.]+ .[\d.]+ to #",
        lambda low, high, highest: low < 1 < high and highest < 1,
    ),
    (
        STITCHED,
        "The map leaves a tenth of the variance, and a linear map explains half of that",
        "rotation, reflection, scale and shift explains: #[\\s\\S]*? best linear map: #",
        lambda turned, linear: 0.09 < turned < 0.11 and 0.4 < linear / turned < 0.6,
    ),
    (
        STITCHED,
        "Centring lowers the cosine and doubles the MRR",
        r"relative +cosine # ± [\d.]+, MRR #[\s\S]*?relative-centred +cosine # ± [\d.]+, MRR #",
        lambda cosine, mrr, centred, higher: centred < cosine and 1.8 < higher / mrr < 2.2,
    ),
    (
        SKY,
        "more than ten times as much as any error of the mask adds",
        "a perfect mask costs # m at the returns\nmost added by a wrong one: # m",
        lambda moved, added: moved > 10 * added,
    ),
    (
        SKY,
        "and the RMSE at the skyline by half",
        MASKS + rf"\| none \| {CELL * 4}#[\s\S]*?\| exact \| {CELL * 4}#",
        lambda none, exact: 1.4 < exact / none < 1.6,
    ),
    (
        SKY,
        "the wrong part of the mask is two thirds as large as the sky",
        MASKS + rf"\| dilated 4 \| {CELL}#",
        lambda added: 60 < added < 73,
    ),
    (SKY, "misses a third of the sky", MASKS + r"\| eroded 2 \| #", lambda x: 28 < x < 38),
    (SKY, "with a fifth of its pixels flipped", MASKS + r"\| flipped 0.2 \| #", lambda x: x == 20),
]
"""Chapter, sentence, output, and what makes the sentence right of the numbers at #."""


@cache
def prose(chapter: str) -> str:
    """The text of a chapter without its code."""
    text = (ROOT / "notebooks" / f"{chapter}.md").read_text()
    return re.sub(r"^```\{code-cell\}.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


@cache
def printed(chapter: str) -> str:
    """What the cells of a stored chapter printed, runs of blanks as one."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    texts = [o.get("text") or o.get("data", {}).get("text/markdown", "") for o in outputs]
    return re.sub(" +", " ", "\n".join(texts))


def numbers(pattern: str, text: str) -> list[str]:
    """The numbers at the # of a pattern."""
    found = re.search(pattern.replace("#", NUMBER), text)
    assert found, f"not found: {pattern}"
    return list(found.groups())


@pytest.mark.parametrize(("chapter", "sentence", "output"), TYPED)
def test_a_typed_number_is_the_printed_one(chapter, sentence, output):
    typed, shown = numbers(sentence, prose(chapter)), numbers(output, printed(chapter))
    for text, value in zip(typed, shown, strict=True):
        digits = len(text.partition(".")[2])
        assert round(abs(float(value)), digits) == float(text)


@pytest.mark.parametrize(("chapter", "sentence", "output", "right"), IN_WORDS)
def test_a_share_in_words_is_right(chapter, sentence, output, right):
    assert sentence in prose(chapter)
    assert right(*map(float, numbers(output, printed(chapter))))
