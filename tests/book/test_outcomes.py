"""One sentence of a chapter's rows: it says what the verdicts say."""

import pytest
from handmade import run

from rigid_depth.book.claims import outcomes
from rigid_depth.book.runs.families import FAMILIES, own_reference
from rigid_depth.book.runs.results import Run
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS

ROW = {"value_m": -0.25, "low_m": -0.4, "high_m": -0.1, "visible": 0.034, "seeds": 3}
ROW |= {"reference": "rgb"}


def said(monkeypatch, *verdicts):
    names = ["mse", "coral", "weight-maps"][: len(verdicts)]
    rows = [ROW | {"experiment": n, "verdict": v} for n, v in zip(names, verdicts, strict=True)]
    monkeypatch.setattr(outcomes, "verdicts", lambda *_: rows)
    return outcomes.outcome([], names, "rgb")


def test_a_section_stands_for_its_experiments():
    names, reference = outcomes.read_question("7.4 against rgb-infinity")
    assert names == [e.name for e in EXPERIMENTS.values() if e.section == "7.4"]
    assert reference == "rgb-infinity"
    assert outcomes.read_question("mse, coral against rgb") == (["mse", "coral"], "rgb")
    few, _ = outcomes.read_question("7.4 without mse-undetached against rgb")
    assert few == [name for name in names if name != "mse-undetached"]


@pytest.mark.parametrize(
    "text", ["7.4", "mse against nothing", "12.3 against rgb", "7.4 without x against rgb"]
)
def test_a_question_that_names_nothing_is_refused(text):
    with pytest.raises(RigidDepthError):
        outcomes.read_question(text)


def test_rows_told_apart_are_named(monkeypatch):
    text = said(monkeypatch, "better", "no difference shown")
    assert text.startswith(
        "At scale core, at returns, the RGB branch of “MSE, end to end” has 0.25 m less error than "
        "“Plain RGB” "
        "(95 % -0.40 to -0.10). The RGB branch of “CORAL” is not told apart from “Plain RGB”"
    )
    assert text.endswith("The visible difference with 3 seeds is 3 %.")


def test_no_difference_says_what_would_have_been_seen(monkeypatch):
    one = said(monkeypatch, "no difference shown")
    assert "is not told apart from “Plain RGB” (-0.25 m, 95 % -0.40 to -0.10)" in one
    assert "visible difference with 3 seeds is 3 %" in one
    two = said(monkeypatch, "no difference shown", "no difference shown", "open")
    assert "the RGB branches of “MSE, end to end” and “CORAL” are not told apart from" in two
    assert (
        "2 of their 95 % intervals exclude zero, all on the side of less error, which is not"
    ) in two
    assert "1 more row has too few seeds so far" in two


def test_a_row_trained_twice_is_compared_with_rgb_trained_twice():
    """Against RGB trained once it would be called better, and 7.4 would contradict the front."""
    errors_m = {"rgb-infinity": 0.0, "mse": 0.0, "coral": 0.0, "rgb": 0.0}
    errors_m |= {"mse-fresh-decoder-free": -1.0, "rgb-infinity-fresh-decoder": -1.0}
    runs = [
        run(name, seed, shift + 0.02 * ((3 * seed + place) % 5))
        for place, (name, shift) in enumerate(errors_m.items())
        for seed in range(3)
    ]
    text = outcomes.outcome(runs, *outcomes.read_question("7.4 against rgb-infinity"))
    assert "less error than" not in text
    assert (
        "“MSE, new decoder, encoders free” is not told apart from “RGB with infinity loss, new"
        in text
    )
    for reference, family in FAMILIES.items():
        assert all(own_reference(name, reference) == reference for name in family)
    assert own_reference("mse", "coral") == "coral"


def test_too_few_seeds_are_said(monkeypatch):
    assert "“MSE, end to end”: not enough seeds are published" in said(monkeypatch, "open")


def test_runs_of_another_scale_judge_nothing(monkeypatch):
    def judged(runs, names, _):
        has = {run.experiment for run in runs}
        return [ROW | {"experiment": n, "verdict": "worse" if n in has else "open"} for n in names]

    monkeypatch.setattr(outcomes, "verdicts", judged)
    at = {"cpu": ["mse", "coral"], "core": ["coral"], "core-repeated": ["mse"]}
    runs = [Run(group, name, 0, {}) for group, names in at.items() for name in names]
    text = outcomes.outcome(runs, ["mse", "coral"], "rgb")
    assert text.startswith("At scale core, at returns, the RGB branch of “CORAL")
    assert "MSE" not in text
    assert "1 more row has too few seeds so far" in text
