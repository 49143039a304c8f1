"""The studies of chapters 3 to 5: each runs and repeats, records are whole, summaries are right."""

import json
import math

import pytest
from scipy import stats

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import studies
from rigid_depth.experiments.studies import STUDIES, Study, StudyRecord, run_study, summarise


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
    folder = studies.repository() / "book" / "studies"
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert names <= set(STUDIES)
    for name in names:
        records = studies.published(name)
        assert [r.seed for r in records] == list(range(len(records)))
        assert len(records) >= STUDIES[name].seeds
        assert len({json.dumps(r.data["parameters"]) for r in records}) == 1


def test_summary_is_student_t_over_seeds_at_every_leaf():
    values = (1.0, 2.0, 4.5)
    records = [
        StudyRecord({"results": {"a": {"x": v, "none": None}, "c": [v, -v]}}) for v in values
    ]
    summary = summarise(records)
    low, high = stats.t.interval(0.95, 2, loc=2.5, scale=stats.sem(values))
    assert summary["a"]["x"].mean == 2.5
    assert summary["a"]["x"].count == 3
    assert math.isclose(summary["a"]["x"].low, low)
    assert math.isclose(summary["a"]["x"].high, high)
    assert summary["c"][1].mean == -2.5
    assert summary["a"]["none"] is None
    assert math.isclose(summary["a"]["x"].p_value, stats.ttest_1samp(values, 0).pvalue)


def test_one_value_has_no_p_value_and_equal_ones_a_certain_one():
    assert studies.interval([1.0]).p_value is None
    assert [studies.interval([v, v]).p_value for v in (0.0, 1.0)] == [1.0, 0.0]


@pytest.fixture
def coin(monkeypatch):
    """A study of this file: registered, run and published into a folder of the test."""
    study = Study("coin", "A coin", "0", "", f"{__name__}:toss", full={"sides": 3})
    monkeypatch.setitem(STUDIES, "coin", study)
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-1")
    return study


def toss(seed: int, sides: int = 2) -> dict:
    """What the study of the fixture computes."""
    return {"value": float("nan") if sides == 0 else seed * sides}


def test_publishing_twice_runs_once_until_the_code_changes(coin, tmp_path, monkeypatch):
    first = studies.publish("coin", 4, tmp_path)
    assert first.results == {"value": 12}
    monkeypatch.setattr(Study, "load", lambda self: pytest.fail("it ran again"))
    assert studies.publish("coin", 4, tmp_path).data == first.data
    assert [r.data for r in studies.published("coin", tmp_path)] == [first.data]
    monkeypatch.undo()
    monkeypatch.setitem(STUDIES, "coin", coin)
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-2")
    assert studies.is_stale(first)
    assert studies.publish("coin", 4, tmp_path).data["source"]["package"] == "code-2"


def test_a_study_is_confirmed_only_by_the_same_numbers(coin, tmp_path, monkeypatch):
    for seed in (2, 3):
        studies.publish("coin", seed, tmp_path)
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-2")
    monkeypatch.setattr(f"{__name__}.toss", lambda seed, sides: {"value": seed * sides + 1})
    assert not studies.confirm("coin", tmp_path)
    assert all(studies.is_stale(r) for r in studies.published("coin", tmp_path))
    monkeypatch.setattr(f"{__name__}.toss", lambda seed, sides: {"value": seed + seed + seed})
    assert studies.confirm("coin", tmp_path)
    records = studies.published("coin", tmp_path)
    assert not any(studies.is_stale(r) for r in records)
    assert [r.data["source"]["package"] for r in records] == ["code-1", "code-1"]
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-3")
    assert all(studies.is_stale(r) for r in records)


def test_bad_names_sizes_and_numbers_are_refused(coin, monkeypatch):
    with pytest.raises(RigidDepthError, match=r"unknown study 'dice'; allowed: .*coin"):
        run_study("dice")
    with pytest.raises(RigidDepthError, match="unknown size 'big'"):
        run_study("coin", "big")
    broken = Study("coin", "A coin", "0", "", f"{__name__}:toss", smoke={"sides": 0})
    monkeypatch.setitem(STUDIES, "coin", broken)
    with pytest.raises(RigidDepthError, match=r"coin\.value is nan"):
        run_study("coin")
