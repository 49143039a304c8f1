"""The generated pages say what the records and the ledger say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rigid_depth.book import ledger, ledgerpages, pages, provenance
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.settings import parameters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def generated(book) -> Path:
    pages.write_pages(book)
    return book / "book" / "generated"


def test_every_published_run_has_a_page(generated):
    names = {path.stem for path in (generated / "runs").glob("*.md")}
    seeds = [f"cpu-{name}-seed-{seed}" for name in ("rgb", "rgb-infinity") for seed in range(3)]
    assert names == {*seeds, "cpu-row-mean-depth-seed-0", "this-build"}


def test_a_run_page_tells_everything(generated):
    text = (generated / "runs" / "cpu-rgb-seed-1.md").read_text()
    for wanted in (
        "(run-cpu-rgb-seed-1)=",
        "RMSE 6.200 m",
        "| 5.200 | 6.200 | 7.200 | 6.700 |",
        "scene-0001",
        "night",
        "0-10",
        "v1.0-synthetic",
        "`init_from`",
        r"A \<fast\> CPU",
        "cpu-rgb-seed-1-loss.json",
        "../../results/cpu/rgb/seed-1/0-rgb.jpg",
        "../../results/cpu/rgb/seed-1/record.json",
    ):
        assert wanted in text, wanted
    figure = json.loads((generated / "runs" / "cpu-rgb-seed-1-loss.json").read_text())
    assert figure["data"][0]["y"] == [0.2, 0.1]


def test_a_guessed_sky_is_said_to_be_one(book):
    path = book / "book" / "results" / "cpu" / "rgb" / "seed-1" / "record.json"
    made = json.loads(path.read_text())
    made["data"]["sky"] = "evidence"
    path.write_text(json.dumps(made))
    pages.write_pages(book)
    runs = book / "book" / "generated" / "runs"
    assert "sky was guessed" in (runs / "cpu-rgb-seed-1.md").read_text()
    assert "sky was guessed" not in (runs / "cpu-rgb-seed-0.md").read_text()


def test_smoke_runs_are_listed_apart_and_nowhere_else(generated):
    apart = (generated / "runs" / "this-build.md").read_text()
    assert "smoke run: not a result" in apart
    others = [path for path in generated.rglob("*") if path.is_file() and path.stem != "this-build"]
    for path in others:
        assert "smoke" not in path.read_text(), path
        assert "33.333" not in path.read_text(), path


def test_a_second_call_touches_nothing_and_removes_what_is_gone(book, generated):
    before = {path: path.stat().st_mtime_ns for path in generated.rglob("*") if path.is_file()}
    pages.write_pages(book)
    assert before == {p: p.stat().st_mtime_ns for p in generated.rglob("*") if p.is_file()}
    for path in (book / "book/results/cpu/rgb/seed-2").iterdir():
        path.unlink()
    pages.write_pages(book)
    assert not list((generated / "runs").glob("cpu-rgb-seed-2*"))


def test_pages_are_refused_where_evidence_is_missing(book):
    row = "- {id: a, kind: claim, place: '1', says: x, verdict: holds, test: tests/no.py::t}\n"
    (book / "book" / "ledger.yaml").write_text(row)
    with pytest.raises(RigidDepthError, match=r"a: test tests/no\.py::t"):
        pages.write_pages(book)


def test_every_row_stands_on_the_ledger_page_and_errata_are_those_of_the_ledger():
    rows = ledger.load(ROOT / "book" / "ledger.yaml")
    text = ledgerpages.ledger(rows)
    labels = re.findall(r"^\((ledger-.*)\)=$", text, flags=re.M)
    assert sorted(labels) == sorted(ledgerpages.label(row) for row in rows)
    settled = ledgerpages.errata(rows).partition("## Suspected")[0]
    linked = set(re.findall(r"\(#(ledger-[^)]*)\)", settled))
    assert linked == {ledgerpages.label(row) for row in rows if row.verdict in ledger.ERRATA}
    claims = set(re.findall(r"\(#(ledger-[^)]*)\)", ledgerpages.claims(rows)))
    assert claims == {ledgerpages.label(row) for row in rows if row.kind in ledger.CLAIMS}


def test_a_badge_turns_stale_when_the_package_changes(book, monkeypatch, publish):
    run = publish(book / "elsewhere", "rgb", "cpu", 0, 5.0)
    record = json.loads((run / "record.json").read_text())
    today = parameters(EXPERIMENTS["rgb"], SCALES["cpu"], "synthetic")
    record["parameters"] = today | {"init_from": None}
    assert "STALE" in provenance.run_badge(record)
    monkeypatch.setattr(provenance, "_package_today", lambda method: "of another day")
    badge = provenance.run_badge(record)
    for other in (
        {"parameters": record["parameters"] | {"steps": 7}},
        {"overrides": {"steps": 7}},
        {"experiment": "no such one"},
    ):
        assert "STALE" in provenance.run_badge(record | other)
    assert "STALE" not in badge
    assert "A &lt;fast&gt; CPU" in badge
    assert "commit 01234567<" in badge


def test_a_notebook_turns_stale_when_its_text_changes(tmp_path):
    text = tmp_path / "x.md"
    text.write_text("one")
    stamp = {"scale": "smoke", "source_blob": provenance.blob(text)}
    assert "STALE" not in provenance.notebook_badge(stamp, text)
    text.write_text("two")
    assert "STALE" in provenance.notebook_badge(stamp, text)


def test_blobs_are_those_of_git(tmp_path):
    text = tmp_path / "x"
    text.write_bytes(b"hello\n")
    assert provenance.blob(text) == "ce013625030ba8dba906f756967f9e9ca394464a"
