"""What our runs show of RGB alone, of perfect labels and between the returns (7.2, 7.3, 8)."""

from __future__ import annotations

from statistics import fmean

from rigid_depth.book.claims.findings.finding import finding, seeds
from rigid_depth.book.claims.findings.of_the_thesis import PRINTED
from rigid_depth.book.claims.findings.reading import (
    NO_DIFFERENCE,
    about,
    floor_m,
    paired,
    sky_shares,
    verdicts,
)
from rigid_depth.book.runs.dense import dense_changes_m, dense_differences, dense_m
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.book.runs.results import Run
from rigid_depth.decisions import level_at


@finding("rgb", "row-mean-depth")
def the_baseline_sees_more_than_the_row_of_a_pixel(shown: list[Run]) -> bool:
    """Plain RGB is better than the mean of each image row, in every seed."""
    return all(run.rmse_m("rgb") < floor_m(shown) for run in seeds(shown, "rgb").values())


@finding("rgb", "rgb-infinity")
def the_infinity_loss_costs_where_no_beam_returns(shown: list[Run]) -> bool:
    """The infinity loss raises the error over all surfaces, in every seed, by over 0.3 m.

    At LiDAR returns it is not told apart from RGB without the loss. The error over all surfaces is
    that of the test streets, the error at returns that of validation and test streets together.
    Runs with the same seed are compared. Described after the runs were seen.
    """
    alike = verdicts(shown, ["rgb-infinity"], "rgb") == [NO_DIFFERENCE]
    return _least_dense_gain_m(shown, "rgb") > 0.3 and alike


@finding("rgb", "rgb-infinity")
def the_infinity_loss_moves_a_part_of_the_sky(shown: list[Run]) -> bool:
    """With the infinity loss a fifth to two fifths of the sky lies beyond 80 m, without it none.

    That is so in every seed, on the test streets.
    """
    usual, moved = sky_shares(shown, "rgb"), sky_shares(shown, "rgb-infinity")
    return max(usual) < 0.001 and 0.2 < min(moved) <= max(moved) < 0.4


@finding("rgb-dense-as-returned", "rgb-dense-within-cap", "rgb-infinity", "rgb")
def perfect_labels_are_not_shown_to_help_at_returns(
    shown: list[Run],
) -> bool:
    """True depth up to 80 m as labels helps over all surfaces; at returns no gain is shown.

    This holds for labels drawn by distance as returns are and for labels of all surfaces up to
    80 m. Over all surfaces up to 80 m both rows are better, in every seed, by over 0.5 m on the
    test streets. Beside plain RGB, which lacks the infinity loss, they gain half a metre there on
    average, and of the sky they put at most a tenth beyond 80 m. Described after the runs were
    seen.
    """
    names = ["rgb-dense-as-returned", "rgb-dense-within-cap"]
    at_returns = verdicts(shown, names, "rgb-infinity")
    gains_m = [_least_dense_gain_m(shown, name) for name in names]
    plain_m = [fmean(dense_changes_m(shown, name, "rgb")) for name in names]
    return all(
        (
            "better" not in at_returns,
            min(gains_m) > 0.5,
            all(about(change_m, -0.5, 0.05) for change_m in plain_m),
            max(share for name in names for share in sky_shares(shown, name)) < 0.1,
        )
    )


@finding("rgb-dense", "rgb-infinity")
def labels_of_far_surfaces_make_returns_worse(shown: list[Run]) -> bool:
    """Trained on true depth at any distance, RGB is over a metre worse at LiDAR returns.

    This holds in every seed; beyond 50 m it is better. Surfaces beyond 80 m are part of its
    labels, and returns thin out with distance. It is worse over all surfaces up to 80 m, too, in
    every seed. Described after the runs were seen.
    """

    def far_m(run: Run) -> float:
        return run.record["metrics"]["test"]["rgb"]["ranges_m"]["50-80"]["rmse_m"]

    pairs = paired(shown, "rgb-dense", "rgb-infinity")
    return all(
        trained.rmse_m("rgb") - usual.rmse_m("rgb") > 1
        and dense_m(trained) > dense_m(usual)
        and far_m(trained) < far_m(usual)
        for trained, usual in pairs
    )


def _least_dense_gain_m(shown: list[Run], experiment: str) -> float:
    """The least gain over `rgb-infinity` on all surfaces, of the seeds of both, in metres."""
    return min(dense_m(a) - dense_m(b) for a, b in paired(shown, "rgb-infinity", experiment))


@finding("rgb", *PRINTED)
def over_all_surfaces_plain_rgb_has_the_smallest_error(shown: list[Run]) -> bool:
    """Over all surfaces no method of the tables has on average as small an error as plain RGB.

    Plain RGB has neither a guide nor the infinity loss, which all methods carry. Asked of every row
    that is compared with it and run. Of single seeds one has a smaller error than plain RGB: that
    of one of three of `relative-pretrained`, by under 0.1 m. Test streets, up to 80 m. Described
    after the runs were seen.
    """
    behind_m = {name: dense_changes_m(shown, name, "rgb") for name in FAMILIES["rgb"]}
    behind_m = {name: changes_m for name, changes_m in behind_m.items() if changes_m}
    ahead = [(name, m) for name, changes_m in behind_m.items() for m in changes_m if m < 0]
    return (
        min(map(fmean, behind_m.values())) > 0
        and [name for name, _ in ahead] == ["relative-pretrained"]
        and ahead[0][1] > -0.1
    )


@finding(*PRINTED)
def over_all_surfaces_no_method_is_shown_to_help(shown: list[Run]) -> bool:
    """Over all surfaces no method is shown to be better than RGB alone with the same losses.

    Corrected for all rows compared with it that have run, each at the level of its look (0.01 at
    three seeds, 0.04 at five). Farthest below is `relative-mse`, by over 0.2 m in every seed. Test
    streets, up to 80 m; intervals allow for seeds and not for streets. Described after the runs
    were seen.
    """
    rows = [name for name in FAMILIES["rgb-infinity"] if seeds(shown, name)]
    found = dense_differences(shown, rows, "rgb-infinity")
    better = [n for n, (d, p_value) in found.items() if d.mean < 0 and p_value < level_at(d.count)]
    farthest = min(found, key=lambda name: found[name][0].mean)
    pairs = paired(shown, "relative-mse", "rgb-infinity")
    each_m = [dense_m(ours) - dense_m(alone) for ours, alone in pairs]
    return not better and farthest == "relative-mse" and max(each_m) < -0.2
