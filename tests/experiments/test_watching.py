"""The curves that a logger wrote while the run went on are those of its record."""

import csv

import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.training import watching
from rigid_depth.experiments.training.loop import Training


def logged(folder):
    """What `logs/metrics.csv` holds: step -> name -> value."""
    points = {}
    with (folder / "logs" / "metrics.csv").open() as file:
        for row in csv.DictReader(file):
            values = {name: float(v) for name, v in row.items() if v and name != "step"}
            points.setdefault(int(row["step"]), {}).update(values)
    return points


def recorded(record):
    """The same from the curves of a record."""
    points = {}
    for split, curve in record.data["curves"].items():
        for k, step in enumerate(curve["step"]):
            values = {f"{split}/{name}": c[k] for name, c in curve.items() if name != "step"}
            points.setdefault(step, {}).update(values)
    return points


def test_a_csv_holds_the_curves_of_the_record_and_changes_no_number(tiny, finished, tmp_path):
    record = tiny("rgb", tmp_path, logger="csv")
    points = recorded(record)
    assert sorted(points) == [3, 6]
    assert all("train/loss" in values and "val/rmse_m" in values for values in points.values())
    assert logged(record.folder).keys() == points.keys()
    for step, values in logged(record.folder).items():
        assert values == pytest.approx(points[step], rel=1e-6)
    assert record.data["metrics"] == finished.data["metrics"]


def test_a_run_that_goes_on_logs_its_earlier_points_too(tiny, tmp_path):
    step_as_it_is = Training.training_step

    def stop_at_the_last(self, step, number):
        if step == 5:
            raise KeyError("stopped")
        return step_as_it_is(self, step, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "training_step", stop_at_the_last)
        with pytest.raises(KeyError, match="stopped"):
            tiny("rgb", tmp_path, logger="csv")
    record = tiny("rgb", tmp_path, logger="csv")
    assert record.data["cost"]["steps"] == 6
    assert logged(record.folder).keys() == recorded(record).keys() == {3, 6}


def test_the_run_that_another_is_built_on_is_logged_too(tiny, tmp_path):
    record = tiny("rgb-infinity-fresh-decoder", tmp_path, logger="csv")
    (below,) = record.folder.parents[1].glob("rgb-infinity+*/seed-0")
    assert logged(below).keys() == logged(record.folder).keys() == {3, 6}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("tensorbord", "logger is 'tensorbord'; allowed are csv, tensorboard, wandb"),
        ("wandb", "pip install wandb"),
        ("tensorboard", "pip install tensorboard"),
    ],
)
def test_a_logger_that_is_not_there_is_named_before_anything_is_computed(
    tiny, tmp_path, monkeypatch, kind, said
):
    monkeypatch.setattr(watching, "find_spec", lambda package: None)
    with pytest.raises(RigidDepthError, match=said):
        tiny("rgb", tmp_path / "runs", logger=kind)
    assert not (tmp_path / "runs").exists()
