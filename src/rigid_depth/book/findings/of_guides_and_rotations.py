"""What our runs show of guides, rotations and settings: the sentences of 7.1, 7.8, 8.1 and 8.2."""

from __future__ import annotations

from statistics import fmean

from rigid_depth.book import comparison
from rigid_depth.book.families import FAMILIES
from rigid_depth.book.findings.finding import finding, seeds
from rigid_depth.book.findings.of_the_thesis import printed_table
from rigid_depth.book.findings.reading import (
    NO_DIFFERENCE,
    about,
    better,
    decoded,
    floor_m,
    rmse_m,
    turns,
    verdicts,
)
from rigid_depth.book.tables import Run, branch_difference_m, difference_m
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.statistics import holm

GUIDED = (
    *(name for name in FAMILIES["rgb-infinity"]),
    "rotation-oracle", "mse-unaligned", "mse-unbalanced", "mse-constant-weights", "mse-undecayed",
    "mse-unregularised", "rotation-undetached", "rotation-geodesic",
)  # fmt: skip
"""Every row with a guide."""


@finding("mse-withheld", "mse")
def a_guide_judged_at_withheld_returns_is_no_better_there(shown: list[Run]) -> bool:
    """A guide judged at returns that it was not given errs no less there than the usual guide."""

    def withheld_m(name: str) -> float:
        found = [run.record["alignment"]["copying"] for run in seeds(shown, name).values()]
        return fmean(copying["withheld_rmse_m"] for copying in found)

    return withheld_m("mse-withheld") > withheld_m("mse")


@finding(*GUIDED)
def no_guide_copies_return_by_return(shown: list[Run]) -> bool:
    """No guide errs much less at returns it was given than at those withheld from it.

    Returns off by 20 m each cost it less than half a metre; with a tenth of them it leads RGB by
    less than half a metre, with all by more than one.
    """
    runs = [run for name in GUIDED for run in seeds(shown, name).values()]
    copying = [run.record["alignment"]["copying"] for run in runs]
    noise = difference_m(shown, "lidar-noisy", "mse", branch="depth")
    return all(
        (
            max(c["withheld_rmse_m"] / c["given_rmse_m"] for c in copying) < 1.1,
            0 < noise.low < noise.high < 0.5,
            branch_difference_m(shown, "lidar-diluted", "depth", "rgb").mean > -0.5,
            branch_difference_m(shown, "mse", "depth", "rgb").high < -1,
        )
    )


@finding("shared-encoder", "mse", "row-mean-depth")
def one_encoder_for_both_ends_near_the_row_mean(shown: list[Run]) -> bool:
    """One encoder for both ends within 0.25 m of the row mean, on training streets too.

    Its latents agree; those of MSE with two encoders do not.
    """
    (floor,) = seeds(shown, "row-mean-depth").values()
    runs = seeds(shown, "shared-encoder").values()
    near = all(
        about(rmse_m(run, split), rmse_m(floor, split), 0.25)
        for run in runs
        for split in ("train", "test")
    )
    agree = max(decoded(shown, "shared-encoder", "relative_distance")) < 1e-3
    return near and agree and min(decoded(shown, "mse", "relative_distance")) > 0.1


@finding("mse", "mse-undecayed", "mse-unregularised", "lidar-noisy")
def without_decay_the_guide_is_a_little_worse(shown: list[Run]) -> bool:
    """Without weight decay the guide is less than 0.2 m worse; noise makes it worse as well.

    Without dropout too no difference is shown, nor in RGB by any of the three.
    """
    names = ["mse-undecayed", "mse-unregularised", "lidar-noisy"]
    undecayed = difference_m(shown, "mse-undecayed", "mse", branch="depth")
    guide = verdicts(shown, names, "mse", "depth")
    return all(
        (
            guide == ["worse", NO_DIFFERENCE, "worse"],
            0 < undecayed.mean < 0.2,
            verdicts(shown, names, "mse") == [NO_DIFFERENCE] * 3,
        )
    )


@finding("rotation-global-3", "rotation-geodesic")
def one_rotation_answers_all_images(shown: list[Run]) -> bool:
    """R_rgb hardly varies over images, by either loss, and no difference of the losses is shown.

    Its distance from R_rgbd is little more than the spread of R_rgbd.
    """
    names = ("rotation-global-3", "rotation-geodesic")
    found = [turn for name in names for turn in turns(shown, name)]
    return all(
        (
            max(turn["own_spread_rad"] for turn in found) < 0.05,
            all(0.3 < turn["guide_spread_rad"] < 0.6 for turn in found),
            all(about(t["distance_rad"], t["guide_spread_rad"], 0.08) for t in found),
            *(
                verdicts(shown, ["rotation-geodesic"], "rotation-global-3", b) == [NO_DIFFERENCE]
                for b in ("rgb", "depth", "zero_shot")
            ),
        )
    )


@finding("rotation-global-3")
def rotations_agree_and_come_apart_again(shown: list[Run]) -> bool:
    """The loss between the rotations ends five times above its least; R_rgb hardly varies."""
    runs = seeds(shown, "rotation-global-3").values()
    curves = [run.record["curves"]["train"]["alignment"] for run in runs]
    found = turns(shown, "rotation-global-3")
    return all(
        (
            all(curve[-1] > 5 * min(curve) for curve in curves),
            max(turn["own_spread_rad"] for turn in found) < 0.05,
            all(0.4 < turn["guide_spread_rad"] < 0.6 for turn in found),
        )
    )


NUMBERS_OF_A_ROTATION = (
    "rotation-identity", "rotation-global-2", "rotation-global-3", "rotation-global-16",
    "rotation-local-3",
)  # fmt: skip
"""Rows whose rotation says nothing, then 1, 3, and about a hundred numbers of an image."""


@finding(*NUMBERS_OF_A_ROTATION)
def the_more_a_rotation_says_the_more_lidar_comes_through(shown: list[Run]) -> bool:
    """The more numbers a rotation has, the lower the depth error beside RGB's."""
    worth = {n: branch_difference_m(shown, n, "depth", "rgb") for n in NUMBERS_OF_A_ROTATION}
    p_values = holm({name: found.p_value for name, found in worth.items()})
    values_m = [found.mean for found in worth.values()]
    return all(
        (
            p_values.pop("rotation-identity") > 0.5,
            all(p_value < 0.05 for p_value in p_values.values()),
            values_m == sorted(values_m, reverse=True),
        )
    )


@finding(*printed_table("table_8_5"))
def two_things_of_table_8_5_are_reproduced_and_two_are_not(shown: list[Run]) -> bool:
    """The local row has the best depth and the worst zero-shot error, as printed.

    At d = 3 zero-shot is as good as RGB in both; at d = 2 it is not in the thesis alone, and at
    d = 16 the three branches agree in the thesis alone. Means over our seeds.
    """
    branches = ("rgb", "depth", "zero_shot")
    thesis = printed_table("table_8_5")
    ours = {
        name: {b: fmean(run.rmse_m(b) for run in seeds(shown, name).values()) for b in branches}
        for name in thesis
    }

    def as_said(table: dict[str, dict], printed: bool) -> bool:
        gap = {name: row["zero_shot"] - row["rgb"] for name, row in table.items()}
        sixteen = [table["rotation-global-16"][branch] for branch in branches]
        return all(
            (
                min(table, key=lambda name: table[name]["depth"]) == "rotation-local-3",
                max(table, key=lambda name: table[name]["zero_shot"]) == "rotation-local-3",
                abs(gap["rotation-global-3"]) < 0.1,
                (gap["rotation-global-2"] > 0.5) == printed,
                (max(sixteen) - min(sixteen) < 0.01) == printed,
            )
        )

    return as_said(thesis, True) and as_said(ours, False)


@finding("mse", "mse-unbalanced")
def without_balancing_the_sky_goes_and_the_streets_pay(shown: list[Run]) -> bool:
    """Without balancing four fifths of the sky lie beyond 80 m and RGB is over a metre worse."""

    def sky_share(name: str) -> list[float]:
        runs = seeds(shown, name).values()
        return [run.record["metrics"]["test"]["rgb"]["sky"]["share_beyond_80m"] for run in runs]

    apart = [fmean(decoded(shown, n, "relative_distance")) for n in ("mse-unbalanced", "mse")]
    return all(
        (
            min(sky_share("mse-unbalanced")) > 0.8 > 0.1 > max(sky_share("mse")),
            difference_m(shown, "mse-unbalanced", "mse").low > 1,
            apart[0] < apart[1],
        )
    )


@finding("rgb", "rgb-infinity", "rgb-decay", "rgb-infinity-decay")
def no_effect_of_infinity_loss_and_decay_is_shown(shown: list[Run]) -> bool:
    """Infinity loss and weight decay, alone or together, show no effect on RGB alone."""
    pairs = [
        ("rgb-infinity-decay", "rgb"), ("rgb-infinity", "rgb"),
        ("rgb-infinity-decay", "rgb-decay"), ("rgb-decay", "rgb"),
        ("rgb-infinity-decay", "rgb-infinity"),
    ]  # fmt: skip
    found = [difference_m(shown, *pair) for pair in pairs]
    return all(d.low < -0.05 < 0.05 < d.high for d in found)


@finding("rgb", "rgb-reciprocal")
def the_reciprocal_encoding_is_for_the_near(shown: list[Run]) -> bool:
    """Reciprocal depth is better below 20 m in every seed, and over a metre worse in all."""
    inverse, linear = (seeds(shown, name) for name in ("rgb-reciprocal", "rgb"))

    def ranges_m(run: Run) -> dict[str, float]:
        found = run.record["metrics"]["test"]["rgb"]["ranges_m"]
        return {name: measured["rmse_m"] for name, measured in found.items()}

    def caps(name: str) -> list[tuple[float, float]]:
        rows = ((inverse[seed], linear[seed]) for seed in inverse)
        read = comparison.recorded("metrics", "test", "rgb", "caps", "80", name)
        return [(read(a.record), read(b.record)) for a, b in rows]

    pairs = [(ranges_m(run), ranges_m(linear[seed])) for seed, run in inverse.items()]
    return all(
        (
            all(a[near] < b[near] for a, b in pairs for near in ("0-10", "10-20")),
            all(a[far] > b[far] + 5 for a, b in pairs for far in ("30-50", "50-80")),
            sum(a < b for a, b in caps("abs_rel")) == 2,
            all(a < b for a, b in caps("delta1")),
            difference_m(shown, "rgb-reciprocal", "rgb").low > 1,
        )
    )


@finding("rgb", "rgb+split_by=frame", "row-mean-depth", "row-mean-depth+split_by=frame")
def no_use_of_a_split_by_frames_is_shown(shown: list[Run]) -> bool:
    """Split by frames, RGB gains as much over the row mean as split by scenes; seeds overlap.

    In the mean half of the gain on training frames is left on test frames, either way.
    """

    def gains_m(end: str, split: str) -> list[float]:
        (floor,) = seeds(shown, "row-mean-depth" + end).values()
        runs = seeds(shown, "rgb" + end).values()
        return [rmse_m(floor, split) - rmse_m(run, split) for run in runs]

    gains = {
        (end, s): gains_m(end, s) for end in ("", "+split_by=frame") for s in ("test", "train")
    }
    scene, frame = gains["", "test"], gains["+split_by=frame", "test"]
    left = [
        fmean(gains[end, "test"]) / fmean(gains[end, "train"]) for end in ("", "+split_by=frame")
    ]
    return all(
        (
            min(frame) < max(scene),
            about(fmean(frame), fmean(scene), 0.1),
            all(0.4 < share < 0.6 for share in left),
        )
    )


@finding("relative-rotation")
def rotations_of_codes_are_one_rotation(shown: list[Run]) -> bool:
    """Of relative representations, too, R_rgb is one rotation for all images."""
    found = turns(shown, "relative-rotation")
    return all(
        turn["own_spread_rad"] < 1e-3 < 0.15 < turn["guide_spread_rad"] < 0.3 for turn in found
    )


@finding("rgb", *FAMILIES["rgb"])
def no_line_of_the_verdicts_says_better(shown: list[Run]) -> bool:
    """Against RGB, with the infinity loss and without, no row is better."""
    return not any(better(shown, FAMILIES[reference], reference) for reference in FAMILIES)


SCRATCH = "rgb+steps=1000"
STARTED = tuple(f"{SCRATCH}+init={PUBLISHED_SCALE}.rgb.seed-{seed}" for seed in range(3))


@finding("row-mean-depth", SCRATCH, *STARTED, group=f"{PUBLISHED_SCALE}-kitti")
def one_street_of_kitti_does_not_carry_over_to_another(shown: list[Run]) -> bool:
    """Trained on one drive of KITTI, RGB is worse on another than the mean of each row.

    Weights of the synthetic world lower its error by a third of a metre, not below that mean.
    """
    scratch = {seed: run.rmse_m("rgb") for seed, run in seeds(shown, SCRATCH).items()}
    started = {seed: seeds(shown, name)[seed].rmse_m("rgb") for seed, name in enumerate(STARTED)}
    gains = [scratch[seed] - started[seed] for seed in started]
    return all(
        (
            min(*scratch.values(), *started.values()) > floor_m(shown),
            min(gains) > 0,
            about(fmean(gains), 0.33, 0.005),
        )
    )
