"""A claim is reproduced by what runs show and refuted by what they exclude, else undecided."""

from __future__ import annotations

from statistics import fmean

import pytest
from handmade import run

from rigid_depth.book.claims.findings.judging import (
    brings_nothing,
    exceeds,
    improves,
    in_every_seed,
    observed,
    stays_below,
    worsens,
)
from rigid_depth.book.runs.comparison import verdicts
from rigid_depth.statistics import Estimate

YES, NO, UNDECIDED = "reproduced", "not reproduced", "undecided at this scale"


@pytest.fixture
def rows(monkeypatch):
    """Puts lines in the place of `verdicts`: their 90 % intervals, in shares of the error."""

    def put(**intervals: tuple[float, float]) -> list[str]:
        lines = [
            {
                "experiment": name,
                "reference": "rgb",
                "verdict": "no difference shown",
                "low": low,
                "high": high,
                "share": fmean((low, high)),
                "visible": 0.03,
                "equivalent": -0.02 < low <= high < 0.02,
            }
            for name, (low, high) in intervals.items()
        ]
        monkeypatch.setattr("rigid_depth.book.runs.comparison.verdicts", lambda *_: lines)
        return list(intervals)

    return put


@pytest.mark.parametrize(
    ("claimed", "verdict"),
    [
        (0.018, UNDECIDED),
        ({"mse": 0.018, "coral": 0.06}, NO),
        ({"mse": 0.004, "coral": 0.06}, UNDECIDED),
        ({"mse": 0.018, "coral": 0.04}, UNDECIDED),
    ],
)
def test_a_claim_of_several_rows_falls_only_with_all(rows, claimed, verdict):
    names = rows(mse=(-0.005, 0.005), coral=(-0.05, 0.01))
    assert improves([], names, "rgb", claimed).verdict == verdict


def test_nothing_is_brought_only_where_each_row_is_equivalent(rows):
    assert brings_nothing([], rows(mse=(-0.005, 0.005)), "rgb").verdict == YES
    names = rows(mse=(-0.005, 0.005), coral=(-0.05, 0.01))
    assert brings_nothing([], names, "rgb").verdict == UNDECIDED
    assert "looked for: -1.8 %" in improves([], names, "rgb", 0.018).shows
    assert "looked for: +1.8 %" in worsens([], names, "rgb", 0.018).shows


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize(
    ("errors", "gain", "loss", "null"),
    [
        (-9, YES, NO, NO),
        (-1, UNDECIDED, NO, UNDECIDED),
        (1, NO, UNDECIDED, UNDECIDED),
        (9, NO, YES, YES),
    ],
)
def test_shown_excluded_or_undecided(seeds, errors, gain, loss, null):
    """A row that is so many standard errors from its reference, claimed to be as far as two are.

    Nothing is brought is reproduced where a row is worse, too.
    """
    others = ("rgb", "rgb-infinity", "mse", "mse-withheld", "lidar-noisy")
    made = [
        run(name, s, 0.3 * ((3 * s + k) % 5)) for k, name in enumerate(others) for s in range(seeds)
    ]
    same = [run("coral", s, 0.3 * ((3 * s + 7) % 5)) for s in range(seeds)]
    (line,) = verdicts([*made, *same], ["coral"], "mse")
    error_m = (line["high"] - line["low"]) * line["reference_m"] / 3.4  # of an interval of 90 %
    moved = [
        run("coral", s, 0.3 * ((3 * s + 7) % 5) - line["value_m"] + errors * error_m)
        for s in range(seeds)
    ]
    found = [*made, *moved]
    size = 2 * error_m / line["reference_m"]
    assert improves(found, ["coral"], "mse", size).verdict == gain
    assert worsens(found, ["coral"], "mse", size).verdict == loss
    assert brings_nothing(found, ["coral"], "mse").verdict == null
    assert "would be seen" in improves(found, ["coral"], "mse").shows


@pytest.mark.parametrize(
    ("low", "high", "more", "less"),
    [(0.1, 0.3, YES, NO), (-0.3, -0.1, NO, YES), (-0.1, 0.3, UNDECIDED, UNDECIDED)],
)
def test_a_bound_is_judged_by_the_interval(low, high, more, less):
    found = Estimate((low + high) / 2, None, low, high, None, 3, 0.1, 9)
    assert exceeds(found, 0, "x").verdict == more
    assert stays_below(found, 0, "x").verdict == less


def test_seeds_that_disagree_decide_nothing():
    said = [in_every_seed(values, "x").verdict for values in ([1, 2], [-1, 0], [1, -1])]
    assert said == [YES, NO, UNDECIDED]
    assert [observed(holds, "x").verdict for holds in (True, False)] == [YES, NO]
