"""What was found says what the records say, at whichever scale is shown."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from statistics import fmean

import handmade
import numpy as np
import pytest

from rigid_depth.book.claims import ledger
from rigid_depth.book.pages import found, foundpage, ledgerpages, limits
from rigid_depth.book.runs import forest, regime, results
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.statistics import Estimate

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "book" / "results"
METHODS = FAMILIES[regime.ALONE]


SPLITS = ("train", "val", "test")
FIELDS = {
    "data": {"dataset": "synthetic", "image_size": [128, 256], "counts": {}},
    "cost": {"steps": 600, "parameters": 2_000_000, "seconds": 60.0},
    "parameters": {"batch_size": 8, "balancing": False},
    "curves": {"train": {}},
    "alignment": {"copying": {}},
}


def run(
    experiment: str, seed: int, shift: float = 0.0, group: str = PUBLISHED_SCALE
) -> results.Run:
    """A run made by hand with all that the findings read."""
    return handmade.run(experiment, seed, shift, group, SPLITS, **FIELDS)


def rows(
    experiments: dict[str, float], seeds: int = 3, group: str = PUBLISHED_SCALE
) -> list[results.Run]:
    shifts = {regime.ALONE: 0.0, **experiments}
    return [run(name, s, shift, group) for name, shift in shifts.items() for s in range(seeds)]


def recorded(experiment: str, branch: str = "rgb") -> dict[int, float]:
    """Seed -> RMSE over all held-out streets in metres, from the record files alone."""
    errors = {}
    for path in (RESULTS / PUBLISHED_SCALE / experiment).glob("seed-*/record.json"):
        metrics = json.loads(path.read_text())["metrics"]
        splits = [metrics[split][branch]["scenes"].values() for split in ("val", "test")]
        squared, pixels = np.sum([
            s if isinstance(s, list) else [s["squared_error_sum_m2"], s["pixels"]]
            for scenes in splits for s in scenes
        ], axis=0)[:2]  # fmt: skip
        errors[int(path.parent.name.removeprefix("seed-"))] = math.sqrt(squared / pixels)
    return errors


@pytest.fixture(scope="module")
def shown() -> list[results.Run]:
    return results.published(book=ROOT / "book").shown


@pytest.fixture(scope="module")
def lines(shown) -> dict[str, dict]:
    return forest.family(shown)


def test_the_forest_shows_the_differences_of_the_records(lines):
    names = forest.main_rows()
    assert {"mse", "coral", "rotation-global-3"} <= set(names) <= set(METHODS)
    band, ours, thesis = forest.forest(lines, names)["data"]
    alone = recorded(regime.ALONE)
    expected = {}
    for place, name in enumerate(names):
        mine = recorded(name)
        both = sorted(mine.keys() & alone.keys())
        both = both[: 5 if len(both) >= 5 else 3]  # those of the last look
        if len(both) >= 3:
            less = fmean(mine[seed] - alone[seed] for seed in both)
            expected[place] = 100 * less / fmean(alone[seed] for seed in both)
    assert dict(zip(ours["y"], ours["x"], strict=True)) == pytest.approx(expected, abs=2e-3)
    assert band["y"] == ours["y"]
    assert band["x"] == pytest.approx([-2 * b for b in band["base"]], abs=2e-3)
    seen = [200 * lines[names[place]]["visible"] for place in band["y"]]
    assert band["x"] == pytest.approx(seen, abs=2e-3)
    printed = json.loads((ROOT / "book" / "thesis_tables.json").read_text())
    numbers = {r["experiment"]: r["rgb"] for t in ("table_8_2", "table_8_5") for r in printed[t]}
    shares = [100 * (numbers[name] / numbers[regime.ALONE] - 1) for name in names]
    assert thesis["x"] == pytest.approx(shares, abs=1e-3)


def test_a_row_without_runs_keeps_its_line_in_the_forest():
    figure = forest.forest(forest.family(rows({"mse": -0.5})), ["coral", "mse"])
    band, ours, thesis = figure["data"]
    assert ours["y"] == band["y"] == [1]
    assert ours["x"][0] + ours["error_x"]["array"][0] < 0
    assert figure["layout"]["yaxis"]["ticktext"] == ["CORAL (open)", "MSE, end to end"]
    assert thesis["y"] == [0, 1]


@pytest.mark.parametrize(
    ("shifts", "lead", "others"),
    [
        ({"mse": -0.5, "coral": 0.0}, "1 of 2 methods make", "losses: MSE, end to end."),
        ({"mse": 0.5, "coral": 0.0}, "None of the 2 methods", "Worse: MSE, end to end."),
        ({}, "is **open**", "none of the"),
    ],
)
def test_the_first_finding_follows_the_runs(shifts, lead, others):
    compared = forest.family(rows(shifts))
    text = found.helped(compared)
    assert lead in text
    assert others in text
    later = f"{len(METHODS) - len(shifts)} more have too few seeds so far"
    assert (later in text) == bool(shifts)
    said = foundpage.answer(rows(shifts), compared)
    wanted = "It is open" if not shifts else "Not that we" if "None" in lead else "It can: 1 of"
    assert said.startswith(wanted)
    assert len(re.findall(r"\.(?= |\n)", said)) == 2


def test_the_answer_counts_the_methods_that_see_little():
    lines = forest.family(rows({"mse": 0.5, "coral": 0.0, "weight-maps": 0.1}))
    for name, visible in (("mse", 0.03), ("coral", 0.04), ("weight-maps", 0.05)):
        lines[name]["visible"] = visible
    assert "below 4.0 % of the error may have gone unseen; larger" in foundpage.answer([], lines)
    lines["weight-maps"]["visible"] = 1.4
    said = foundpage.answer([], lines)
    assert "below 4.0 %" in said
    assert "unseen, and in 1 method even a change of a tenth;" in said


def test_the_guide_is_compared_with_the_branch_beside_it(shown):
    text = found.guide_knows(shown)
    rgb, guide = recorded("mse"), recorded("mse", "depth")
    assert f"its error is {fmean(guide.values()):.2f} m" in text
    share = 1 - fmean(guide.values()) / fmean(rgb.values())
    assert f"{100 * share:.0f} % less" in text
    dense = [
        fmean(
            one.record["metrics"]["test"][branch]["dense"]["rmse_m"]
            for one in shown
            if one.experiment == "mse"
        )
        for branch in ("depth", "rgb")
    ]
    assert f"its error is larger, {dense[0]:.2f} m against {dense[1]:.2f} m" in text
    assert "open" in found.guide_knows([])


@pytest.mark.parametrize(
    ("lags_m", "lead"),
    [
        ((-1.0, -1.1, -0.9), "**The guide knows more at returns**"),
        ((1.0, 1.1, 0.9), "**The guide errs more**"),
        ((0.9, -0.9, 0.15), "**The guide is not shown to err less**"),
    ],
)
def test_a_guide_knows_more_only_where_the_interval_says_so(lags_m, lead):
    runs = [run(regime.GUIDED, seed) for seed in range(3)]
    for one, lag_m in zip(runs, lags_m, strict=True):
        guide = run("guide", one.seed, lag_m).record["metrics"]
        for split, branches in one.record["metrics"].items():
            branches["depth"] = guide[split]["rgb"]
    text = found.guide_knows(runs)
    assert text.startswith(lead)
    assert ("95 %" in text) == (lead != "**The guide knows more at returns**")


@pytest.mark.parametrize(
    ("shift", "lead"),
    [
        (-0.5, "labels help**"),
        (0.5, "make it worse at returns**"),
        (0.0, "help elsewhere and are not shown to help at returns**"),
    ],
)
def test_the_ceiling_follows_the_runs(shift, lead):
    made = rows({found.CEILING: shift})
    for one in made:
        dense_m = 8.0 if one.experiment == found.CEILING else 9.5
        one.record["metrics"]["test"]["rgb"]["dense"] = {"rmse_m": dense_m}
    text = found.ceiling(made)
    assert lead in text
    assert f"{shift:+.2f} m (95 %" in text.replace("-0.00", "+0.00")
    assert "by -1.50 m over all surfaces" in text
    for one in made:
        one.record["metrics"]["test"]["rgb"]["dense"] = {"rmse_m": 9.0}
    assert "elsewhere" not in found.ceiling(made)
    assert "open" in found.ceiling(rows({}))


def test_the_worth_of_a_perfect_guess_is_said_where_it_is_run():
    made = rows({"rotation-global-3": 0.1, "rotation-identity": 0.0, "rotation-oracle": -0.6})
    for one in made:
        one.record["alignment"]["rotations"] = {"own_spread_rad": 0.01, "guide_spread_rad": 0.5}
    assert "A guess that was always right would gain 0.60 m" in found.channel(made)
    without = [one for one in made if one.experiment != "rotation-oracle"]
    assert "nearly one rotation" in found.channel(without)
    assert "would gain" not in found.channel(without)


def test_what_a_target_that_adapts_does_is_said_where_it_is_run(shown):
    rgb, guide = (
        recorded("rotation-global-3-coupled"),
        recorded("rotation-global-3-coupled", "depth"),
    )
    alike = f"{fmean(rgb.values()):.2f} and {fmean(guide.values()):.2f} m"
    assert f"image and guide have nearly the same error ({alike})" in found.channel(shown)
    without = [one for one in shown if one.experiment != "rotation-global-3-coupled"]
    assert "the same error" not in found.channel(without)


def test_seeds_scatter_as_a_share_of_the_error():
    made = [run("rgb", seed, shift) for seed, shift in enumerate((-0.1, 0.0, 0.1))]
    other = [run("mse", seed, shift) for seed, shift in enumerate((-0.3, 0.0, 0.3))]
    share = found.seed_share([*made, *other], ["rgb", "mse"])
    values = [[r.rmse_m("rgb") for r in row] for row in (made, other)]
    squares = [np.var(v, ddof=1) / np.mean(v) ** 2 for v in values]
    assert share == pytest.approx(np.sqrt(np.mean(squares)))
    assert found.seed_share(made, ["rgb", "mse"]) is None


def test_what_a_seed_does_to_all_rows_alike_is_no_scatter_of_equal_seeds():
    generator = np.random.default_rng(0)
    own, common = 0.02 * generator.normal(size=(6, 40)), 0.3 * generator.normal(size=40)
    names = [f"row-{k}" for k in range(6)]
    made = [
        run(name, seed, common[seed] + own[k, seed])
        for k, name in enumerate(names)
        for seed in range(40)
    ]
    size_m = np.mean([one.rmse_m("rgb") for one in made])
    assert found.share_of_one_seed(made, names) == pytest.approx(0.02 / size_m, rel=0.1)
    assert found.seed_share(made, names) > 5 * found.share_of_one_seed(made, names)
    assert found.share_of_one_seed([one for one in made if one.seed == 0], names) is None


def test_scale_and_limits_are_those_of_the_records(shown, lines):
    cells = {what: here for what, here, _ in limits.scale_rows(shown)}
    assert cells["RGB with infinity loss [m]"] == f"{fmean(recorded(regime.ALONE).values()):.2f}"
    assert (
        cells["mean depth of each image row [m]"] == f"{fmean(recorded(regime.FLOOR).values()):.2f}"
    )
    path = RESULTS / PUBLISHED_SCALE / regime.ALONE / "seed-0" / "record.json"
    record = json.loads(path.read_text())
    counts = record["data"]["counts"]
    held_out = counts["val"]["scenes"] + counts["test"]["scenes"]
    assert cells["streets"] == f"{counts['train']['scenes']:,} to learn, {held_out:,} held out"
    said = limits.limits(shown, shown, lines)
    assert len(said) == 5
    height, width = record["data"]["image_size"]
    assert f"{height} × {width} pixels, {record['cost']['steps']:,} steps" in said[1]


def test_faded_losses_are_counted():
    def with_loss(name: str, loss: float, balancing: bool) -> results.Run:
        record = {
            "curves": {"train": {"alignment": [1.0, loss]}},
            "parameters": {"balancing": balancing},
        }
        return results.Run(PUBLISHED_SCALE, name, 0, record)

    runs = [with_loss("a", 9e-6, True), with_loss("b", 1.1e-5, True), with_loss("c", 1e-9, False)]
    assert limits.faded(runs, ["a", "b", "c", "d"]) == (["a"], 2)


def test_counts_are_those_of_the_ledger_and_its_page():
    items = ledger.load(ROOT / "book" / "ledger.yaml")
    text = foundpage.page(items, [], [], forest.family([]))
    badges = re.findall(r'ledger-verdict">([^<]+)<', ledgerpages.ledger(items, ROOT))
    shown = {m[1]: int(m[2]) for m in re.finditer(r"^\| ([a-z ]+) \| (\d+) \|", text, re.M)}
    assert shown == Counter(badges)
    assert f"**{len(badges)}**" in text


def test_the_pages_speak_of_the_published_scale_alone(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.md").write_text("# Book\n")
    small = rows({"weight-maps": 0.0, "coral": -0.5}, group="cpu")
    alone = rows({}, group="core")
    pages = foundpage.found_pages([], [*small, *alone], tmp_path)
    assert "is **open**" in pages["found.md"]
    assert "It is open: no method has been run" in pages["answer.txt"]
    both = [*small, *alone, *(run("weight-maps", seed, 0.0, "core") for seed in range(3))]
    pages = foundpage.found_pages([], both, tmp_path)
    assert "None of the 1 methods compared is shown to make" in pages["found.md"]
    assert "CORAL" not in pages["found.md"]
    assert "at our scale `core`" in pages["answer.txt"]
    names = forest.main_rows()
    figure = json.loads(pages[foundpage.FIGURE])
    assert [names[place] for place in figure["data"][1]["y"]] == ["weight-maps"]


def test_lines_that_are_not_decided_are_counted():
    nexts = ("more seeds", "stop: different", "stop: undecided")
    lines = {name: {"verdict": "better", "next": name} for name in nexts}
    said = limits.changes([], lines | {"later": {"verdict": "open"}})
    assert "2 of 3 lines are not decided yet; 1 have too few seeds" in said[0]
    assert f"0 are not met ({len(regime.ASKED)} not measured yet)" in said[1]
    hours = [handmade.run("rgb", seed, cost={"seconds": 5400}) for seed in (0, 1)]
    assert "The 2 runs behind the tables took 3.0 hours" in foundpage.running(hours)


def test_equal_runs_would_differ_as_simulated(monkeypatch):
    monkeypatch.setattr(found, "seed_share", lambda *_: 0.01)
    monkeypatch.setattr(found, "share_of_one_seed", lambda *_: 0.005)
    values_m = np.array([row["rgb"] for row in results.printed_table("table_8_2").values()])
    draws = np.random.default_rng(0).normal(size=(200_000, len(values_m)))
    apart_m = 0.01 * values_m.mean() * np.ptp(draws, axis=1)
    text = found.printed_by_chance([])
    said = re.findall(r"differ by ([\d.]+) m on average, and by so little in (\d+) of", text)
    assert len(said) == 2
    for (by_chance_m, percent), of_m in zip(said, (apart_m, apart_m / 2), strict=True):
        assert float(by_chance_m) == pytest.approx(of_m.mean(), rel=0.01)
        assert int(percent) == pytest.approx(100 * (of_m < np.ptp(values_m)).mean(), abs=1.5)


def test_a_latent_is_read_worse_where_the_interval_says_so(monkeypatch):
    gaps = {
        "mse": Estimate(2, 0.1, 1.9, 2.1, 0.0, 3, 0.05, 9),
        "coral": Estimate(2, 3, -1, 5, 0.3, 3, 1.5, 9),
        "relative": Estimate(-2, 0.1, -2.1, -1.9, 0.0, 3, 0.05, 9),
    }
    monkeypatch.setattr(found, "branch_difference_m", lambda runs, name, *_: gaps[name])
    runs = [run(name, seed) for name in gaps for seed in range(3)]
    text = found.readable(runs, list(gaps))
    assert "reads some RGB latents worse" in text
    assert "in 1 of 3 methods" in text


def test_routes_are_measured_by_their_chapters(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.md").write_text(
        "---\njupytext: x\n---\n\nThree plain words $x + y$\n\n"
        "```{code-cell} ipython3\nmany = words + here\n```\n\n```{exercise}\nTwo words\n```\n"
    )
    (tmp_path / "book" / "intro.md").write_text(
        "# Book\n\n### Student\n\n1. [](../notebooks/a.ipynb)\n2. [](../notebooks/no.ipynb)\n"
    )
    *_, line = foundpage.reading(tmp_path).strip().splitlines()
    # three words, and the exercise's fences and two words
    assert line == "| Student | 1 | 7 | 0.0 h | 1 |"


def test_every_line_of_the_table_is_the_difference_of_its_seeds(shown, lines):
    head, _, *body = forest.lines_table(shown, {regime.ALONE: lines}).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body]
    assert len(cells) == len(lines) * len(forest.SHOWN)
    assert all(len(line) == head.count(" | ") + 1 for line in cells)
    decides = {re.search(r"#experiment-\w+-([\w-]+)", c[0])[1]: c for c in cells if c[2:4] == list(
        forest.DECIDES) and "#" in c[0]}  # fmt: skip
    alone = recorded(regime.ALONE)
    assert decides
    for name, line in decides.items():
        mine = recorded(name)
        both = mine.keys() & alone.keys()
        difference = fmean(mine[s] for s in both) - fmean(alone[s] for s in both)
        assert float(line[5]) == pytest.approx(difference, abs=6e-4)
        assert line[-2].startswith(lines[name]["verdict"])
        assert line[-1] == str(len(both))
    others = [line for line in cells if line[2:4] != list(forest.DECIDES)]
    assert {line[-2] for line in others} <= {"–", "open"}
