"""Every number of a generated page stands where its name says."""

from __future__ import annotations

import re

import pytest
import scipy.stats

from rigid_depth.book.claims import ledger
from rigid_depth.book.claims.findings.reading import sky_shares
from rigid_depth.book.pages import ledgerpages, studypage, write
from rigid_depth.book.runs import metrictables, results
from rigid_depth.book.runs.dense import dense_m
from rigid_depth.studies import StudyRecord, summarise

NAMES = {
    "RMSE [m]": "rmse_m", "MAE [m]": "mae_m", "AbsRel": "abs_rel", "SqRel [m]": "sq_rel_m",
    "RMSE log": "rmse_log", "log10": "log10", "SILog": "silog", "δ₁": "delta1", "δ₂": "delta2",
    "δ₃": "delta3", "RMSE, mean of images [m]": "rmse_image_mean_m", "pixels": "pixels",
}  # fmt: skip


def branch(base: float) -> dict:
    """A branch whose every number is another."""
    caps = {
        cap: {key: base + 100 * i + n for n, key in enumerate(metrictables.METRICS)}
        for i, cap in enumerate(("50", "80", "100"))
    }
    sky = {"pixels": base + 11.5, "share_beyond_80m": base + 0.25, "mean_depth_m": base + 0.75}
    return {"rgb": {"caps": caps, "dense": {"rmse_m": base + 0.5}, "sky": sky}}


def test_every_measure_of_an_experiment_stands_in_its_own_row():
    record = {
        "experiment": "rgb",
        "metrics": {"train": branch(1000.0), "val": branch(2000.0), "test": branch(3000.0)},
        "alignment": {"raw": {"cka": 0.25}, "decoded": {"cka": 0.75}},
    }
    text = "".join(metrictables.measured_tables([results.Run("core", "rgb", 0, record)]))
    found = re.findall(r'<td class="text-left">(.*?)</td><td class="text-right">(.*?)</td>', text)
    cells = {}
    for name, value in found:
        cells.setdefault(name, []).append(float(value.replace(",", "")))
    assert set(NAMES.values()) == set(metrictables.METRICS)
    keys = list(metrictables.METRICS)
    assert {n: cells[n][0] for n in NAMES} == {n: 3100 + keys.index(k) for n, k in NAMES.items()}
    others = {
        "≤ 50 m": 3000, "≤ 100 m": 3200, "dense truth": 3000.5,
        "share predicted beyond 80 m": 3000.25, "mean predicted depth [m]": 3000.75,
        "validation, RGB": 2100, "training, RGB": 1100, "raw: cka": 0.25, "decoded: cka": 0.75,
    }  # fmt: skip
    assert {name: cells[name] for name in others} == {n: [v] for n, v in others.items()}
    assert cells["pixels"][1] == 3011.5


def test_one_pixel_in_eleven_of_core_has_a_return():
    """Chapter 6a says so, and that a tenth of them is as dense as all are at the thesis's size."""
    record = next(r.record for r in results.published().runs if r.name == "core/rgb/seed-0")
    height, width = record["data"]["image_size"]
    pixels = record["data"]["counts"]["test"]["frames"] * height * width
    share = record["metrics"]["test"]["rgb"]["caps"]["100"]["pixels"] / pixels
    assert round(1 / share) == 11
    assert 0.1 * share == pytest.approx(0.01, rel=0.1)


def test_more_steps_gain_at_returns_and_not_between_them():
    """As chapter 6b says beside its table."""
    runs = {r.name: r for r in results.published().runs}
    names = ("mse+steps=1200", "mse", "mse+steps=9600")
    few, usual, many = found = [runs[f"core/{name}/seed-0"] for name in names]
    assert few.rmse_m("rgb") > usual.rmse_m("rgb") > many.rmse_m("rgb")
    assert dense_m(many) >= dense_m(few)
    assert dense_m(many, "depth") - dense_m(few, "depth") > 4
    none, third, most = (sky_shares([run], run.experiment)[0] for run in found)
    assert none < 0.001
    assert third == pytest.approx(1 / 3, abs=0.02)
    assert most > 2 / 3


def test_a_study_shows_mean_interval_spread_and_count():
    values = (1.0, 2.0, 4.5)
    records = [StudyRecord({"results": {"a": v, "curve": [v] * 9}}) for v in values]
    rows = dict(studypage._rows(summarise(records)))
    low, high = scipy.stats.t.interval(0.95, 2, 2.5, scipy.stats.sem(values))
    assert rows["a"] == ("2.5", f"{low:.4g} to {high:.4g}", "1.8", "3")
    assert list(rows) == ["a", "curve[0]", "curve[8]"]


def test_the_list_of_runs_has_means_seeds_and_minutes(book):
    text = write.runs_page(results.read_runs(book / "book" / "results"), book)
    (line,) = (line for line in text.splitlines() if "(#experiment-core-rgb)" in line)
    assert "6.200 ± 0.200" in line
    for seed, error in enumerate(("6.000", "6.200", "6.400")):
        assert f"[{error}](#run-core-rgb-seed-{seed})" in line
    assert "6.0" in re.findall(r"(?<![\d.])\d+\.\d(?!\d)", line)  # minutes of three runs of 120 s
    assert "2026-11-22" in line


def row(verdict: str = "holds", kind: str = "equation", **fields) -> ledger.Row:
    return ledger.Row("a", kind, "3", "x", verdict, **fields)


@pytest.mark.parametrize(
    ("item", "anchors"),
    [
        (row("wrong", severity="serious"), {"the-errata", "the-serious-errata"}),
        (row("misprint", severity="slight"), {"the-errata"}),
        (row("holds under a condition", severity="moderate"), {"the-errata"}),
        (row("open"), {"the-open-rows"}),
        (row("undecided at this scale", run=("r",)), {"the-undecided-rows", "the-runs-judged"}),
        (row(finding=("f",)), {"the-runs-judged"}),
        *((row(kind=kind), {"the-claims"}) for kind in ("claim", "experiment", "table", "figure")),
        (row(), set()),
    ],
)
def test_each_filter_of_the_ledger_shows_its_rows(item, anchors):
    assert {name for name, (_, fits) in ledgerpages.FILTERS.items() if fits(item)} == anchors
