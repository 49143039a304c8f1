"""Tables of the experiment chapters, on records made by hand."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from handmade import run

from rigid_depth.book.runs import comparison, families
from rigid_depth.book.runs.results import Run, published
from rigid_depth.book.runs.scatter import of_equal_start, scatter, scattering_apart
from rigid_depth.decisions import LOOKS, smallest_visible
from rigid_depth.statistics import Estimate, row_scatter, seed_scatter

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runs():
    found = [run("rgb-infinity", seed) for seed in range(3)]
    found += [run("mse", seed, -0.5) for seed in range(3)]
    found += [run("coral", seed, 0.5) for seed in range(3)]
    found += [run("shared-encoder", seed, 0.002 * (seed - 1)) for seed in range(3)]
    return [*found, run("weight-maps", 0)]


def test_verdicts_say_better_worse_nothing_and_open(runs):
    names = ["mse", "coral", "shared-encoder", "weight-maps", "mse-undetached"]
    rows = comparison.verdicts(runs, names, "rgb-infinity")
    said = {row["experiment"]: row["verdict"] for row in rows}
    assert said == {
        "mse": "better", "coral": "worse", "shared-encoder": "no difference shown",
        "weight-maps": "open", "mse-undetached": "open",
    }  # fmt: skip
    assert rows[0]["value_m"] == pytest.approx(-0.5, abs=0.02)
    assert rows[0]["low_m"] < rows[0]["value_m"] < rows[0]["high_m"] < 0


def test_between_two_looks_the_first_seeds_are_judged(runs):
    """A verdict at four seeds would be a look that the level does not pay for."""
    more = [run("mse", 3, 40.0), run("rgb-infinity", 3)]
    (three,), (four,) = (
        comparison.verdicts(found, ["mse"], "rgb-infinity") for found in (runs, [*runs, *more])
    )
    assert four == three | {"p_value": four["p_value"], "visible": four["visible"]}
    assert four["seeds"] == 3
    more += [run("mse", 4, 40.0), run("rgb-infinity", 4)]
    (five,) = comparison.verdicts([*runs, *more], ["mse"], "rgb-infinity")
    assert five["seeds"] == 5
    assert five["value_m"] > 10
    two = [one for one in runs if one.seed < 2]
    assert [row["verdict"] for row in comparison.verdicts(two, ["mse"], "rgb-infinity")] == ["open"]


def test_the_level_of_the_look_decides(runs, monkeypatch):
    """A p-value of 0.02 is enough for a verdict at five seeds, and not at three."""
    found = Estimate(-0.3, 0.1, -0.55, -0.05, 0.02, 3, 0.1, 30)
    monkeypatch.setattr(comparison, "difference_m", lambda *_: found)
    more = [run(name, seed) for name in ("mse", "coral") for seed in (3, 4)]
    said = [comparison.verdicts(made, ["mse"], "coral")[0] for made in (runs, [*runs, *more])]
    assert [(line["verdict"], line["next"]) for line in said] == [
        ("no difference shown", "more seeds"),
        ("better", "stop: different"),
    ]


def test_a_line_that_differs_by_itself_alone_says_so(runs):
    """Its interval leaves out zero, its corrected p-value does not reach the level of its look."""
    (row,) = comparison.verdicts(runs, ["shared-encoder"], "rgb-infinity")
    assert comparison.verdict_words(row) == "no difference shown"
    alone = row | {"low_m": 0.1, "high_m": 0.4}
    assert comparison.verdict_words(alone) == "no difference shown (95 % without zero)"
    (better,) = comparison.verdicts(runs, ["mse"], "rgb-infinity")
    assert comparison.verdict_words(better) == "better"
    assert comparison.verdict_words({"verdict": "open"}) == "open"


def test_p_values_are_those_of_the_family(runs):
    """Of all its rows that have run, whichever of them a table shows."""
    pair = [run for run in runs if run.experiment in ("mse", "rgb-infinity")]
    (alone,) = comparison.verdicts(pair, ["mse"], "rgb-infinity")
    (shown,) = comparison.verdicts(runs, ["mse"], "rgb-infinity")
    three = comparison.verdicts(runs, ["mse", "coral", "shared-encoder"], "rgb-infinity")
    assert (alone["lines"], shown["lines"]) == (1, 3)
    assert three[0] == shown
    assert shown["p_value"] > 1.5 * alone["p_value"]  # the pool has more lines, too
    (other,) = comparison.verdicts(runs, ["coral"], "mse")
    assert other["lines"] == 1  # no family is compared with it
    more = [replace(r, experiment="rgb-dense") for r in runs if r.experiment == "coral"]
    mixed = comparison.verdicts([*runs, *more], ["rgb-dense", "mse"], "rgb-infinity")
    assert [(row["experiment"], row["lines"]) for row in mixed] == [("rgb-dense", 1), ("mse", 3)]


def test_what_a_line_could_have_shown_is_judged_as_its_verdict_is(runs):
    """By the level of its look and the first step of Holm's method, not by an interval of 95 %."""
    for names in (["mse"], ["mse", "coral", "shared-encoder"]):
        mine = [run for run in runs if run.experiment in (*names, "rgb-infinity")]
        found = comparison.difference_m(mine, "mse", "rgb-infinity", "rgb")
        row = comparison.verdicts(mine, names, "rgb-infinity")[0]
        effect_m = smallest_visible(found, level=LOOKS[3] / len(names))
        assert row["visible"] * row["reference_m"] == pytest.approx(effect_m)
    assert effect_m > smallest_visible(found)


def errors_m(runs: list[Run]) -> dict[tuple[str, str], dict[int, float]]:
    found = {}
    for one in runs:
        found.setdefault((one.group, one.experiment), {})[one.seed] = one.rmse_m("rgb")
    return found


def test_a_row_that_repeats_another_adds_no_degrees_of_freedom(runs):
    twin = [replace(r, experiment="mse-unaligned") for r in runs if r.experiment == "rgb-infinity"]
    alone, beside = errors_m(runs), errors_m([*runs, *twin])
    assert set(beside) - set(alone) == {("core", "mse-unaligned")}
    pair = "mse", "rgb-infinity", "rgb"
    assert scatter(alone, *pair) == scatter(beside, *pair)
    assert scatter(alone, *pair).degrees == (3 - 1) * (3 - 1)


def test_a_row_whose_seeds_go_their_own_way_is_left_out_of_the_pool():
    """Six rows follow their seeds by a hundredth, a seventh goes against them by a third."""
    noise = np.random.default_rng(3).normal(scale=0.01, size=(6, 3))
    names = ("rgb", "rgb-infinity", "mse", "coral", "mse-withheld", "lidar-noisy")
    rows = {
        ("core", name): {s: 7 + 0.1 * s + noise[k, s] for s in range(3)}
        for k, name in enumerate(names)
    }
    odd = {("core", "small-encoder"): {0: 8.3, 1: 7.9, 2: 8.1}}
    assert scattering_apart(rows) == {}
    assert set(scattering_apart(rows | odd)) == set(odd)
    pair = "mse", "rgb-infinity", "rgb"
    assert scatter(rows | odd, *pair) == scatter(rows, *pair)
    assert scatter(rows, *pair).degrees == (6 - 1) * (3 - 1)
    far = {("core", "mse-undecayed"): {0: 12.0}, ("core", "rgb-decay"): {0: 4.0, 3: 4.31, 4: 4.4}}
    far |= {("core", "rotation-geodesic"): {s: 12 + 0.1 * s + noise[0, s % 3] for s in range(5)}}
    assert scattering_apart(rows | far) == {}  # rows of other levels with other seeds
    assert set(scattering_apart(rows | far | odd)) == set(odd)
    single = {("core", "coral-pixels"): {7: 9.0}}  # a seed that no other row has
    assert scattering_apart(rows | single) == {}
    assert set(scattering_apart(rows | single | odd)) == set(odd)


def test_a_line_of_a_row_left_out_scatters_at_least_as_that_row_does():
    """Its own two degrees of freedom may make it small by luck, here beside a row that follows."""
    noise = np.random.default_rng(3).normal(scale=0.02, size=(7, 3))
    names = ("rgb", "mse", "coral", "mse-withheld", "lidar-noisy", "weight-maps", "mse-undecayed")
    rows = {("core", name): dict(enumerate(7 + noise[k])) for k, name in enumerate(names)}
    follows, odd = np.array([0.02, -0.02, 0.0]), np.array([0.12, -0.12, 0.0])
    rows |= {("core", "rgb-infinity"): dict(enumerate(7 + follows))}
    rows |= {("core", "small-encoder"): dict(enumerate(8 + odd))}
    assert set(scattering_apart(rows)) == {("core", "small-encoder")}
    line = scatter(rows, "small-encoder", "rgb-infinity", "rgb")
    assert line.degrees == 2
    assert line.variance == pytest.approx(np.var(odd, ddof=1) + 0.02**2, rel=0.3)
    assert line.variance > 1.1 * np.var(odd - follows, ddof=1)


def test_twins_are_one_row_whatever_seeds_one_of_them_lacks():
    noise = np.random.default_rng(3).normal(scale=0.01, size=(5, 5))
    names = ("rgb", "rgb-infinity", "mse", "coral", "mse-withheld")
    rows = {("core", n): dict(enumerate(noise[k])) for k, n in enumerate(names)}
    twin = {s: rows["core", "rgb-infinity"][s] for s in range(3)}
    pair = "mse", "rgb", "rgb"
    assert scatter(rows | {("core", "mse-unaligned"): twin}, *pair) == scatter(rows, *pair)
    odd = {("core", "small-encoder"): {0: 1.3, 1: 0.9, 2: 1.1, 3: 1.5, 4: 0.6}}
    again = {("core", "lidar-noisy"): {s: odd["core", "small-encoder"][s] for s in range(3)}}
    assert scatter(rows | odd | again, *pair) == scatter(rows, *pair)
    line = "lidar-noisy", "rgb", "rgb"
    assert scatter(rows | odd | again, *line).variance > 10 * scatter(rows, *pair).variance


def test_a_row_beside_fewer_others_at_its_later_seeds_is_judged_fairly():
    """Rows that scatter alike are left out in one of a hundred trials, whatever seeds they lack."""
    generator = np.random.default_rng(1)
    ratios = []
    for _ in range(400):
        rows = {k: dict(enumerate(generator.normal(size=3))) for k in range(8)}
        rows |= {k: dict(enumerate(generator.normal(size=5))) for k in (8, 9)}
        own, rest = row_scatter(rows, 9)
        ratios.append(own.variance / rest.variance)
    assert own.degrees == 4
    assert np.mean(ratios) == pytest.approx(17 / 15, rel=0.1)  # the mean of F with 4 and 17


def test_chapter_8_names_the_rows_that_are_left_out_of_the_pool():
    """And says how much wider intervals would be with them."""
    found = errors_m([r for r in published().shown if r.rmse_m("rgb") is not None])
    starts = {key: errors for key, errors in found.items() if of_equal_start(key[1])}
    del starts["core", "mse-unaligned"]  # which is RGB alone
    apart = scattering_apart(starts)
    kept = {key: errors for key, errors in starts.items() if key not in apart}
    wider = (seed_scatter(starts).variance / seed_scatter(kept).variance) ** 0.5
    text = (ROOT / "notebooks" / "08_results.md").read_text()
    said = text.split("*When it was added.*")[1].split("\n- ")[0]
    assert all(f"`{name}`" in said for _, name in apart)
    assert ("over two fifths wider" in said) == (wider > 1.4)


def test_chance_leaves_a_row_out_in_one_case_of_four():
    """As chapter 8 says of thirty rows that scatter alike."""
    generator = np.random.default_rng(0)
    worlds = [
        {("core", f"row-{k}"): dict(enumerate(generator.normal(size=3))) for k in range(30)}
        for _ in range(400)
    ]
    assert np.mean([bool(scattering_apart(rows)) for rows in worlds]) == pytest.approx(
        0.25, abs=0.05
    )


def test_the_floor_turned_a_verdict(monkeypatch):
    """As chapter 8 says: by the scatter of its pair alone, that of three seeds, it was "worse"."""
    shown = [one for one in published().shown if one.seed < 3]

    def said() -> str:
        comparison._corrected.cache_clear()
        return comparison.verdicts(shown, ["rotation-global-16"], "rgb-infinity")[0]["verdict"]

    assert said() == "no difference shown"
    monkeypatch.setattr("rigid_depth.book.runs.scatter.at_least", lambda own, floor: own)
    assert said() == "worse"
    comparison._corrected.cache_clear()


def test_other_branches_and_baselines_have_the_scatter_of_their_pair():
    generator = np.random.default_rng(0)
    names = ("rgb", "rgb-infinity", "mse", "coral", "row-mean-depth")
    rows = {("core", name): dict(enumerate(generator.normal(size=3))) for name in names}
    for first, second, branch in (("mse", "coral", "depth"), ("rgb", "row-mean-depth", "rgb")):
        pair = {key: rows[key] for key in (("core", first), ("core", second))}
        found = scatter(rows, first, second, branch)
        assert found.variance == pytest.approx(seed_scatter(pair).variance)
        assert found.degrees == 2


def test_each_row_may_have_a_base_of_its_own(runs):
    bases = {"mse": "rgb-infinity", "coral": "mse", "shared-encoder": "weight-maps"}
    rows = {row["experiment"]: row for row in comparison.verdicts(runs, list(bases), bases)}
    assert rows["coral"]["value_m"] == pytest.approx(1.0, abs=0.02)
    assert rows["mse"]["value_m"] == pytest.approx(-0.5, abs=0.02)
    assert rows["shared-encoder"]["verdict"] == "open"
    (line,) = (t for t in comparison.base_table(runs, bases).splitlines() if "| worse" in t)
    assert line.startswith("| [CORAL](#experiment-core-coral) | [`mse`](#experiment-core-mse) |")


def test_the_file_of_verdicts_has_every_comparison(runs):
    elsewhere = [replace(run, group="cpu") for run in runs]
    lines = list(csv.DictReader(io.StringIO(comparison.verdicts_csv([*runs, *elsewhere]))))
    assert len(lines) == sum(map(len, families.FAMILIES.values()))
    assert {row["scale"] for row in lines} == {"core"}
    mine = {(row["experiment"], row["reference"]): row for row in lines}
    assert len(mine) == len(lines)
    assert "better" not in comparison.verdicts_csv(elsewhere)
    assert ("rgb-infinity", "rgb") in mine
    assert ("rgb", "rgb-infinity") not in mine
    row = mine["mse", "rgb-infinity"]
    assert (row["verdict"], float(row["value_m"])) == ("better", pytest.approx(-0.5, abs=0.02))
    assert not any(name.startswith("rgb-decay") for name, _ in mine)


def test_the_head_of_p_values_counts_their_family(runs):
    table = comparison.verdict_table(runs, ["mse", "coral", "weight-maps"], "rgb-infinity")
    assert "p (Holm of 3)" in table.splitlines()[0]
    assert "0.000" not in table


def test_a_difference_in_one_line():
    assert comparison.difference_text(None) == "open"
    found = SimpleNamespace(mean=-0.1234, low=-0.2, high=0.0567)
    assert comparison.difference_text(found) == "-0.12 m, 95 % -0.20 to +0.06"
    assert comparison.difference_text(found, 3) == "-0.123 m, 95 % -0.200 to +0.057"
