"""What the ledger and the chapters say of published runs is what their records say."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pytest
from scipy.stats import kendalltau

from rigid_depth.book import comparison, ledger, tables
from rigid_depth.experiments.statistics import holm
from rigid_depth.experiments.studies import interval, published

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shown() -> list[tables.Run]:
    """The runs of the scale that the results chapter shows."""
    runs = tables.read_runs(ROOT / "book" / "results")
    best = tables.best_complete_scale(runs)
    return [run for run in runs if run.group == best]


def reproduced(found: bool) -> str:
    return "reproduced" if found else "not reproduced"


def the_infinity_loss_makes_the_metric_worse(shown) -> str:
    difference = tables.difference_m(shown, "rgb-infinity", "rgb")
    return reproduced(difference.p_value < 0.05 and difference.value_m > 0)


def the_depth_decoder_is_worse_on_rgb_latents(shown) -> str:
    difference = tables.branch_difference_m(shown, "mse", "zero_shot", "rgb")
    return reproduced(difference.low_m > 0)


def coral_is_better_than_mse(shown) -> str:
    (row,) = comparison.verdicts(shown, ["coral"], "mse")
    return reproduced(row["verdict"] == "better")


def a_row_of_table_8_2_is_better_than_rgb(shown) -> str:
    """Of the family of all comparisons, as the chapter shows them."""
    thesis = json.loads((ROOT / "book" / "thesis_tables.json").read_text())["table_8_2"]
    rows = {row["experiment"] for row in thesis}
    family = comparison.verdicts(shown, comparison.compared("rgb"), "rgb")
    return reproduced(any(r["verdict"] == "better" for r in family if r["experiment"] in rows))


def training_errors_lie_below_validation_errors(shown) -> str:
    return reproduced(all(gap(run, "rgb") > 0 for run in by_seed(shown, "rgb").values()))


def only_rgb_has_a_gap(shown) -> str:
    runs = by_seed(shown, "mse").values()
    return reproduced(all(gap(run, "rgb") > max(0, gap(run, "depth")) for run in runs))


def a_rotation_is_better_than_rgb(shown) -> str:
    family = comparison.verdicts(shown, comparison.compared("rgb"), "rgb")
    return reproduced(any(r["verdict"] == "better" for r in family if r["experiment"] in TABLE_8_5))


def a_rotation_is_better_and_its_latent_readable(shown) -> str:
    """By one row; readable: at most 0.5 m worse by a decoder that has only seen RGB-D latents."""
    family = comparison.verdicts(shown, comparison.compared("rgb"), "rgb")
    better = {r["experiment"] for r in family if r["verdict"] == "better"} & set(TABLE_8_5)
    control = ("zero_shot_control", "rgb")
    gaps = [tables.branch_difference_m(shown, name, *control) for name in better]
    return reproduced(any(d.high_m < READABLE_M for d in gaps))


def rotations_agree_at_once(shown) -> str:
    """The loss between them falls below a fiftieth in the first quarter of every run."""

    def at_once(curve: dict) -> bool:
        early = [v for s, v in zip(curve["step"], curve["alignment"], strict=True) if s <= 150]
        return min(early) < 0.02 * early[0]

    curves = [r.record["curves"]["train"] for r in shown if r.experiment == "rotation-global-3"]
    assert all(curve["step"][-1] == 600 for curve in curves)
    return reproduced(all(map(at_once, curves)))


def one_pool_for_each_pixel_is_worse(shown) -> str:
    (row,) = comparison.verdicts(shown, ["relative-local"], "relative")
    return reproduced(row["verdict"] == "worse")


def dropout_and_decay_are_essential_to_the_guide(shown) -> str:
    (row,) = comparison.verdicts(shown, ["mse-unregularised"], "mse", branch="depth")
    return reproduced(row["verdict"] == "worse")


def a_guide_that_leans_on_lidar_is_hard_to_meet(shown) -> str:
    """The larger the guide's lead, the farther apart the latents: means of seeds, Kendall's tau.

    Also without the shared encoder, whose latents are one.
    """

    def together(names: list[str]) -> bool:
        leads, distances = [], []
        for name in names:
            runs = by_seed(shown, name).values()
            leads.append(fmean(r.rmse_m("rgb") - r.rmse_m("depth") for r in runs))
            decoded = [r.record["alignment"]["decoded"] for r in runs]
            distances.append(fmean(d["relative_distance"] for d in decoded))
        return kendalltau(leads, distances, alternative="greater").pvalue < 0.05

    return reproduced(together(GUIDES) and together([n for n in GUIDES if n != "shared-encoder"]))


def decay_and_noise_raise_both_errors_of_the_guide(shown) -> str:
    """In every seed, of training and of test; and the RGB branch gains nothing by either."""

    def raised(name: str, reference: str) -> bool:
        more, less = by_seed(shown, name), by_seed(shown, reference)
        errors = [(more[k].record["metrics"], less[k].record["metrics"]) for k in more]
        return all(rmse_m(a, s) > rmse_m(b, s) for a, b in errors for s in ("train", "test"))

    def rmse_m(metrics: dict, split: str) -> float:
        return metrics[split]["depth"]["caps"]["80"]["rmse_m"]

    pairs = [("lidar-noisy", "mse"), ("mse", "mse-undecayed")]
    rows = [comparison.verdicts(shown, [name], base)[0] for name, base in pairs]
    helped = any(row["verdict"] == "better" for row in rows)
    return reproduced(all(raised(*pair) for pair in pairs) and not helped)


def gradients_of_the_rgb_decoder_keep_to_rgb(shown) -> str:
    """RGB-D's decoder reads the latent worse with them; with or without, RGB alone is as good."""
    names = ["rotation-global-3", "rotation-undetached"]
    family = comparison.verdicts(shown, names, "rgb")
    better = any(row["verdict"] == "better" for row in family)
    blocked, flowing = (by_seed(shown, name) for name in names)
    apart = [
        [run.rmse_m("zero_shot_control") - run.rmse_m("rgb") for run in (flowing[k], blocked[k])]
        for k in blocked
    ]
    return reproduced(not better and all(more > less for more, less in apart))


def the_geodesic_loss_is_no_better(shown) -> str:
    """In no branch, where the loss alone differs."""
    pair = ["rotation-geodesic"], "rotation-global-3"
    rows = [comparison.verdicts(shown, *pair, branch=b)[0] for b in ("rgb", "depth", "zero_shot")]
    return reproduced(all(row["verdict"] != "better" for row in rows))


def weighting_is_essential(shown) -> str:
    names = ["mse-unbalanced", "mse-constant-weights"]
    rows = comparison.verdicts(shown, names, "mse")
    return reproduced(any(row["verdict"] == "worse" for row in rows))


def helps(names: list[str], *references: str):
    """Whether one of the experiments is better than all references, RGB branch."""

    def said(shown) -> str:
        tables = [comparison.verdicts(shown, names, reference) for reference in references]
        better = [{r["experiment"] for r in rows if r["verdict"] == "better"} for rows in tables]
        return reproduced(bool(set.intersection(*better)))

    return said, [*names, *references]


def by_seed(shown, name: str) -> dict[int, tables.Run]:
    found = {run.seed: run for run in shown if run.experiment == name}
    assert len(found) >= tables.SEEDS_NEEDED
    return found


def gap(run: tables.Run, branch: str) -> float:
    """Validation error minus training error, in metres."""
    rmse = {s: run.record["metrics"][s][branch]["caps"]["80"]["rmse_m"] for s in ("train", "val")}
    return rmse["val"] - rmse["train"]


READABLE_M = 0.5
GUIDES = ["mse", "lidar-diluted", "lidar-noisy", "small-encoder", "shared-encoder", "mse-withheld"]
TABLE_8_5 = (
    "rotation-global-2",
    "rotation-global-3",
    "rotation-local-3",
    "rotation-global-16",
    "rotation-global-16-latent",
)
FINDINGS = {
    "claim-8-inf-worse": (the_infinity_loss_makes_the_metric_worse, ["rgb", "rgb-infinity"]),
    "claim-7-decoder": (the_depth_decoder_is_worse_on_rgb_latents, ["mse"]),
    "claim-7.5-better": (coral_is_better_than_mse, ["coral", "mse"]),
    "table-8.2": (
        a_row_of_table_8_2_is_better_than_rgb,
        ["rgb", "mse", "mse-fresh-decoder", "coral", "weight-maps", "relative", "relative-mse"],
    ),
    "claim-8-overfit": (training_errors_lie_below_validation_errors, ["rgb"]),
    "fig-7.1": (only_rgb_has_a_gap, ["mse"]),
    "fig-8.1": (rotations_agree_at_once, ["rotation-global-3"]),
    "table-8.5": (a_rotation_is_better_than_rgb, ["rgb", *TABLE_8_5]),
    "claim-1-result": (a_rotation_is_better_and_its_latent_readable, ["rgb", *TABLE_8_5]),
    "claim-6.2-nogap-remedies": (
        dropout_and_decay_are_essential_to_the_guide,
        ["mse", "mse-unregularised"],
    ),
    "claim-7.1-passthrough": (a_guide_that_leans_on_lidar_is_hard_to_meet, GUIDES),
    "claim-8-wdnoise": (
        decay_and_noise_raise_both_errors_of_the_guide,
        ["mse", "lidar-noisy", "mse-undecayed"],
    ),
    "claim-8-gradients": (
        gradients_of_the_rgb_decoder_keep_to_rgb,
        ["rgb", "rotation-global-3", "rotation-undetached"],
    ),
    "claim-8-geo": (
        the_geodesic_loss_is_no_better,
        ["rotation-global-3", "rotation-geodesic"],
    ),
    "claim-8.2-weighting": (
        weighting_is_essential,
        ["mse", "mse-unbalanced", "mse-constant-weights"],
    ),
    "fw-encoder": helps(["small-encoder", "shared-encoder"], "mse"),
    "fw-coral-pixels": helps(["coral-pixels"], "coral"),
    "fw-task": helps(["mse-withheld"], "mse"),
    "fw-combine": helps(["relative-rotation"], "rotation-global-3", "relative-mse"),
    "exp-7.7c": (one_pool_for_each_pixel_is_worse, ["relative", "relative-local"]),
}
"""Row of the ledger -> what the records say of it, and the experiments that it takes."""


@pytest.mark.parametrize("name", FINDINGS)
def test_the_ledger_says_what_the_records_say(shown, name):
    """A row stays open until every experiment it takes is published."""
    rows = {row.id: row for row in ledger.load(ROOT / "book" / "ledger.yaml")}
    said, needed = FINDINGS[name]
    published = {run.experiment for run in shown}
    assert rows[name].verdict == (said(shown) if published >= set(needed) else "open")
    if rows[name].verdict != "open":
        assert {Path(run).name for run in rows[name].run} <= set(needed)


def test_the_baseline_sees_more_than_the_row_of_a_pixel(shown):
    floor = next(run.rmse_m("rgb") for run in shown if run.experiment == "row-mean-depth")
    rgb = [run.rmse_m("rgb") for run in shown if run.experiment == "rgb"]
    assert len(rgb) >= tables.SEEDS_NEEDED
    assert max(rgb) < floor


def test_coral_is_met_by_latents_that_stay_apart(shown):
    runs = [run.record for run in shown if run.experiment == "coral"]
    assert len(runs) >= tables.SEEDS_NEEDED
    for record in runs:
        curve, decoded = record["curves"]["train"]["alignment"], record["alignment"]["decoded"]
        assert curve[-1] < curve[0] / 100
        assert decoded["probe_accuracy"] > 0.99
        assert decoded["relative_distance"] > 1


def test_coral_at_its_weight_brings_shapes_together_and_leaves_means(shown):
    _, end = comparison.ARRIVING.values()
    faded, kept = (by_seed(shown, name) for name in ("coral", "coral-normalised"))
    for seed, run in kept.items():
        decoded, before = (r.record["alignment"]["decoded"] for r in (run, faded[seed]))
        assert end(run.record) > 95
        assert decoded["procrustes_residual"] < before["procrustes_residual"]
        assert decoded["cka"] > before["cka"]
        assert decoded["probe_accuracy"] > 0.99
    controls = sorted(run.rmse_m("zero_shot_control") for run in kept.values())
    assert controls[1] < 11 < 40 < controls[2]
    (row,) = comparison.verdicts(shown, ["coral-normalised"], "coral")
    assert row["verdict"] == "no difference shown"


def test_without_balancing_the_sky_goes_and_the_streets_pay(shown):
    def sky_share(name: str) -> list[float]:
        runs = by_seed(shown, name).values()
        return [run.record["metrics"]["test"]["rgb"]["sky"]["share_beyond_80m"] for run in runs]

    assert min(sky_share("mse-unbalanced")) > 0.8 > 0.1 > max(sky_share("mse"))
    found = tables.difference_m(shown, "mse-unbalanced", "mse")
    assert found.low_m > 1
    apart = comparison.ALIGNMENT["relative distance"]
    plain, balanced = (
        fmean(apart(run.record) for run in by_seed(shown, name).values())
        for name in ("mse-unbalanced", "mse")
    )
    assert plain < balanced


def test_without_decay_the_guide_is_a_little_worse(shown):
    names = ["mse-undecayed", "mse-unregularised", "lidar-noisy"]
    guide = {r["experiment"]: r for r in comparison.verdicts(shown, names, "mse", branch="depth")}
    assert [guide[name]["verdict"] for name in names] == ["worse", "no difference shown", "worse"]
    assert 0 < guide["mse-undecayed"]["value_m"] < 0.2
    rgb = comparison.verdicts(shown, names, "mse")
    assert {row["verdict"] for row in rgb} == {"no difference shown"}


def test_rotations_of_codes_are_one_rotation(shown):
    for run in by_seed(shown, "relative-rotation").values():
        turns = run.record["alignment"]["rotations"]
        assert turns["own_spread_rad"] < 1e-3 < 0.15 < turns["guide_spread_rad"] < 0.3


def test_a_guide_judged_at_withheld_returns_is_no_better_there(shown):
    def withheld_m(name: str) -> float:
        found = [run.record["alignment"]["copying"] for run in by_seed(shown, name).values()]
        return fmean(copying["withheld_rmse_m"] for copying in found)

    assert withheld_m("mse-withheld") > withheld_m("mse")


def test_no_guide_copies_return_by_return(shown):
    """Nor do those of noisy returns, off by 20 m, err by much more than those of clean ones."""
    ratios = [
        run.record["alignment"]["copying"]["withheld_rmse_m"]
        / run.record["alignment"]["copying"]["given_rmse_m"]
        for run in shown
        if "copying" in run.record.get("alignment", {})
    ]
    assert len(ratios) > 30
    assert max(ratios) < 1.1
    noise = tables.difference_m(shown, "lidar-noisy", "mse", branch="depth")
    assert 0 < noise.low_m < noise.high_m < 0.5
    diluted = tables.branch_difference_m(shown, "lidar-diluted", "depth", "rgb")
    assert diluted.value_m > -0.5
    assert tables.branch_difference_m(shown, "mse", "depth", "rgb").high_m < -1


def test_one_encoder_for_both_ends_near_the_row_mean(shown):
    """On training streets too, with latents that agree."""
    floor = next(r for r in shown if r.experiment == "row-mean-depth")
    for run in by_seed(shown, "shared-encoder").values():
        for split in ("train", "test"):
            errors = (
                r.record["metrics"][split]["rgb"]["caps"]["80"]["rmse_m"] for r in (run, floor)
            )
            assert next(errors) == pytest.approx(next(errors), abs=0.25)
        assert run.record["alignment"]["decoded"]["relative_distance"] < 1e-3
    for run in by_seed(shown, "mse").values():
        assert run.record["alignment"]["decoded"]["relative_distance"] > 0.1


def test_losses_that_became_small_faded(shown):
    """Balanced, a loss acts with l / (l + 1e-5) of its weight; MSE stays far above that."""
    mean, end = comparison.ARRIVING.values()
    for name, most_mean, most_end in (
        ("coral", 25, 5),
        ("weight-maps", 40, 25),
        ("relative-mse", 65, 25),
        ("relative-parallel", 85, 40),
        ("relative-pretrained", 65, 25),
        ("relative-pretrained-conv", 85, 50),
        ("shared-encoder", 65, 40),
    ):
        runs = [run.record for run in shown if run.experiment == name]
        assert len(runs) >= tables.SEEDS_NEEDED
        assert max(map(mean, runs)) < most_mean
        assert max(map(end, runs)) < most_end
    for record in (run.record for run in shown if run.experiment == "coral"):
        curve = record["curves"]["train"]
        below = next(s for s, a in zip(curve["step"], curve["alignment"], strict=True) if a < 1e-5)
        assert 80 <= below <= 100
        assert curve["step"][-1] == 600
    assert min(end(run.record) for run in shown if run.experiment == "mse") > 99


def test_not_detached_the_latents_shrink_and_are_told_apart(shown):
    """The MSE falls thousands of times, the distance in the latents' own size does not."""
    _, end = comparison.ARRIVING.values()
    detached, both_ways = (
        [run.record for run in by_seed(shown, name).values()] for name in ("mse", "mse-undetached")
    )

    def mean(records: list[dict], name: str) -> float:
        return fmean(record["alignment"]["decoded"][name] for record in records)

    assert mean(both_ways, "latent_mse") < 1e-5 < mean(detached, "latent_mse") / 3000
    assert 0.7 < mean(both_ways, "relative_distance") / mean(detached, "relative_distance") < 0.85
    pairs = zip(both_ways, detached, strict=True)
    ratios = [
        a["alignment"]["decoded"]["relative_distance"]
        / b["alignment"]["decoded"]["relative_distance"]
        for a, b in pairs
    ]
    assert [ratio < 1 for ratio in ratios].count(False) == 1
    assert mean(detached, "probe_accuracy") == pytest.approx(0.8, abs=0.03)
    assert mean(both_ways, "probe_accuracy") == pytest.approx(0.99, abs=0.005)
    assert all(35 < share < 52 for share in map(end, both_ways))
    for branch in ("rgb", "depth"):
        (row,) = comparison.verdicts(shown, ["mse-undetached"], "mse", branch=branch)
        assert row["verdict"] == "no difference shown"


def test_the_alignment_loss_aligns_and_no_difference_is_shown_in_rgb(shown):
    """Without it latents are farther apart, told apart as good as always, and hard to read."""
    without, aligned = (by_seed(shown, name) for name in ("mse-unaligned", "mse"))
    decoded = [run.record["alignment"]["decoded"] for run in without.values()]
    assert min(d["relative_distance"] for d in decoded) > 1
    assert min(d["probe_accuracy"] for d in decoded) > 0.999
    for seed, run in without.items():
        assert 2.4 < run.rmse_m("zero_shot") - aligned[seed].rmse_m("zero_shot") < 6.2
    (crossing,) = comparison.verdicts(shown, ["mse-unaligned"], "mse", branch="zero_shot")
    assert crossing["verdict"] == "worse"
    own = tables.difference_m(shown, "mse-unaligned", "mse")
    assert -0.2 < own.low_m < 0 < own.high_m < 0.2


def test_no_effect_of_infinity_loss_and_decay_is_shown(shown):
    pairs = [
        ("rgb-infinity-decay", "rgb"),
        ("rgb-infinity", "rgb"),
        ("rgb-infinity-decay", "rgb-decay"),
        ("rgb-decay", "rgb"),
        ("rgb-infinity-decay", "rgb-infinity"),
    ]
    found = [tables.difference_m(shown, *pair) for pair in pairs]
    assert all(d.low_m < -0.05 < 0.05 < d.high_m for d in found)


def test_the_reciprocal_encoding_is_for_the_near(shown):
    """Better below 20 m in every seed, worse beyond 30 m, and worse by the metric."""
    inverse, linear = by_seed(shown, "rgb-reciprocal"), by_seed(shown, "rgb")
    for seed, run in inverse.items():
        mine, plain = (
            {m: v["rmse_m"] for m, v in r.record["metrics"]["test"]["rgb"]["ranges_m"].items()}
            for r in (run, linear[seed])
        )
        assert all(mine[near] < plain[near] for near in ("0-10", "10-20"))
        assert all(mine[far] > plain[far] + 5 for far in ("30-50", "50-80"))
    caps = [
        [run.record["metrics"]["test"]["rgb"]["caps"]["80"] for run in (inverse[k], linear[k])]
        for k in inverse
    ]
    assert sum(mine["abs_rel"] < plain["abs_rel"] for mine, plain in caps) == 2
    assert all(mine["delta1"] < plain["delta1"] for mine, plain in caps)
    assert tables.difference_m(shown, "rgb-reciprocal", "rgb").low_m > 1


def test_no_use_of_a_split_by_frames_is_shown(shown):
    """Seeds overlap; in the mean half of the gain on training frames is left on test frames."""

    def gains_m(end: str, split: str) -> list[float]:
        read = comparison.measure("metrics", split, "rgb", "caps", "80", "rmse_m")
        (floor,) = (read(r.record) for r in shown if r.experiment == "row-mean-depth" + end)
        return [floor - read(run.record) for run in by_seed(shown, "rgb" + end).values()]

    scene, frame = (gains_m(end, "test") for end in ("", "+split_by=frame"))
    assert min(frame) < max(scene)
    assert fmean(frame) == pytest.approx(fmean(scene), abs=0.1)
    for end, test in (("", scene), ("+split_by=frame", frame)):
        assert 0.4 < fmean(test) / fmean(gains_m(end, "train")) < 0.6


def test_mse_ends_nearer_than_coral(shown):
    """In every seed, against every seed of both; in RGB they are not told apart."""
    names = ["coral", "coral-pixels"]
    mse, coral = (
        [
            run.record["alignment"]["decoded"]
            for name in rows
            for run in by_seed(shown, name).values()
        ]
        for rows in (["mse-undetached"], names)
    )
    for measure in ("relative_distance", "procrustes_residual"):
        assert max(d[measure] for d in mse) < min(d[measure] for d in coral)
    assert min(d["cka"] for d in mse) > max(d["cka"] for d in coral)
    assert min(d["probe_accuracy"] for d in mse + coral) > 0.95
    rows = comparison.verdicts(shown, names, "mse-undetached")
    assert {row["verdict"] for row in rows} == {"no difference shown"}


def test_a_fresh_decoder_on_frozen_encoders_is_not_told_apart(shown):
    for branch in ("rgb", "depth"):
        (row,) = comparison.verdicts(shown, ["mse-fresh-decoder"], "mse", branch=branch)
        assert row["verdict"] == "no difference shown"


def test_one_line_of_the_verdicts_says_better(shown):
    """Against RGB with the infinity loss; against plain RGB none does."""
    better = {
        reference: [
            row["experiment"]
            for row in comparison.verdicts(shown, comparison.compared(reference), reference)
            if row["verdict"] == "better"
        ]
        for reference in ("rgb", "rgb-infinity")
    }
    assert better == {"rgb": [], "rgb-infinity": ["mse-fresh-decoder-free"]}


def test_a_guide_shows_in_the_second_stage(shown):
    """Free encoders against RGB alone in the same two stages; the last two seeds came later."""
    guided, alone = "mse-fresh-decoder-free", "rgb-infinity-fresh-decoder"
    mine, theirs, before = (by_seed(shown, name) for name in (guided, alone, "mse"))
    assert len(mine) == len(theirs) == 5
    assert all(run.rmse_m("rgb") < theirs[seed].rmse_m("rgb") for seed, run in mine.items())
    found = tables.difference_m(shown, guided, alone)
    assert found.high_m < 0
    assert found.value_m == pytest.approx(-0.25, abs=0.05)
    share = found.value_m / fmean(run.rmse_m("rgb") for run in theirs.values())
    assert share == pytest.approx(-0.025, abs=0.0005)
    confirmed = tables.difference_m([r for r in shown if r.seed in (3, 4)], guided, alone)
    undecided = tables.difference_m([r for r in shown if r.seed < 3], guided, alone)
    assert confirmed.high_m < 0 < undecided.high_m
    for branch in ("rgb", "depth"):
        assert all(mine[k].rmse_m(branch) < run.rmse_m(branch) for k, run in before.items())
    explained, ahead = (
        tables.difference_m(shown, name, "rgb-infinity").value_m for name in (alone, guided)
    )
    assert explained / ahead == pytest.approx(2 / 3, abs=0.05)


def test_detached_or_not_mse_is_not_told_apart_from_rgb(shown):
    for reference in ("rgb", "rgb-infinity"):
        rows = comparison.verdicts(shown, ["mse", "mse-undetached"], reference)
        assert {row["verdict"] for row in rows} == {"no difference shown"}


def test_stored_anchors_reach_what_others_reach(shown):
    """Below the mean of each row in every seed, and not told apart from learned anchors."""
    names = ["relative-pretrained", "relative-pretrained-conv"]
    floor = next(r.rmse_m("rgb") for r in shown if r.experiment == "row-mean-depth")
    runs = [run for name in names for run in by_seed(shown, name).values()]
    assert max(run.rmse_m(branch) for run in runs for branch in ("rgb", "depth")) < floor
    rows = comparison.verdicts(shown, names, "relative-mse")
    assert {row["verdict"] for row in rows} == {"no difference shown"}


def test_parallel_anchors_bring_shapes_nearer_and_decode_no_better(shown):
    shared, parallel = (
        [run.record["alignment"]["decoded"] for run in by_seed(shown, name).values()]
        for name in ("relative-mse", "relative-parallel")
    )
    assert min(d["cka"] for d in parallel) > max(d["cka"] for d in shared)
    residuals = [[d["procrustes_residual"] for d in found] for found in (parallel, shared)]
    assert max(residuals[0]) < min(residuals[1])
    assert min(d["probe_accuracy"] for d in parallel) > 0.99
    assert max(d["mrr"] for d in parallel) < min(d["mrr"] for d in shared)
    assert fmean(d["relative_distance"] for d in parallel) > fmean(
        d["relative_distance"] for d in shared
    )
    before, after = (by_seed(shown, name) for name in ("relative-mse", "relative-parallel"))
    assert all(after[k].rmse_m("zero_shot") > before[k].rmse_m("zero_shot") for k in after)


def test_no_difference_of_the_two_losses_is_shown(shown):
    """R_rgb hardly varies; its distance from R_rgbd is little more than the spread of R_rgbd."""
    for name in ("rotation-global-3", "rotation-geodesic"):
        turns = [run.record["alignment"]["rotations"] for run in by_seed(shown, name).values()]
        assert max(t["own_spread_rad"] for t in turns) < 0.05
        assert all(0.3 < t["guide_spread_rad"] < 0.6 for t in turns)
        assert all(
            t["distance_rad"] == pytest.approx(t["guide_spread_rad"], abs=0.08) for t in turns
        )
    for branch in ("rgb", "depth", "zero_shot"):
        pair = ["rotation-geodesic"], "rotation-global-3"
        (row,) = comparison.verdicts(shown, *pair, branch=branch)
        assert row["verdict"] == "no difference shown"


def test_rotations_agree_and_come_apart_again(shown):
    runs = [run for run in shown if run.experiment == "rotation-global-3"]
    assert len(runs) >= tables.SEEDS_NEEDED
    for run in runs:
        curve, turns = run.record["curves"]["train"], run.record["alignment"]["rotations"]
        assert curve["alignment"][-1] > 5 * min(curve["alignment"])
        assert turns["own_spread_rad"] < 0.05
        assert 0.4 < turns["guide_spread_rad"] < 0.6


def test_the_more_a_rotation_says_the_more_lidar_comes_through(shown):
    """Depth minus RGB: none without a rotation, then 1, 3, and about a hundred numbers."""
    names = ["rotation-identity", *TABLE_8_5[:2], "rotation-global-16", "rotation-local-3"]
    worth = {name: tables.branch_difference_m(shown, name, "depth", "rgb") for name in names}
    p_values = holm({name: found.p_value for name, found in worth.items()})
    assert p_values.pop("rotation-identity") > 0.5
    assert all(p_value < 0.05 for p_value in p_values.values())
    values = [found.value_m for found in worth.values()]
    assert values == sorted(values, reverse=True)
    rounded = [round(value, 1) + 0.0 for value in values]
    assert rounded == [0.0, -0.3, -0.6, -1.2, -2.2]


def test_one_street_of_kitti_does_not_carry_over_to_another():
    runs = [r for r in tables.read_runs(ROOT / "book" / "results") if r.group == "cpu-kitti"]
    floor = next(r.rmse_m("rgb") for r in runs if r.experiment == "row-mean-depth")
    scratch = {r.seed: r.rmse_m("rgb") for r in runs if r.experiment == "rgb+steps=1000"}
    started = {r.seed: r.rmse_m("rgb") for r in runs if "+init=cpu.rgb" in r.experiment}
    assert len(scratch) == len(started) == tables.SEEDS_NEEDED
    assert min(*scratch.values(), *started.values()) > floor
    gain = [scratch[seed] - started[seed] for seed in scratch]
    assert min(gain) > 0
    assert sum(gain) / len(gain) == pytest.approx(0.33, abs=0.005)


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
        f"{name}, {loss}": interval(
            [r[name][loss]["mean_deg"] - r[name]["mse"]["mean_deg"] for r in found]
        )
        for name, tried in losses.items()
        for loss in tried
    }
    p_values = holm({key: difference.p_value for key, difference in paired.items()})
    signs = {key: p < 0.05 and (1 if paired[key].mean > 0 else -1) for key, p in p_values.items()}
    assert len(found) >= 5
    assert [signs[f"{name}, pre-image"] for name in losses] == [1, 1, 0, 1, -1]
    assert all(
        signs[key] == 0 for key in ("quaternion, pre-image, either sign", "9d, pre-image, cosine")
    )
    assert all(signs[f"{name}, geodesic"] == -1 for name in ("quaternion", "6d", "9d"))


def test_two_things_of_table_8_5_are_found_again_and_two_are_not(shown):
    """By means over seeds of ours and by the thesis's numbers, as the chapter says."""
    printed = json.loads((ROOT / "book" / "thesis_tables.json").read_text())["table_8_5"]

    def ours(name: str) -> dict[str, float]:
        runs = [run for run in shown if run.experiment == name]
        return {
            b: sum(r.rmse_m(b) for r in runs) / len(runs) for b in ("rgb", "depth", "zero_shot")
        }

    thesis = {row["experiment"]: row for row in printed}
    for table in (thesis, {name: ours(name) for name in thesis}):
        assert min(table, key=lambda name: table[name]["depth"]) == "rotation-local-3"
        assert max(table, key=lambda name: table[name]["zero_shot"]) == "rotation-local-3"
        gap = {name: row["zero_shot"] - row["rgb"] for name, row in table.items()}
        assert abs(gap["rotation-global-3"]) < 0.1
        assert (gap["rotation-global-2"] > 0.5) == (table is thesis)
        sixteen = [table["rotation-global-16"][branch] for branch in ("rgb", "depth", "zero_shot")]
        assert (max(sixteen) - min(sixteen) < 0.01) == (table is thesis)
