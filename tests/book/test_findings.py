"""What the ledger and the chapters say of published runs is what their records say."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rigid_depth import statistics
from rigid_depth.book.claims import findings, ledger
from rigid_depth.book.claims.findings.finding import (
    FINDINGS,
    Judgement,
    claim,
    enough,
    finding,
    idea,
    missing_runs,
)
from rigid_depth.book.claims.findings.judging import (
    all_of,
    any_of,
)
from rigid_depth.book.claims.findings.reading import verdicts
from rigid_depth.book.pages import findingspage
from rigid_depth.book.runs import results
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.book.runs.results import Run
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import BASELINES, EXPERIMENTS, base_of
from rigid_depth.statistics import estimate, holm
from rigid_depth.studies import published

ROOT = Path(__file__).resolve().parents[2]
CLAIMED = ("reproduced", "not reproduced", "undecided at this scale")
ALLOWED = {
    "finding": ("holds", "no longer holds"),
    "claim": CLAIMED,
    "idea": ("helped", "did not help", "undecided at this scale"),
}


def verdict(found: findings.Finding, runs: list[results.Run]) -> str:
    """The verdict of a finding alone."""
    return findings.judgement(found, runs).verdict


@pytest.fixture(scope="module")
def runs() -> list[results.Run]:
    return results.read_runs(ROOT / "book" / "results")


@pytest.fixture(scope="module")
def halved_runs(runs) -> list[results.Run]:
    """The same runs with other numbers."""
    return [replace(run, record=halved(run.record)) for run in runs]


@pytest.fixture
def only_mine(monkeypatch):
    """An empty register, so that a finding made up here is not the book's."""
    monkeypatch.setattr("rigid_depth.book.claims.findings.finding.FINDINGS", register := {})
    return register


@pytest.mark.parametrize("found", FINDINGS.values(), ids=FINDINGS)
def test_no_sentence_outlives_its_runs(found, runs):
    """Claims are judged; what the book says of our runs holds; what is open misses runs."""
    said = findings.judgement(found, runs)
    if missing_runs(found, runs):
        assert said.verdict == "open"
        assert all(name in said.shows for name in missing_runs(found, runs))
    else:
        assert said.verdict in ALLOWED[found.kind]
        assert said.verdict != "no longer holds"
        assert bool(said.shows) == found.is_judged


@pytest.mark.parametrize("found", FINDINGS.values(), ids=FINDINGS)
def test_every_finding_can_be_asked_of_other_numbers(found, halved_runs):
    """They may be any; some sentence then no longer holds, but none fails to be judged."""
    others = [*halved_runs, *stand_ins(found, halved_runs)]
    assert verdict(found, others) in ALLOWED[found.kind]
    assert verdict(found, []) == verdict(found, others[:1]) == "open"


@pytest.mark.parametrize("found", FINDINGS.values(), ids=FINDINGS)
def test_no_finding_asks_that_all_rows_have_the_same_seeds(found, runs):
    """Rows get more seeds one after another: each has one here that no other has."""
    names = {name if "/" in name else f"{found.group}/{name}" for name in found.needs}
    rows = {f"{run.group}/{run.experiment}": run for run in runs}
    rows = [rows[name] for name in sorted(names & rows.keys())]
    more = [replace(run, seed=90 + place) for place, run in enumerate(rows)]
    assert verdict(found, [*runs, *more]) in (*ALLOWED[found.kind], "open")


@pytest.mark.parametrize("found", FINDINGS.values(), ids=FINDINGS)
def test_a_sentence_outlives_more_seeds_of_the_same_kind(found, runs, monkeypatch):
    """Rows get seeds 3 and 4 one after another, here with the numbers of their seeds 1 and 2."""
    counts = statistics._counts  # streets are of no matter here, and cost most of the time
    monkeypatch.setattr(statistics, "_counts", lambda scenes, _, given: counts(scenes, 200, given))
    if verdict(found, runs) == "open":
        pytest.skip("not run yet")
    for name in found.needs[:6]:
        row = name if "/" in name else f"{found.group}/{name}"
        later = [
            run for run in runs if f"{run.group}/{run.experiment}" == row and run.seed in (1, 2)
        ]
        more = [replace(run, seed=run.seed + 2) for run in later]
        assert verdict(found, [*runs, *more]) != "no longer holds", name


@pytest.mark.parametrize("found", FINDINGS.values(), ids=FINDINGS)
def test_a_finding_waits_for_each_of_its_experiments(found, runs):
    for name in found.needs:
        row = name if "/" in name else f"{found.group}/{name}"
        less = [r for r in runs if f"{r.group}/{r.experiment}" != row or r.seed < enough(name) - 1]
        assert verdict(found, less) == "open"


@pytest.mark.parametrize("name", ["weighting-is-essential", "rotations-agree-and-come-apart-again"])
def test_a_finding_speaks_of_its_own_scale(name, runs):
    """Another scale published whole, with other numbers, changes nothing."""
    found = findings.find_finding(name)
    others = [replace(run, group="gpu", record=halved(run.record)) for run in runs]
    assert verdict(found, [*others, *runs]) == verdict(found, runs)


def stand_ins(found: findings.Finding, runs: list[results.Run]) -> list[results.Run]:
    """Runs of mse under the names of experiments that a finding waits for."""
    mine = [run for run in runs if run.group == found.group]
    short = {line.partition(" (")[0] for line in missing_runs(found, mine)}
    lent = [run for run in mine if run.experiment == "mse"]
    return [replace(run, experiment=name) for name in short for run in lent]


def halved(value: object) -> object:
    """A record with every decimal number halved."""
    if isinstance(value, dict):
        return {key: halved(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [halved(inner) for inner in value]
    return value / 2 if isinstance(value, float) else value


def test_findings_are_sentences_about_experiments_that_exist():
    for found in FINDINGS.values():
        assert found.sentence.endswith("."), found.id
        assert len(found.sentence) < 100, found.id
        rows = {name.rpartition("/")[2].partition("+")[0] for name in found.needs}
        assert rows <= set(EXPERIMENTS), found.id
        assert len(set(found.needs)) == len(found.needs), found.id
    assert all(set(family) <= set(EXPERIMENTS) for family in FAMILIES.values())


def worse(runs: list[results.Run], experiment: str, factor: float) -> list[results.Run]:
    """The runs with the errors of one experiment on held-out streets multiplied, in each branch."""
    changed = []
    for run in runs:
        if run.experiment == experiment:
            record = copy.deepcopy(run.record)
            for split in ("val", "test"):
                for branch in record["metrics"][split].values():
                    branch["caps"]["80"]["rmse_m"] *= factor
                    for scene in branch["scenes"].values():
                        scene[0 if isinstance(scene, list) else "squared_error_sum_m2"] *= factor**2
                    if "dense" in branch:
                        branch["dense"]["rmse_m"] *= factor
            run = replace(run, record=record)
        changed.append(run)
    return changed


@pytest.mark.parametrize(
    ("name", "experiment"),
    [
        ("the-infinity-loss-makes-the-metric-worse", "rgb-infinity"),
        ("a-rotation-is-better-than-rgb", "rotation-global-3"),
        ("weighting-is-essential", "mse-unbalanced"),
        ("coral-is-better-than-mse", "coral"),
        ("rgb-overfits", "rgb"),
    ],
)
def test_other_records_turn_the_verdict_of_a_claim(runs, name, experiment):
    found = findings.find_finding(name)
    said = {verdict(found, worse(runs, experiment, factor)) for factor in (0.5, 1.0, 2.0)}
    assert said <= set(ALLOWED[found.kind])
    assert len(said) > 1


@pytest.mark.parametrize(
    "found", [f for f in FINDINGS.values() if f.kind == "finding"], ids=lambda found: found.id
)
def test_every_sentence_can_fall(found, runs, halved_runs):
    """In one of these worlds, of errors halved, rows alike or far apart, latents exchanged."""
    if missing_runs(found, runs):
        pytest.skip("not run yet")
    worlds = [halved_runs, alike(runs, found), exchanged(runs, found), upside_down(runs, found)]
    worlds += [apart(runs, found.needs), apart(runs, found.needs[::-1])]
    assert "no longer holds" in {verdict(found, world) for world in worlds}


def alike(runs: list[Run], found: findings.Finding) -> list[Run]:
    """Every row that a finding reads has the records of its first one."""
    rows = rows_of(runs, found)
    first = next(row for name, row in rows.items() if base_of(name) not in BASELINES)
    kept = [run for name, row in rows.items() if base_of(name) in BASELINES for run in row]
    return kept + [
        replace(other, group=row[0].group, experiment=row[0].experiment)
        for name, row in rows.items()
        if base_of(name) not in BASELINES
        for other in first
    ]


def apart(runs: list[Run], names: Sequence[str]) -> list[Run]:
    """Rows err the more the later they are named."""
    for place, name in enumerate(names):
        runs = worse(runs, name.rpartition("/")[2], 1 + 0.5 * place)
    return runs


def exchanged(runs: list[Run], found: findings.Finding) -> list[Run]:
    """What was measured of latents, copying and rotations is that of the next row or seed."""
    rows = list(rows_of(runs, found).values())
    known = [run for row in rows for run in row if run.record.get("alignment")]
    others = {id(run): known[k - 1] for k, run in enumerate(known)}
    return [
        replace(run, record=run.record | {"alignment": others[id(run)].record["alignment"]})
        if id(run) in others
        else run
        for row in rows
        for run in row
    ]


def upside_down(runs: list[Run], found: findings.Finding) -> list[Run]:
    """RGB and zero-shot change places, both rotations do, and withheld returns are half as hard."""
    changed = []
    for run in (run for row in rows_of(runs, found).values() for run in row):
        record = copy.deepcopy(run.record)
        for branches in record["metrics"].values():
            if "zero_shot" in branches:
                branches["rgb"], branches["zero_shot"] = branches["zero_shot"], branches["rgb"]
        aligned = record.get("alignment") or {}
        if turns := aligned.get("rotations"):
            own, guide = turns["own_spread_rad"], turns["guide_spread_rad"]
            turns |= {"own_spread_rad": guide / 9, "guide_spread_rad": own}
        if copied := aligned.get("copying"):
            copied["withheld_rmse_m"] /= 2
        changed.append(replace(run, record=record))
    return changed


def rows_of(runs: list[Run], found: findings.Finding) -> dict[str, list[Run]]:
    """The rows that a finding names."""
    rows: dict[str, list[Run]] = {}
    for name in found.needs:
        place = name if "/" in name else f"{found.group}/{name}"
        rows[name] = [run for run in runs if f"{run.group}/{run.experiment}" == place]
    return rows


def test_parts_of_a_claim_add_up():
    yes, no, unclear = (Judgement(word, word) for word in CLAIMED)
    assert all_of(yes, yes).verdict == any_of(yes, no, unclear).verdict == yes.verdict
    assert all_of(yes, no, unclear).verdict == any_of(no, no).verdict == no.verdict
    assert all_of(yes, unclear).verdict == any_of(no, unclear).verdict == unclear.verdict
    assert all_of(yes, no).shows == "reproduced not reproduced"


def made_up(folder: Path, row: str) -> Path:
    """A ledger of one row, beside three runs of rgb at the scale that the book shows."""
    for seed in range(3):
        run = folder / "results" / PUBLISHED_SCALE / "rgb" / f"seed-{seed}"
        run.mkdir(parents=True)
        (run / "record.json").write_text("{}")
    (folder / "ledger.yaml").write_text(f"- {row}\n")
    return folder / "ledger.yaml"


@pytest.mark.parametrize("said", CLAIMED)
def test_a_row_of_the_ledger_takes_its_verdict_from_its_finding(tmp_path, only_mine, said):
    @claim("rgb")
    def first_of_the_row(shown) -> Judgement:
        """It is so."""
        return Judgement(said, f"{len(shown)} runs.")

    @finding("rgb")
    def second_of_the_row(shown) -> bool:
        """This holds, and decides nothing."""
        return True

    row = "{id: a, kind: claim, place: '7', says: x, run: 'book/results/{scale}/rgb', "
    row += "finding: [first-of-the-row, second-of-the-row]}"
    (found,) = ledger.load(made_up(tmp_path, row))
    assert found.verdict == said
    assert found.shows == f"Scale `{PUBLISHED_SCALE}`: 3 runs."
    assert found.run == (f"book/results/{PUBLISHED_SCALE}/rgb",)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("reproduced", "helped"),
        ("not reproduced", "did not help"),
        ("undecided at this scale", "undecided at this scale"),
    ],
)
def test_an_idea_is_nothing_that_could_be_reproduced(tmp_path, only_mine, said, told):
    @idea("rgb")
    def tried(shown) -> Judgement:
        """It helps."""
        return Judgement(said, f"{len(shown)} runs.")

    row = "{id: a, kind: future-work, place: '8.2', says: x, "
    row += "run: 'book/results/{scale}/rgb', finding: tried}"
    (found,) = ledger.load(made_up(tmp_path, row))
    assert found.verdict == told
    assert found.shows == f"Scale `{PUBLISHED_SCALE}`: 3 runs."


def test_every_claim_and_idea_decides_a_row_of_the_ledger_and_reads_its_runs():
    rows = {row.id: row for row in ledger.load(ROOT / "book" / "ledger.yaml")}
    deciding = {
        row.id: row.finding[0]
        for row in rows.values()
        if row.finding and findings.find_finding(row.finding[0]).is_judged
    }
    claims = {found.id for found in FINDINGS.values() if found.is_judged}
    assert set(deciding.values()) == claims
    for row, name in deciding.items():
        needs = findings.find_finding(name).needs
        assert {Path(run).name for run in rows[row].run} <= set(needs)


def test_a_finding_that_fails_is_named_by_the_ledger(tmp_path, only_mine):
    @finding("rgb")
    def that_fails(shown) -> bool:
        """Never."""
        return False

    row = "{id: a, kind: claim, place: '7', says: x, verdict: holds, finding: that-fails}"
    made = made_up(tmp_path, row)
    with pytest.raises(RigidDepthError, match="row a: the finding that-fails no longer holds"):
        ledger.load(made)
    with pytest.raises(ValueError, match="two findings are named that-fails"):
        finding("rgb")(that_fails)
    with pytest.raises(RigidDepthError, match="no finding 'nowhere'"):
        findings.find_finding("nowhere")


def test_the_page_shows_every_finding_with_its_verdict(runs):
    text = findingspage.findings(runs)
    for found in FINDINGS.values():
        entry = text.split(f"(finding-{found.id})=")[1].split("(finding-")[0]
        assert f">{verdict(found, runs)}<" in entry
        assert found.sentence in entry


def test_every_finding_stands_in_a_chapter():
    texts = [path.read_text() for path in sorted((ROOT / "notebooks").glob("*.md"))]
    named = {name for text in texts for name in re.findall(r"\{finding\}`([\w-]+)`", text)}
    assert sorted(named) == sorted(FINDINGS)


def test_verdicts_of_a_line_are_those_of_the_tables(runs):
    shown = [run for run in runs if run.group == "core"]
    assert verdicts(shown, ["mse-unbalanced"], "mse") == ["worse"]


def test_losses_before_the_map_do_what_the_ledger_says():
    """On point clouds, against the mean square after the map, corrected for all comparisons."""
    losses = {
        "euler": ["pre-image", "pre-image, wrapped"],
        "rotation vector": ["pre-image"],
        "quaternion": ["pre-image", "pre-image, either sign", "geodesic"],
        "6d": ["pre-image", "geodesic"],
        "9d": ["pre-image", "pre-image, cosine", "geodesic"],
    }
    found = [record.results for record in published("rotation-clouds")]
    paired = {
        f"{name}, {loss}": estimate(
            [r[name][loss]["mean_deg"] - r[name]["mse"]["mean_deg"] for r in found]
        )
        for name, tried in losses.items()
        for loss in tried
    }
    p_values = holm({key: difference.p_value for key, difference in paired.items()})
    signs = {key: p < 0.05 and (1 if paired[key].mean > 0 else -1) for key, p in p_values.items()}
    assert len(found) >= 5
    assert [signs[f"{name}, pre-image"] for name in losses] == [1, 1, -1, 1, -1]
    assert signs["quaternion, pre-image, either sign"] == -1
    assert signs["9d, pre-image, cosine"] == 0
    assert all(signs[f"{name}, geodesic"] == -1 for name in ("quaternion", "6d", "9d"))


def test_a_finding_on_stale_runs_says_so(monkeypatch):
    item = FINDINGS["no-remedy-makes-rgb-better"]
    seeds = [Run(item.group, name, seed, {}) for name in item.needs for seed in range(2)]
    said = Judgement("holds")
    monkeypatch.setattr(Run, "is_stale", False)
    assert "STALE" not in findingspage.badge(item, said, seeds)
    monkeypatch.setattr(Run, "is_stale", property(lambda run: run.experiment == "mse"))
    assert ">2 of 10 runs STALE<" in findingspage.badge(item, said, seeds)
    monkeypatch.setattr(Run, "is_stale", True)
    assert 'rd-warn">STALE<' in findingspage.badge(item, said, seeds)
    elsewhere = [replace(run, group="another") for run in seeds]
    assert "STALE" not in findingspage.badge(item, said, elsewhere)
