"""The ledger is whole, and what it names exists."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from handmade import run

from rigid_depth.book.claims import ledger
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[2]
ITEMS = (Path(__file__).parent / "thesis_items.txt").read_text().split()
SETTLED = {"id": "eq-1", "kind": "equation", "place": "5.3", "says": "x", "verdict": "holds"}


@pytest.fixture(scope="module")
def rows() -> list[ledger.Row]:
    return ledger.load(ROOT / "book" / "ledger.yaml")


def test_every_item_of_the_thesis_has_a_row(rows):
    assert len(ITEMS) == len(set(ITEMS)) == 305
    assert [row.id for row in rows] == ITEMS


def test_every_named_cell_test_and_run_exists(rows):
    assert ledger.missing_evidence(rows, ROOT) == []


def test_rows_are_written_for_readers(rows):
    for row in rows:
        text = row.says + row.correction + row.reason
        assert text.count("$") % 2 == 0, row.id
        assert text.count("`") % 2 == 0, row.id
        assert row.chapter in "12345678", row.id


def written(tmp_path: Path, *entries: dict) -> Path:
    path = tmp_path / "ledger.yaml"
    path.write_text(yaml.safe_dump(list(entries)))
    return path


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"verdict": "true"}, "verdict 'true'"),
        ({"kind": "poem"}, "kind 'poem'"),
        ({"proof": "x"}, "unknown field proof"),
        ({"verdict": "holds"}, "names a cell, a test, a run or a finding"),
        ({"verdict": "wrong", "test": "t.py::t"}, "needs a correction"),
        ({"verdict": "reproduced", "test": "t.py::t"}, "needs a run"),
        ({"verdict": "not checkable"}, "needs a reason"),
        ({"severity": "serious"}, "severity and first are for errata"),
        ({"severity": "grave"}, "severity 'grave'"),
    ],
)
def test_a_bad_row_is_refused_by_name(tmp_path, change, sentence):
    with pytest.raises(RigidDepthError, match=rf"row eq-1: .*{sentence}"):
        ledger.load(written(tmp_path, SETTLED | change))


def test_comparisons_of_a_row_say_what_could_be_seen(rows):
    """They settle nothing; a claim on printed numbers keeps its verdict and shows our runs."""
    row = next(row for row in rows if row.id == "claim-8-best-nonrot")
    assert row.verdict == "holds"
    assert row.shows.count("`relative-mse` against `coral`: ") == 1
    assert ("would be seen" in row.shows) != (": open." in row.shows)
    compared = {row.id for row in rows if row.compares}
    assert len(compared) >= 13
    assert all(row.shows for row in rows if row.compares)


def test_a_comparison_with_what_does_not_exist_is_refused(tmp_path):
    (tmp_path / "results").mkdir()
    with pytest.raises(RigidDepthError, match="no-such-row"):
        ledger.load(written(tmp_path, SETTLED | {"test": "t.py::t", "compares": "no-such-row/rgb"}))
    open_row = SETTLED | {"test": "t.py::t", "compares": "mse/rgb"}
    (row,) = ledger.load(written(tmp_path, open_row))
    assert row.shows == f"Scale `{PUBLISHED_SCALE}`: `mse` against `rgb`: open."


def test_runs_to_come_are_awaited_and_runs_of_nothing_missed(tmp_path):
    (tmp_path / "results").mkdir()
    entry = {k: v for k, v in SETTLED.items() if k != "verdict"}
    entry |= {"finding": "rgb-overfits", "run": "book/results/{scale}/rgb"}
    (row,) = ledger.load(written(tmp_path, entry))
    assert (row.verdict, row.run) == ("open", ())
    assert row.awaits == (f"book/results/{PUBLISHED_SCALE}/rgb",)
    assert "rgb (0 of 3)" in row.shows
    assert ledger.missing_evidence([row], tmp_path) == []
    (row,) = ledger.load(written(tmp_path, entry | {"run": "book/results/{scale}/no-such-row"}))
    assert len(ledger.missing_evidence([row], tmp_path)) == 1
    folder = tmp_path / "results" / PUBLISHED_SCALE / "rgb" / "seed-0"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text("{}")
    (row,) = ledger.load(written(tmp_path, entry), runs=[])
    assert (row.run, row.awaits) == ((f"book/results/{PUBLISHED_SCALE}/rgb",), ())
    for group, says in (("cpu", "`mse` against `rgb`: open"), (PUBLISHED_SCALE, "+5.1 %")):
        mine = [run(name, k, x, group) for name, x in (("mse", 0.5), ("rgb", 0)) for k in range(3)]
        (row,) = ledger.load(written(tmp_path, entry | {"compares": "mse/rgb"}), mine)
        assert row.shows.startswith(f"Scale `{PUBLISHED_SCALE}`: ")
        assert says in row.shows
    with pytest.raises(RigidDepthError, match="unknown field awaits"):
        ledger.load(written(tmp_path, SETTLED | {"test": "t.py::t", "awaits": "x"}))


def test_a_missing_field_and_a_double_id_are_refused(tmp_path):
    open_row = SETTLED | {"verdict": "open"}
    with pytest.raises(RigidDepthError, match="the field says is missing"):
        ledger.load(written(tmp_path, {k: v for k, v in open_row.items() if k != "says"}))
    with pytest.raises(RigidDepthError, match="eq-1 occurs"):
        ledger.load(written(tmp_path, open_row, open_row))


NOTEBOOK = """# Title

(shown)=
## A section with a cell

```{code-cell} ipython3
print(1)
```

(empty)=
## A section without one

Words.

```{code-cell}
---
mystnb:
  figure:
    name: fig-named
---
draw()
```
"""


@pytest.fixture
def evidence(tmp_path) -> Path:
    (tmp_path / "x.md").write_text(NOTEBOOK.replace("Words.", "Words.\n\n## Next", 1))
    (tmp_path / "test_x.py").write_text("def test_real():\n    pass\n\n# def test_comment(): ...\n")
    run = tmp_path / "book/results/cpu/rgb/seed-0"
    run.mkdir(parents=True)
    (run / "record.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("field", "name", "there"),
    [
        ("cell", "x.md::shown", True),
        ("cell", "x.md::fig-named", True),
        ("cell", "x.md::empty", False),
        ("cell", "x.md::absent", False),
        ("cell", "y.md::shown", False),
        ("cell", "x.md", False),
        ("test", "test_x.py::test_real", True),
        ("test", "test_x.py::test_comment", False),
        ("test", "test_y.py::test_real", False),
        ("run", "book/results/cpu/rgb/seed-0", True),
        ("run", "book/results/cpu/rgb", True),
        ("run", "book/results/cpu/rgb/seed-1", False),
        ("run", "book/results/cpu", False),
    ],
)
def test_evidence_that_does_not_exist_is_found(evidence, field, name, there):
    row = ledger.Row("eq-1", "equation", "5", "x", "holds", **{field: (name,)})
    expected = [] if there else [f"eq-1: {field} {name}"]
    assert ledger.missing_evidence([row], evidence) == expected
