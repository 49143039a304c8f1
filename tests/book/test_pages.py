"""The generated pages say what the records and the ledger say."""

from __future__ import annotations

import csv
import json
import re
import shutil
from html import unescape
from importlib import metadata
from pathlib import Path

import pytest

from rigid_depth.book.claims import ledger
from rigid_depth.book.pages import experimentpage, ledgerpages, shownrecords, testsources, write
from rigid_depth.book.runs import provenance, results
from rigid_depth.book.site import pageparts
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import standing
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.settings import parameters

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def generated(book) -> Path:
    write.write_pages(book)
    return book / "book" / "generated"


def test_every_published_experiment_has_a_page(generated):
    names = {path.stem for path in (generated / "runs").glob("*.md")}
    assert names == {"core-rgb", "core-rgb-infinity", "core-row-mean-depth", "this-build"}


def test_every_seed_has_its_place_and_its_record(generated):
    """Numbers in results tables lead to `run-...`; each label stands once."""
    text = "\n".join(path.read_text() for path in (generated / "runs").glob("core-*.md"))
    for name, seeds in (("rgb", 3), ("rgb-infinity", 3), ("row-mean-depth", 1)):
        for seed in range(seeds):
            assert text.count(f"(run-core-{name}-seed-{seed})=\n### Seed {seed}\n") == 1
            assert text.count(f"../../results/core/{name}/seed-{seed}/record.json>") == 1


def test_a_page_shows_the_seeds_side_by_side(generated):
    text = (generated / "runs" / "core-rgb.md").read_text()
    rows = re.findall(r"<tr>(.*?)</tr>", text)
    cells = [re.sub(r"<[^>]+>", "|", row).replace("||", "|").strip("|") for row in rows]
    for wanted in (
        "RGB|mean ± std|seed 0|seed 1|seed 2",
        "RMSE [m]|6.200 ± 0.200|6.000|6.200|6.400",
        "≤ 50 m|5.200 ± 0.200|5.000|5.200|5.400",
        "0-10 m|1.000 ± 0.000|1.000|1.000|1.000",
        "night|8.200 ± 0.200|8.000|8.200|8.400",
        "pixels|1,000|1,000|1,000|1,000",
        "version|v1.0-synthetic",
        "init_from|–",
    ):
        assert wanted in cells, wanted
    assert "RGB 6.200 ± 0.200 m" in text
    assert "RMSE, held-out streets: RGB 6.200 m. Cost: 120 s." in text
    assert "../../results/core/rgb/seed-0/0-rgb.jpg" in text
    assert "A &lt;fast&gt; CPU" in text


@pytest.mark.parametrize(
    ("overrides", "start", "words"),
    [
        ({}, None, ""),
        ({"image_size": [96, 192], "steps": 9}, None, " -p image_size=96x192 -p steps=9"),
        ({}, {"origin": "core/rgb+x=0.1/seed-0"}, " --init-from runs/core/rgb+x=0.1/seed-0"),
    ],
)
def test_a_run_is_repeated_by_words_that_the_command_takes(overrides, start, words):
    record = {"scale": "core", "data": {"dataset": "synthetic"}, "overrides": overrides}
    made = results.Run("core", "rgb+x", 0, record | {"parameters": {"init_from": start}})
    assert experimentpage.command(made) == "rigid-depth run rgb --scale core --seed 0" + words


def test_what_differs_between_seeds_is_said_of_each(book):
    path = book / "book" / "results" / "core" / "rgb" / "seed-1" / "record.json"
    made = json.loads(path.read_text())
    made["machine"]["threads"] = 1
    path.write_text(json.dumps(made))
    write.write_pages(book)
    text = (book / "book" / "generated" / "runs" / "core-rgb.md").read_text()
    assert "seed 0: 2; seed 1: 1; seed 2: 2" in text


def test_curves_and_numbers_lie_beside_the_page(generated):
    figure = json.loads((generated / "runs" / "core-rgb-loss.json").read_text())
    assert [trace["y"] for trace in figure["data"]] == [[0.2, 0.1, 0.1, 0.2], [0.2, 0.1]]
    with open(generated / "runs" / "core-rgb.csv", newline="") as file:
        lines = {line["name"]: line for line in csv.DictReader(file)}
    line = lines["metrics.test.rgb.caps.80.rmse_m"]
    assert [float(line[f"seed-{seed}"]) for seed in range(3)] == [6.0, 6.2, 6.4]
    assert not [name for name in lines if "scene" in name]


def test_a_guessed_sky_is_said_to_be_one(book):
    path = book / "book" / "results" / "core" / "rgb" / "seed-1" / "record.json"
    made = json.loads(path.read_text())
    made["data"]["sky"] = "evidence"
    path.write_text(json.dumps(made))
    write.write_pages(book)
    runs = book / "book" / "generated" / "runs"
    assert "sky was guessed" in (runs / "core-rgb.md").read_text()
    assert "sky was guessed" not in (runs / "core-rgb-infinity.md").read_text()


def test_smoke_runs_are_listed_apart_and_nowhere_else(generated):
    apart = (generated / "runs" / "this-build.md").read_text()
    assert "smoke run: not a result" in apart
    told = ("this-build", "status")  # the state of a notebook names its scale
    others = [path for path in generated.rglob("*") if path.is_file() and path.stem not in told]
    others = [path for path in others if path.parent.name != "api"]
    for path in others:
        assert "smoke" not in path.read_text(), path
        assert "33.333" not in path.read_text(), path


def test_a_second_call_touches_nothing_and_removes_what_is_gone(book, generated):
    before = {path: path.stat().st_mtime_ns for path in generated.rglob("*") if path.is_file()}
    write.write_pages(book)
    assert before == {p: p.stat().st_mtime_ns for p in generated.rglob("*") if p.is_file()}
    shutil.rmtree(book / "book/results/core/row-mean-depth")
    write.write_pages(book)
    assert not list((generated / "runs").glob("core-row-mean-depth*"))


def test_pages_are_refused_where_evidence_is_missing(book):
    row = "- {id: a, kind: claim, place: '1', says: x, verdict: holds, test: tests/no.py::t}\n"
    (book / "book" / "ledger.yaml").write_text(row)
    with pytest.raises(RigidDepthError, match=r"a: test tests/no\.py::t"):
        write.write_pages(book)


def test_every_row_stands_once_on_the_ledger_page_and_filters_show_their_rows():
    rows = ledger.load(ROOT / "book" / "ledger.yaml")
    text = ledgerpages.ledger(rows, ROOT, "https://example.org/book")
    labels = re.findall(r"^\((ledger-.*)\)=$", text, flags=re.M)
    assert sorted(labels) == sorted(ledgerpages.label(row) for row in rows)
    heads = re.findall(r"^\((ledger-.*)\)=\n:+\{div\} ledger-row (.*)$", text, flags=re.M)
    shown = {name for name, classes in heads if "in-the-errata" in classes.split()}
    errata = ("holds under a condition", "misprint", "wrong")
    assert shown == {ledgerpages.label(row) for row in rows if row.verdict in errata}
    shown = {name for name, classes in heads if "in-the-claims" in classes.split()}
    claims = ("claim", "experiment", "table", "figure")
    assert shown == {ledgerpages.label(row) for row in rows if row.kind in claims}
    assert sorted(row.first for row in rows if row.first) == list(range(1, 11))


def test_tests_are_links_to_their_lines():
    row = ledger.Row("a", "claim", "3", "x", "holds", test=("tests/book/test_pages.py::generated",))
    text = ledgerpages.ledger([row], ROOT, "https://example.org/book")
    lines = (ROOT / "tests/book/test_pages.py").read_text().splitlines()
    line = int(re.search(r"/blob/HEAD/tests/book/test_pages.py#L(\d+)\)", text).group(1))
    assert lines[line - 1].startswith("def generated")


def test_a_book_without_a_repository_brings_the_tests_of_its_ledger(tmp_path):
    test = "tests/book/test_pages.py::test_a_second_call_touches_nothing_and_removes_what_is_gone"
    row = ledger.Row("a", "claim", "3", "x", "holds", test=(test,))
    address, words = re.search(
        r'<a href="(.*?)">(.*?)</a>', ledgerpages.ledger([row], ROOT)
    ).groups()
    assert words == f"<code>{test}</code>"
    name, _, place = address.removeprefix("../../_static/").partition("#")
    testsources.write_sources([row], ROOT, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html")] == [name]
    page = (tmp_path / name).read_text()
    assert page.count(f'<span id="{place}">def {test.partition("::")[2]}</span>') == 1
    source = re.search(r"<pre>(.*)</pre>", page, re.S)[1]
    assert (
        unescape(re.sub(r"</?span[^>]*>", "", source)) == (ROOT / name[: -len(".html")]).read_text()
    )


def test_a_chapter_tells_the_scale_of_its_cells_from_that_of_its_tables(tmp_path):
    record = {"created": "2026-01-02T00:00:00Z", "source": {"commit": "0123456789"}}
    shown = provenance.shown([record | {"seed": seed} for seed in range(5)], "scale core")
    assert shown == "scale core, 5 seeds, 2026-01-02, commit 01234567"
    badge = provenance.notebook_badge({"scale": "smoke"}, tmp_path / "none.md", shown)
    assert "code on this page ran at scale smoke<" in badge
    assert f"tables: {shown}<" in badge


def test_a_badge_says_where_a_run_stands_and_what_it_ran_with(book, monkeypatch, publish):
    run = publish(book / "elsewhere", "rgb", "core", 0, 5.0)
    record = json.loads((run / "record.json").read_text())
    today = parameters(EXPERIMENTS["rgb"], SCALES["core"], "synthetic")
    record["parameters"] = today | {"init_from": None}
    assert "STALE" in provenance.run_badge(record)
    monkeypatch.setattr(standing, "package_hash", lambda method: "of another day")
    badge = provenance.run_badge(record)
    for other in (
        {"parameters": record["parameters"] | {"steps": 7}},
        {"overrides": {"steps": 7}},
        {"experiment": "no such one"},
    ):
        assert "STALE" in provenance.run_badge(record | other)
    assert "STALE" not in badge
    assert "current: made by today" in badge
    assert "run with" not in badge
    other = {"versions": {"torch": "1.13.0+cpu", "numpy": metadata.version("numpy")}}
    assert f"run with torch 1.13.0+cpu, here {metadata.version('torch')}<" in (
        provenance.run_badge(record | other)
    )
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


def test_a_cell_settles_what_is_decided_and_belongs_to_the_rest():
    rows = [
        ledger.Row("eq-3.1", "equation", "3.3", "says", "holds"),
        ledger.Row("table-8.2", "table", "8.1", "says", "undecided at this scale"),
        ledger.Row("eq-3.2", "equation", "3.3", "says", "wrong"),
    ]
    assert pageparts.note(rows, "notebooks/x").astext() == (
        "This settles thesis eq. 3.1: holds; thesis eq. 3.2: wrong. "
        "This belongs to thesis Table 8.2: undecided at this scale."
    )
    assert pageparts.note(rows[1:2], "notebooks/x").astext().startswith("This belongs to")


def test_the_head_of_a_chapter_names_the_records_that_its_tables_show(monkeypatch):
    everything = shownrecords.tables_shown("notebooks/08_results", ROOT)
    assert everything.startswith("scale core, up to ")
    assert "STALE" not in everything
    of_rgb = shownrecords.tables_shown("notebooks/07_3_rgb_infinity", ROOT)
    assert re.match(r"scale core, (up to )?[35] seeds, ", of_rgb)
    assert shownrecords.tables_shown("notebooks/03e_regressing_rotations", ROOT).startswith("stud")
    assert shownrecords.tables_shown("notebooks/06a_data", ROOT) == ""
    assert shownrecords.tables_shown("book/intro", ROOT) == ""
    shownrecords.published_runs.cache_clear()  # runs remember where they stand
    monkeypatch.setattr(results.Run, "is_stale", True)
    stale = shownrecords.tables_shown("notebooks/08_results", ROOT)
    assert stale == f"{everything}, STALE"
    badge = provenance.notebook_badge({}, ROOT / "none.md", stale)
    assert badge.startswith('<span class="rd-badge rd-warn">tables: ')


def test_the_head_of_the_method_names_the_runs_of_its_bounds_alone():
    said = shownrecords.tables_shown("notebooks/06b_method", ROOT)
    assert re.match(r"scale core, up to [35] seeds, ", said)
    said = [
        run.experiment
        for run in results.published(book=ROOT / "book").runs
        if shownrecords._shows(shownrecords.METHOD, run)
    ]
    assert {name.split("+")[0] for name in said} == {"row-mean-depth", "rgb-infinity", "mse"}
