"""One sentence of a chapter's rows: it says what the verdicts say."""

import pytest

from rigid_depth.book.claims import outcomes
from rigid_depth.book.runs.results import Run
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS

ROW = {"value_m": -0.25, "low_m": -0.4, "high_m": -0.1, "visible": 0.034, "seeds": 3}


def said(monkeypatch, *verdicts):
    names = ["mse", "coral", "weight-maps"][: len(verdicts)]
    rows = [ROW | {"experiment": n, "verdict": v} for n, v in zip(names, verdicts, strict=True)]
    monkeypatch.setattr(outcomes, "SHOWN_SCALES", ["cpu"])
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
    assert "“MSE, end to end” is better than" in text
    assert "by 0.25 m (95 % -0.40 to -0.10); 1 more is not told apart" in text
    assert text.startswith("At scale cpu “MSE")
    assert text.endswith("(RGB branch, held-out streets, 3 seeds).")


def test_no_difference_says_what_would_have_been_seen(monkeypatch):
    one = said(monkeypatch, "no difference shown")
    assert "no difference between “MSE" in one
    assert "a difference of 3 % would have been shown in four of five" in one
    two = said(monkeypatch, "no difference shown", "no difference shown", "open")
    assert "neither “MSE, end to end” nor “CORAL” is told apart from “RGB alone”" in two
    assert "1 more is not run at this scale yet" in two


def test_too_few_seeds_are_said(monkeypatch):
    assert "“MSE, end to end”: not enough seeds are published" in said(monkeypatch, "open")


def test_each_scale_that_can_judge_has_its_sentence(monkeypatch):
    """The deciding scale speaks first of the rows that it has, the next one of those left."""

    def judged(runs, names, _):
        has = {run.experiment for run in runs}
        return [ROW | {"experiment": n, "verdict": "worse" if n in has else "open"} for n in names]

    monkeypatch.setattr(outcomes, "verdicts", judged)
    at = {"cpu": ["mse", "coral"], "core": ["coral"], "smoke": ["mse"]}
    runs = [Run(group, name, 0, {}) for group, names in at.items() for name in names]
    first, second = outcomes.outcome(runs, ["mse", "coral"], "rgb").split(" At scale ")
    assert first.startswith("At scale core “CORAL")
    assert "MSE" not in first
    assert "1 more is not run at this scale yet" in first
    assert second.startswith("cpu “MSE")
    assert "CORAL" not in second
    assert "not run at this scale" not in second
