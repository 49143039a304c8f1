"""The studies of chapters 3 to 5: each runs and repeats, records are whole, summaries are right."""

import json
import math
from dataclasses import replace

import pytest
from scipy import stats

from rigid_depth import studies
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.sources import repository
from rigid_depth.statistics import estimate
from rigid_depth.studies import (
    STUDIES,
    Study,
    StudyRecord,
    records,
    run_study,
    summarise,
)


def apart(first, second) -> float:
    """The largest relative difference of two results of one shape."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        return max((apart(first[key], second[key]) for key in first), default=0.0)
    if isinstance(first, list):
        return max((apart(a, b) for a, b in zip(first, second, strict=True)), default=0.0)
    if first is None or second is None:
        return 0.0 if first is second else 1.0
    return abs(first - second) / max(abs(first), abs(second), 1e-6)


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs_repeats_and_depends_on_its_seed(name):
    first, again, other = (run_study(name, "smoke", seed).results for seed in (0, 0, 1))
    assert apart(first, again) < 1e-4  # how a sum is split over vectors may change its last digit
    assert apart(first, other) > 1e-4


def test_published_records_are_of_registered_studies_with_all_their_seeds():
    folder = repository() / "book" / "studies"
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert names <= set(STUDIES)
    for name in names:
        found = studies.published(name)
        assert [r.seed for r in found] == list(range(len(found)))
        assert len(found) >= STUDIES[name].seeds
        assert len({json.dumps(r.data["parameters"]) for r in found}) == 1


def test_summary_is_student_t_over_seeds_at_every_leaf():
    values = (1.0, 2.0, 4.5)
    seeds = [StudyRecord({"results": {"a": {"x": v, "none": None}, "c": [v, -v]}}) for v in values]
    summary = summarise(seeds)
    low, high = stats.t.interval(0.95, 2, loc=2.5, scale=stats.sem(values))
    assert summary["a"]["x"].mean == 2.5
    assert summary["a"]["x"].count == 3
    assert math.isclose(summary["a"]["x"].low, low)
    assert math.isclose(summary["a"]["x"].high, high)
    assert summary["c"][1].mean == -2.5
    assert summary["a"]["none"] is None
    assert math.isclose(summary["a"]["x"].p_value, stats.ttest_1samp(values, 0).pvalue)


def test_one_value_has_no_p_value_and_equal_ones_a_certain_one():
    assert estimate([1.0]).p_value is None
    assert [estimate([v, v]).p_value for v in (0.0, 1.0)] == [1.0, 0.0]


@pytest.fixture
def coin(monkeypatch):
    """A study of this file: registered, run and published into a folder of the test."""
    study = Study("coin", lambda *a, **k: toss(*a, **k), "A coin", "0", "", full={"sides": 3})
    monkeypatch.setitem(STUDIES, "coin", study)
    monkeypatch.setattr(records, "study_hash", lambda name: "code-1")
    monkeypatch.setattr(records, "function_defaults", lambda function: {"sides": 2, "edge": 0})
    return study


def toss(seed: int, sides: int = 2) -> dict:
    """What the study of the fixture computes."""
    return {"value": float("nan") if sides == 0 else seed * sides}


def test_publishing_twice_runs_once_until_the_code_changes(coin, tmp_path, monkeypatch):
    first = studies.publish("coin", 4, tmp_path)
    assert first.results == {"value": 12}
    monkeypatch.setattr(f"{__name__}.toss", lambda *_, **__: pytest.fail("it ran again"))
    assert studies.publish("coin", 4, tmp_path).data == first.data
    assert [r.data for r in studies.published("coin", tmp_path)] == [first.data]
    monkeypatch.undo()
    monkeypatch.setitem(STUDIES, "coin", coin)
    monkeypatch.setattr(records, "study_hash", lambda name: "code-2")
    monkeypatch.setattr(records, "function_defaults", lambda function: {})
    assert records.standing(first, tmp_path).words == "STALE: the code changed since"
    assert studies.publish("coin", 4, tmp_path).data["source"]["package"] == "code-2"


def test_a_setting_that_came_later_has_its_default(coin, tmp_path, monkeypatch):
    record = studies.publish("coin", 1, tmp_path)
    later = replace(coin, full={"sides": 3, "edge": 0})
    monkeypatch.setitem(STUDIES, "coin", later)
    assert records.standing(record, tmp_path).state == "current"
    monkeypatch.setitem(STUDIES, "coin", replace(coin, full={}))
    words = records.standing(record, tmp_path).words
    assert words == "STALE: parameter 'sides' is 2 today, was 3"


def test_bad_names_sizes_and_numbers_are_refused(coin, monkeypatch):
    with pytest.raises(RigidDepthError, match=r"unknown study 'dice'; allowed: .*coin"):
        run_study("dice")
    with pytest.raises(RigidDepthError, match="unknown size 'big'"):
        run_study("coin", "big")
    broken = Study("coin", toss, "A coin", "0", "", smoke={"sides": 0})
    monkeypatch.setitem(STUDIES, "coin", broken)
    with pytest.raises(RigidDepthError, match=r"coin\.value is nan"):
        run_study("coin")
