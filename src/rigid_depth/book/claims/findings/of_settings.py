"""What our runs show of losses, encodings, splits, KITTI and the released code: 7.2, 7.3 and 8."""

from __future__ import annotations

from statistics import fmean

from rigid_depth.book.claims.findings.finding import finding, seeds
from rigid_depth.book.claims.findings.of_the_thesis import PRINTED
from rigid_depth.book.claims.findings.reading import (
    NO_DIFFERENCE,
    about,
    better,
    decoded,
    floor_m,
    of_shared_seeds,
    paired,
    rmse_m,
    sky_shares,
    turns,
    verdicts,
)
from rigid_depth.book.runs import measures
from rigid_depth.book.runs.comparison import BETTER, WORSE
from rigid_depth.book.runs.dense import dense_m
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.book.runs.results import (
    HEADLINE_CAP,
    Run,
    branch_difference_m,
    difference_m,
    mean_rmse_m,
    printed_table,
)
from rigid_depth.conventions import HELD_OUT, PUBLISHED_SCALE


@finding("mse", "mse-unbalanced")
def without_balancing_the_sky_goes_and_the_streets_pay(shown: list[Run]) -> bool:
    """Without balancing, RGB puts over four fifths of the sky beyond 80 m; at returns it is worse.

    At returns by over a metre, on training streets too, in every seed. With balancing a third of
    the sky lies beyond 80 m. The latents end nearer without balancing, in every seed.
    """
    pair = ("mse-unbalanced", "mse")
    (free, balanced), (apart, usual) = (
        [read(shown, name) for name in pair] for read in (sky_shares, _distances)
    )
    return all(
        (
            min(free) > 0.8 > 0.4 > max(balanced),
            difference_m(shown, *pair).low > 1,
            all(rmse_m(a, "train") > rmse_m(b, "train") + 1 for a, b in paired(shown, *pair)),
            max(apart) < min(usual),
        )
    )


def _distances(shown: list[Run], name: str) -> list[float]:
    return decoded(shown, name, "relative_distance")


@finding("rotation-undetached", "rotation-global-3", "rgb-infinity")
def with_its_own_gradients_every_branch_errs_less(shown: list[Run]) -> bool:
    """At returns every branch of Global 3 errs less if its RGB decoder's gradient is let through.

    That holds in every seed. RGB gains about 0.3 m at returns, and its error falls in training,
    too. RGB is then not told apart from RGB alone with the infinity loss. In some seeds the guess
    varies over images by 0.2 rad or more, in others by next to nothing. Described after the runs
    were seen.
    """
    free, stopped = "rotation-undetached", "rotation-global-3"
    spreads_rad = [turn["own_spread_rad"] for turn in turns(shown, free)]
    pairs, branches = paired(shown, free, stopped), ("rgb", "depth", "zero_shot")
    return all(
        (
            all(ours.rmse_m(b) < theirs.rmse_m(b) for ours, theirs in pairs for b in branches),
            all(rmse_m(ours, "train") < rmse_m(theirs, "train") for ours, theirs in pairs),
            about(difference_m(shown, free, stopped).mean, -0.3, 0.05),
            verdicts(shown, [free], stopped) == [BETTER],
            verdicts(shown, [free], "rgb-infinity") == [NO_DIFFERENCE],
            max(spreads_rad) > 0.2 > 0.01 > min(spreads_rad),
        )
    )


@finding("rgb", "rgb-infinity", "rgb-decay", "rgb-infinity-decay")
def no_effect_of_infinity_loss_and_decay_is_shown(shown: list[Run]) -> bool:
    """At LiDAR returns no effect of infinity loss or weight decay on RGB is shown.

    For the loss, with either decay or together with it, an effect as large as the thesis prints,
    1.2 % of the error, is not excluded.
    """
    pairs = [
        ("rgb-infinity-decay", "rgb"), ("rgb-infinity", "rgb"),
        ("rgb-infinity-decay", "rgb-decay"), ("rgb-decay", "rgb"),
        ("rgb-infinity-decay", "rgb-infinity"),
    ]  # fmt: skip
    rows = printed_table("table_8_2")
    printed = rows["rgb-infinity"]["rgb"] / rows["rgb"]["rgb"] - 1
    found = [(difference_m(shown, *pair), mean_rmse_m(shown, pair[1])) for pair in pairs]
    unsure = all(d.low < 0 < d.high for d, _ in found)
    return unsure and all(printed * error_m < d.high for d, error_m in found[:3])


@finding("rgb", "rgb-reciprocal")
def the_reciprocal_encoding_is_for_the_near(shown: list[Run]) -> bool:
    """Reciprocal depth is better below 30 m in every seed; up to 80 m it is over 1.5 m worse.

    Beyond 30 m it is worse by over 2 m in every seed. AbsRel is better with it in every seed, and
    delta1 worse.
    """
    runs = paired(shown, "rgb-reciprocal", "rgb")

    def ranges_m(run: Run) -> dict[str, float]:
        found = run.record["metrics"]["test"]["rgb"]["ranges_m"]
        return {name: measured["rmse_m"] for name, measured in found.items()}

    def caps(name: str) -> list[tuple[float, float]]:
        read = measures.recorded("metrics", "test", "rgb", "caps", HEADLINE_CAP, name)
        return [(read(a.record), read(b.record)) for a, b in runs]

    pairs = [(ranges_m(inverse), ranges_m(linear)) for inverse, linear in runs]
    return all(
        (
            all(a[near] < b[near] for a, b in pairs for near in ("0-10", "10-20", "20-30")),
            all(a[far] > b[far] + 2 for a, b in pairs for far in ("30-50", "50-80")),
            all(a < b for key in ("abs_rel", "delta1") for a, b in caps(key)),
            difference_m(shown, "rgb-reciprocal", "rgb").mean > 1.5,
            verdicts(shown, ["rgb-reciprocal"], "rgb") == [WORSE],
        )
    )


@finding(
    "rgb",
    "rgb+split_by=frame",
    "row-mean-depth",
    "row-mean-depth+split_by=frame",
)
def split_by_frames_more_of_the_training_gain_is_left(shown: list[Run]) -> bool:
    """Split by frames, RGB keeps more of its training gain on held-out frames, in every seed.

    The gain is that over the mean of each image row. Nine tenths of it are left on validation and
    test frames together; split by scenes it is about four fifths. With the same seed the gain on
    held-out frames is larger in every seed, by less than 0.3 m, and that in training smaller. The
    two splits hold different frames, and the split by frames trains on more, of more streets.
    """
    rows = of_shared_seeds(shown, ("rgb", "rgb+split_by=frame"))
    left, gained_m, trained_m = {}, {}, {}
    for end in ("", "+split_by=frame"):
        (floor_run, *_) = seeds(shown, "row-mean-depth" + end).values()
        gains_m = [
            {s: rmse_m(floor_run, s) - rmse_m(run, s) for s in ("train", *HELD_OUT)}
            for run in rows["rgb" + end]
        ]
        gained_m[end] = [fmean(gain[s] for s in HELD_OUT) for gain in gains_m]
        trained_m[end] = [gain["train"] for gain in gains_m]
        left[end] = [fmean(gain[s] for s in HELD_OUT) / gain["train"] for gain in gains_m]
    scene, frame = left.values()
    more_m, less_m = (
        [b - a for a, b in zip(*gains.values(), strict=True)] for gains in (gained_m, trained_m)
    )
    return all(
        (
            min(frame) > max(scene),
            about(fmean(frame), 0.9, 0.03) and about(fmean(scene), 0.8, 0.04),
            0 < min(more_m) <= max(more_m) < 0.3,
            max(less_m) < 0,
        )
    )


@finding("rgb", *PRINTED)
def no_line_of_the_verdicts_says_better(shown: list[Run]) -> bool:
    """At returns no row is shown to be better than RGB, with the infinity loss and without."""
    return not any(better(shown, FAMILIES[reference], reference) for reference in FAMILIES)


SCRATCH, AS_LONG = "rgb+steps=1000", "rgb+steps=3400"
STARTED = tuple(f"{SCRATCH}+init={PUBLISHED_SCALE}.rgb.seed-{seed}" for seed in range(3))


@finding("row-mean-depth", SCRATCH, AS_LONG, *STARTED, group=f"{PUBLISHED_SCALE}-kitti")
def one_street_of_kitti_does_not_carry_over_to_another(shown: list[Run]) -> bool:
    """Trained on one drive of KITTI, RGB is worse on another than the mean of each row.

    Trained longer on that drive it fits it better, and the other no better. Started from weights of
    the synthetic world it has over half a metre less error on the other than trained from scratch,
    for as long or not, in every seed, and still more than that mean.
    """
    scratch, as_long = (seeds(shown, name) for name in (SCRATCH, AS_LONG))
    started_m = {k: seeds(shown, name)[k].rmse_m("rgb") for k, name in enumerate(STARTED)}
    others_m = [{k: run.rmse_m("rgb") for k, run in row.items()} for row in (scratch, as_long)]
    fits = all(rmse_m(as_long[k], "train") < rmse_m(scratch[k], "train") for k in started_m)
    no_better = fmean(others_m[1].values()) > fmean(others_m[0].values())
    gains_m = [row[k] - started_m[k] for row in others_m for k in started_m]
    return fits and no_better and min(gains_m) > 0.5 and min(started_m.values()) > floor_m(shown)


@finding("released-code", "rgb-infinity", "mse", "rotation-global-16-latent")
def as_released_one_rotation_answers_all_and_rgb_is_not_shown_to_change(shown: list[Run]) -> bool:
    """As released, R_rgb is one rotation; at returns RGB is not told apart from RGB alone.

    It is one for all images and pixels of the latent, and R_rgbd lies 4 rad from its mean or more,
    though nothing is detached. The latents shrank: they vary over ten thousand times less than
    those of `rotation-global-16-latent`, and the turned ones agree (relative distance below 0.02).
    RGB has 0.1 to 0.2 m more error at returns than RGB with the infinity loss, in every seed. Over
    all surfaces it has less; its infinity loss hardly acts, since at most a hundredth of the sky
    lies beyond 80 m. At returns the guide is not told apart from that of `mse` and leads RGB
    by over 2 m; over all surfaces it is behind RGB, in every seed, and over 3 m ahead of that of
    `mse`. Zero-shot has over a metre more error than RGB. Described after the runs were seen.
    """
    beside_alone = paired(shown, "released-code", "rgb-infinity")
    more_m = [run.rmse_m("rgb") - alone.rmse_m("rgb") for run, alone in beside_alone]
    everywhere_m = [dense_m(run) - dense_m(alone) for run, alone in beside_alone]
    behind_m = [dense_m(run, "depth") - dense_m(run) for run, _ in beside_alone]
    beside_mse = paired(shown, "released-code", "mse")
    dense = [dense_m(mse, "depth") - dense_m(run, "depth") for run, mse in beside_mse]
    shrunk = [
        measures.latent_variance(latent.record) / measures.latent_variance(run.record)
        for run, latent in paired(shown, "released-code", "rotation-global-16-latent")
    ]
    found = turns(shown, "released-code")
    return all(
        (
            all(turn["own_spread_rad"] < 0.01 < 4 < turn["guide_spread_rad"] for turn in found),
            verdicts(shown, ["released-code"], "rgb-infinity") == [NO_DIFFERENCE],
            verdicts(shown, ["released-code"], "mse", "depth") == [NO_DIFFERENCE],
            0.1 < min(more_m) <= max(more_m) < 0.2,
            max(everywhere_m) < 0 < min(behind_m),
            min(shrunk) > 1e4,
            max(sky_shares(shown, "released-code")) < 0.01,
            max(decoded(shown, "released-code", "relative_distance")) < 0.02,
            min(dense) > 3,
            branch_difference_m(shown, "released-code", "depth", "rgb").high < -2,
            branch_difference_m(shown, "released-code", "zero_shot", "rgb").low > 1,
        )
    )
