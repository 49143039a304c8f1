"""Which scale and which streets are shown, and what stands in the cells."""

from __future__ import annotations

import csv
import io
import json
import statistics
from pathlib import Path

import pytest

from rigid_depth.book.cells import notebook
from rigid_depth.book.runs import curves, results, resultstable
from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[2]
THESIS = json.loads((ROOT / "book" / "thesis_tables.json").read_text())


@pytest.fixture
def runs(book) -> list[results.Run]:
    return results.read_runs(book / "book" / "results")


def test_one_constant_says_which_scale_is_shown(book, runs, publish, monkeypatch):
    assert results.shown_scale(runs) == results.published(book=book / "book").scale == "core"
    monkeypatch.setattr(results, "PUBLISHED_SCALE", "gpu")
    assert results.published(book=book / "book").scale is None
    publish(book / "book" / "results", "rgb", "gpu", 0, 4.0)
    shown = results.published(book=book / "book")
    assert [(run.group, run.experiment) for run in shown.shown] == [("gpu", "rgb")]


def test_a_caption_that_would_break_its_table_is_refused():
    said = notebook.numbered_table("| a |", name="tab-a", caption="In words.").data
    assert said.startswith("```{table} In words.\n:name: tab-a\n")
    with pytest.raises(RigidDepthError, match="caption of tab-a holds a backtick"):
        notebook.numbered_table("| a |", name="tab-a", caption="As `code`.")


def of_splits(**metrics) -> results.Run:
    return results.Run("cpu", "rgb", 0, {"metrics": {k: {"rgb": v} for k, v in metrics.items()}})


def measured(rmse_m: float, pixels: int, *names: str) -> dict:
    scene = {"squared_error_sum_m2": rmse_m**2 * pixels, "pixels": pixels}
    caps = {"80": {"rmse_m": rmse_m, "pixels": pixels * len(names)}}
    return {"caps": caps, "scenes": {name: dict(scene) for name in names}}


def test_validation_and_test_streets_are_pooled_by_their_pixels():
    val, test = measured(2.0, 100, "a", "b"), measured(4.0, 300, "c", "b")
    run = of_splits(train=measured(1.0, 9, "d"), val=val, test=test)
    squared_m2 = 200 * 4 + 600 * 16
    assert run.rmse_m("rgb") == pytest.approx((squared_m2 / 800) ** 0.5)
    assert {name: scene["pixels"] for name, scene in run.scenes("rgb").items()} == {
        "a": 100, "b": 400, "c": 300,
    }  # fmt: skip
    sums = [scene["squared_error_sum_m2"] for scene in run.scenes("rgb").values()]
    assert sum(sums) == pytest.approx(squared_m2)
    assert val["scenes"]["b"]["pixels"] == 100, "the record stays as it is"
    listed = [
        {**m, "scenes": {n: list(s.values()) for n, s in m["scenes"].items()}} for m in (val, test)
    ]
    assert of_splits(val=listed[0], test=listed[1]).scenes("rgb") == run.scenes("rgb")
    assert of_splits(test=test).rmse_m("rgb") == 4.0
    assert of_splits(val=test, test=test).scenes("rgb") == of_splits(test=test).scenes("rgb")
    assert run.rmse_m("depth") is None


def test_the_books_own_records_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = results.published()
    assert {run.record["seed"] for run in found.shown if run.experiment == "rgb"} >= {0, 1, 2}
    assert found.records("rgb")[1]["seed"] == 1
    assert found.at_scale == f"Published scale: {found.scale}."
    assert results.thesis_table("table_8_2") == THESIS["table_8_2"]


def test_another_scale_is_shown_when_asked_for(book, publish):
    publish(book / "book" / "results", "rgb", "gpu", 0, 4.0)
    assert results.published(book=book / "book").scale == "core"
    shown = results.published("gpu", book=book / "book").shown
    assert [(run.group, run.seed) for run in shown] == [("gpu", 0)]


def test_missing_results_are_an_error_and_none_published_is_not(tmp_path):
    with pytest.raises(RigidDepthError, match=r"no folder .*results"):
        results.published(book=tmp_path)
    (tmp_path / "results").mkdir()
    assert results.published(book=tmp_path).at_scale == "Published scale: none yet."
    with pytest.raises(RigidDepthError, match=r"no run of scale 'gpu' in .*; there are: \[\]"):
        results.published("gpu", book=tmp_path)
    with pytest.raises(RigidDepthError, match=r"no table 'source'; there are: \['table_8_2'"):
        results.thesis_table("source")


def test_outside_a_clone_the_books_folder_is_refused(monkeypatch):
    monkeypatch.setattr(results, "repository", lambda: None)
    with pytest.raises(RigidDepthError, match="not installed from a clone"):
        results.published()


def test_cells_hold_mean_spread_and_every_seed(runs):
    rows = resultstable.results(THESIS["table_8_2"], runs, "core")
    rgb = next(row for row in rows if row["experiment"] == "rgb")
    assert rgb["thesis"] == {"rgb": 4.156, "depth": None}
    assert rgb["ours"]["rgb"]["mean_m"] == pytest.approx(6.2)
    assert rgb["ours"]["rgb"]["spread_m"] == pytest.approx(statistics.stdev([6.0, 6.2, 6.4]))
    assert [seed["rmse_m"] for seed in rgb["ours"]["rgb"]["seeds"]] == [6.0, 6.2, 6.4]
    coral = next(row for row in rows if row["experiment"] == "coral")
    assert coral["ours"] == {"rgb": None, "depth": None}


def test_every_number_links_to_its_run_and_unrun_rows_are_open(runs):
    text = resultstable.results_markdown(resultstable.results(THESIS["table_8_2"], runs, "core"))
    lines = {line.split("|")[1].strip(): line for line in text.splitlines()}
    assert "[6.200](#run-core-rgb-seed-1)" in lines["Plain RGB"]
    assert "6.200 ± 0.200" in lines["Plain RGB"]
    assert lines["CORAL"].count("open") == 2
    assert "9.000" in lines["Mean depth of each image row (control)"]
    assert "open" not in lines["Plain RGB"]
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_intervals_hold_the_mean_and_differences_are_paired(runs):
    ours = resultstable.results(THESIS["table_8_2"], runs, "core")[0]["ours"]["rgb"]
    assert ours["low_m"] < ours["mean_m"] < ours["high_m"]
    difference = results.difference_m(runs, "rgb-infinity", "rgb")
    assert difference.mean == pytest.approx(0.1, abs=0.01)
    assert difference.high - difference.low < ours["high_m"] - ours["low_m"]
    assert results.difference_m(runs, "coral", "rgb") is None


def test_csv_has_a_line_per_seed_and_one_per_open_cell(runs):
    rows = resultstable.results(THESIS["table_8_2"], runs, "core")
    lines = list(csv.DictReader(io.StringIO(resultstable.results_csv(rows))))
    rgb = [line for line in lines if line["experiment"] == "rgb" and line["branch"] == "rgb"]
    assert [float(line["our_rmse_m"]) for line in rgb] == [6.0, 6.2, 6.4]
    assert {line["our_rmse_m"] for line in lines if line["experiment"] == "coral"} == {""}


def test_the_thesis_numbers_are_those_of_its_tables():
    rgb = [row["rgb"] for row in THESIS["table_8_2"] + THESIS["table_8_5"]]
    assert len(rgb) == 13
    assert min(rgb) == 4.1084
    assert max(rgb) == 4.419
    assert statistics.fmean(row["rgb"] for row in THESIS["table_8_2"][2:]) == pytest.approx(
        4.1562, abs=5e-5
    )


def test_bands_reach_from_the_least_to_the_largest_seed():
    def run(seed, last):
        curves = {"train": {"step": [10, 20], "rmse_m": [9.0 + seed, last]}, "val": {}}
        return results.Run("cpu", "mse", seed, {"curves": curves})

    lines = {"training": ("train", "rmse_m"), "validation": ("val", "rmse_m")}
    runs = [run(0, 7.0), run(1, 6.0), run(2, 5.0)]
    around, mean = curves.bands(runs, lines, "RMSE [m]")["data"]
    assert (around["x"], around["y"]) == ([10, 20, 20, 10], [11.0, 7.0, 5.0, 9.0])
    assert (mean["x"], mean["y"], mean["name"]) == ([10, 20], [10.0, 6.0], "training")
    assert curves.bands([], lines, "RMSE [m]")["data"] == []
