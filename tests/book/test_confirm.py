"""Records are confirmed by equal numbers alone, and stay as they are."""

import json
from pathlib import Path

import pytest

from rigid_depth.book.publishing import confirm
from rigid_depth.book.publishing.rearranged import confirm_equal
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import runner, standing
from rigid_depth.experiments.recording.record import RunRecord
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.settings import parameters
from rigid_depth.studies import STUDIES, Study
from rigid_depth.studies import records as studies

MACHINE = {"processor": "A", "gpu": None, "devices": 1, "threads": 1, "precision": "32-true"}
VERSIONS = {"torch": "2.0", "numpy": "1.26"}
OLD = {"package": "a" * 40, "built_on": None}


@pytest.fixture
def row(book):
    """The row rgb of scale core with today's settings, made by other code than today's."""
    for path in book.glob("book/results/core/*/seed-*/record.json"):
        record = json.loads(path.read_text())
        settings = parameters(EXPERIMENTS[record["experiment"]], SCALES["core"], "synthetic")
        record["parameters"] = settings | {"init_from": None}
        record["source"]["package"] = OLD["package"]
        path.write_text(json.dumps(record | {"machine": MACHINE, "versions": VERSIONS}))
    return book / "book" / "results" / "core" / "rgb"


def read(row: Path, seed: int = 0) -> dict:
    return json.loads((row / f"seed-{seed}" / "record.json").read_text())


def state(row: Path, seed: int = 0) -> standing.Standing:
    return standing.standing(read(row, seed), row)


@pytest.fixture
def again(row, monkeypatch):
    """Replaces training: the run gives what the record says, the headline shifted."""

    def gives(shift_m: float = 0.0, **changes) -> None:
        def run(name: str, **given) -> RunRecord:
            assert (name, given["scale"], given["seed"], given["steps"]) == ("rgb", "core", 0, 7)
            record = read(row) | changes
            record["metrics"]["test"]["rgb"]["caps"]["80"]["rmse_m"] += shift_m
            return RunRecord(row, record)

        record = read(row)
        record["overrides"], record["parameters"]["steps"] = {"steps": 7}, 7
        (row / "seed-0" / "record.json").write_text(json.dumps(record))
        monkeypatch.setattr(runner, "run", run)

    return gives


OTHER = {"machine": MACHINE | {"processor": "B"}}


@pytest.mark.parametrize(
    ("shift_m", "changes", "words"),
    [
        (0.0, {}, "bit for bit"),
        (0.1, OTHER, "within 0.1 m of the headline RMSE (allowed: 0.15)"),
        (0.1, {"versions": VERSIONS | {"torch": "2.1"}}, "within 0.1 m"),
        (0.1, {"versions": VERSIONS | {"numpy": "1.2"}}, "within 0.1 m"),
        *(
            (0.1, {"machine": MACHINE | {name: value}}, "within 0.1 m")
            for name, value in (
                ("gpu", "X"),
                ("devices", 2),
                ("threads", 9),
                ("precision", "16-mixed"),
            )
        ),
    ],
)
def test_a_row_is_confirmed_by_one_seed_that_comes_close_enough(
    row, again, shift_m, changes, words
):
    again(shift_m, **changes)
    before = {path: path.read_bytes() for path in row.rglob("record.json")}
    assert "confirmed" in confirm.confirm("core/rgb", row.parents[3])
    assert before == {path: path.read_bytes() for path in row.rglob("record.json")}
    assert {state(row, seed).state for seed in range(3)} == {"confirmed"}
    assert words in state(row).words
    (note,) = standing.notes(row)
    assert note["code"] == standing.code_today("rgb")
    assert note["seeds"] == {str(seed): OLD for seed in range(3)}


@pytest.mark.parametrize(
    ("shift_m", "changes", "words"),
    [
        (1e-9, {}, "by 1e-09 m of the headline RMSE; on the same machine none is allowed"),
        (0.2, OTHER, "by 0.2 m of the headline RMSE; up to 0.15 is allowed"),
        (0.0, {"data": {"fingerprint": "e" * 40}}, "other data"),
    ],
)
def test_other_numbers_or_data_are_refused_and_nothing_is_noted(
    row, again, shift_m, changes, words
):
    again(shift_m, **changes)
    with pytest.raises(RigidDepthError, match=words):
        confirm.confirm("core/rgb/seed-0", row.parents[3])
    assert standing.notes(row) == []
    assert state(row).state == "stale"


def test_a_row_that_began_with_weights_needs_them(row):
    record = read(row)
    record["parameters"]["init_from"] = {"origin": "core/mse/seed-0", "sha256": "f" * 64}
    (row / "seed-0" / "record.json").write_text(json.dumps(record))
    with pytest.raises(RigidDepthError, match="began with the weights of core/mse/seed-0"):
        confirm.confirm("core/rgb", row.parents[3])


def test_other_settings_and_unknown_names_are_refused(row):
    record = read(row)
    record["parameters"]["flip"] = 0.1
    (row / "seed-0" / "record.json").write_text(json.dumps(record))
    with pytest.raises(RigidDepthError, match=r"'flip' is 0\.5 today, was 0\.1"):
        confirm.confirm("core/rgb", row.parents[3])
    with pytest.raises(RigidDepthError, match="nothing is published as 'core/rbg'"):
        confirm.confirm("core/rbg", row.parents[3])


@pytest.fixture
def smoke(row, tmp_path):
    """Two folders of equal smoke runs: by the code of the published row, and by today's."""
    for name, code in (("before", OLD), ("after", standing.code_today("rgb"))):
        record = read(row)
        record["source"]["package"] = code["package"]
        path = tmp_path / name / "smoke" / "rgb" / "seed-0" / "record.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(record | {"created": name, "machine": {"processor": name}}))
    return tmp_path / "before", tmp_path / "after"


def change(folder: Path, edit) -> None:
    (path,) = folder.rglob("record.json")
    record = json.loads(path.read_text())
    edit(record)
    path.write_text(json.dumps(record))


def test_equal_smoke_runs_confirm_the_rows_of_their_code_and_no_other(row, smoke):
    stranger = read(row, 2)
    stranger["source"]["package"] = "d" * 40
    (row / "seed-2" / "record.json").write_text(json.dumps(stranger))
    lines = confirm_equal(*smoke, row.parents[3])
    assert "core/rgb: confirmed, seeds 0, 1, equal" in lines
    assert "core/rgb-infinity: stale, and no smoke run is of its code" in lines
    assert [state(row, seed).state for seed in range(3)] == ["confirmed", "confirmed", "stale"]
    assert "smoke runs before and after are equal" in state(row).words


def test_what_was_confirmed_once_is_confirmed_further(row, smoke, monkeypatch):
    """The code is rearranged twice; the second time the note vouches for the records."""
    confirm_equal(*smoke, row.parents[3])
    between = standing.code_today("rgb")
    monkeypatch.setattr(standing, "package_hash", lambda method: "f" * 40)
    assert state(row).state == "stale"
    change(smoke[0], lambda r: r["source"].update(between))
    change(smoke[1], lambda r: r["source"].update(package="f" * 40))
    confirm_equal(*smoke, row.parents[3])
    assert {state(row, seed).state for seed in range(3)} == {"confirmed"}


def shift(record: dict) -> None:
    record["metrics"]["test"]["rgb"]["scenes"]["scene-0002"]["squared_error_sum_m2"] += 1e-9


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (shift, r"scenes\.scene-0002\.squared_error_sum_m2: the code gives other numbers"),
        (lambda r: r["curves"]["train"]["loss"].append(1.0), r"curves\.train\.loss"),
        (lambda r: r.update(alignment={}), "differs in : alignment"),
        (lambda r: r["source"].update(package="c" * 40), "not made by today's code"),
    ],
)
def test_smoke_runs_that_differ_confirm_nothing(row, smoke, edit, words):
    change(smoke[1], edit)
    with pytest.raises(RigidDepthError, match=words):
        confirm_equal(*smoke, row.parents[3])
    assert standing.notes(row) == []


def second_seed(folder: Path, edit) -> None:
    """Another smoke run beside the first one, which sorts behind it."""
    (path,) = folder.rglob("record.json")
    record = json.loads(path.read_text())
    edit(record)
    other = path.parents[1] / "seed-1" / "record.json"
    other.parent.mkdir()
    other.write_text(json.dumps(record))


def test_the_note_tells_the_largest_difference_of_several_smoke_runs(row, smoke):
    """Seed 0 is apart, seed 1 equal: the last one read is not the one that counts."""
    for folder in smoke:
        second_seed(folder, lambda r: r)
    first = smoke[1] / "smoke" / "rgb" / "seed-0" / "record.json"
    record = json.loads(first.read_text())
    record["metrics"]["test"]["rgb"]["caps"]["80"]["rmse_m"] *= 1.01
    first.write_text(json.dumps(record))
    confirm_equal(*smoke, row.parents[3], allowed=0.1)
    (note,) = standing.notes(row)
    assert not note["exact"]
    assert float(note["difference"]) == pytest.approx(0.01, rel=0.1)


def test_smoke_runs_of_two_codes_confirm_nothing(row, smoke):
    second_seed(smoke[0], lambda r: r["source"].update(package="e" * 40))
    second_seed(smoke[1], lambda r: r)
    with pytest.raises(RigidDepthError, match="were made by two codes"):
        confirm_equal(*smoke, row.parents[3])
    assert standing.notes(row) == []


def test_last_digits_may_differ_where_it_is_allowed_and_the_note_says_so(row, smoke):
    def nudge(record: dict) -> None:
        record["metrics"]["test"]["rgb"]["caps"]["80"]["rmse_m"] *= 1 + 2e-5

    change(smoke[1], nudge)
    with pytest.raises(RigidDepthError, match=r"caps\.80\.rmse_m"):
        confirm_equal(*smoke, row.parents[3], allowed=1e-5)
    lines = confirm_equal(*smoke, row.parents[3], allowed=1e-4)
    assert "core/rgb: confirmed, seeds 0, 1, 2, apart by 2e-05" in lines
    assert state(row).words.endswith("are 2e-05 apart (allowed: 0.0001)")


def test_a_missing_smoke_run_is_named(row, smoke):
    next(smoke[1].rglob("record.json")).unlink()
    with pytest.raises(RigidDepthError, match=r"smoke/rgb/seed-0/record\.json lies in"):
        confirm_equal(*smoke, row.parents[3])


@pytest.fixture
def coin(monkeypatch, tmp_path):
    """A study of this file, two seeds published by other code than today's."""
    study = Study("coin", lambda *a, **k: toss(*a, **k), "A coin", "0", "", full={"sides": 3})
    monkeypatch.setitem(STUDIES, "coin", study)
    monkeypatch.setattr(studies, "function_defaults", lambda function: {})
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-1")
    for seed in (2, 3):
        studies.publish("coin", seed, tmp_path)
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-2")
    return tmp_path


def toss(seed: int, sides: int = 2) -> dict:
    """What the study of the fixture computes."""
    return {"value": seed * sides, "list": [None, seed]}


def states(root: Path) -> list[str]:
    return [studies.standing(r, root).state for r in studies.published("coin", root)]


def test_a_study_is_confirmed_only_by_the_same_numbers(coin, monkeypatch):
    monkeypatch.setattr(f"{__name__}.toss", lambda seed, sides: {"value": 7, "list": [None, seed]})
    with pytest.raises(RigidDepthError, match="none is allowed"):
        confirm.confirm("coin", coin)
    assert states(coin) == ["stale", "stale"]
    monkeypatch.setattr(
        f"{__name__}.toss", lambda seed, sides: {"value": seed + seed + seed, "list": [None, seed]}
    )
    before = [record.data for record in studies.published("coin", coin)]
    assert "bit for bit" in confirm.confirm("coin", coin)
    assert before == [record.data for record in studies.published("coin", coin)]
    assert states(coin) == ["confirmed", "confirmed"]
    monkeypatch.setattr(studies, "study_hash", lambda name: "code-3")
    assert states(coin) == ["stale", "stale"]


@pytest.mark.parametrize(("value", "state"), [(6 + 4, "confirmed"), (6 + 5, "stale")])
def test_elsewhere_a_study_may_differ_by_two_standard_deviations(coin, monkeypatch, value, state):
    """The published values are 6 and 9, whose standard deviation is 2.12."""
    monkeypatch.setattr(confirm, "_same_machine", lambda old, new: False)
    monkeypatch.setattr(f"{__name__}.toss", lambda seed, sides: {"value": value, "list": [None, 2]})
    if state == "stale":
        with pytest.raises(
            RigidDepthError, match=r"by 2\.36 standard deviations over seeds; up to 2 is"
        ):
            confirm.confirm("coin", coin)
    else:
        assert "by 1.89 standard deviations" in confirm.confirm("coin", coin)
    assert states(coin) == [state, state]
