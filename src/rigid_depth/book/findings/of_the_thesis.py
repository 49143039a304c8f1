"""What the thesis claims of its runs, held against ours: each decides a row of the ledger.

What would reproduce a claim was written down before the runs were made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from scipy.stats import kendalltau

from rigid_depth.book.comparison import FAMILIES
from rigid_depth.book.findings.finding import claim, seeds
from rigid_depth.book.findings.reading import better, decoded, gap_m, rmse_m, verdicts
from rigid_depth.book.tables import Run, branch_difference_m, difference_m

READABLE_M = 0.5
"""A latent is readable if a decoder that has never seen one like it errs by less more."""

GUIDES = ("mse", "lidar-diluted", "lidar-noisy", "small-encoder", "shared-encoder", "mse-withheld")
FAMILY = FAMILIES["rgb"]


@claim("rgb", *FAMILY)
def a_rotation_is_better_and_its_latent_readable(shown: list[Run]) -> bool:
    """A rotation makes RGB better, and a decoder trained on RGB-D latents can read its latent.

    By one and the same row; readable: at most 0.5 m worse by the control decoder.
    """
    control = ("zero_shot_control", "rgb")
    found = better(shown, FAMILY, "rgb") & set(printed_table("table_8_5"))
    gaps = [branch_difference_m(shown, name, *control) for name in found]
    return any(gap.high < READABLE_M for gap in gaps)


@claim("mse", "mse-unregularised")
def dropout_and_decay_are_essential_to_the_guide(shown: list[Run]) -> bool:
    """Without dropout and weight decay the guide is worse on unseen streets."""
    return verdicts(shown, ["mse-unregularised"], "mse", "depth") == ["worse"]


@claim("mse")
def the_depth_decoder_is_worse_on_rgb_latents(shown: list[Run]) -> bool:
    """The decoder of the RGB-D branch is worse on the RGB latent than RGB's own decoder."""
    return branch_difference_m(shown, "mse", "zero_shot", "rgb").low > 0


@claim("mse")
def only_rgb_has_a_gap(shown: list[Run]) -> bool:
    """RGB errs more in validation than in training, in every seed, and more so than the guide."""
    runs = seeds(shown, "mse").values()
    return all(gap_m(run, "rgb") > max(0, gap_m(run, "depth")) for run in runs)


@claim(*GUIDES)
def a_guide_that_leans_on_lidar_is_hard_to_meet(shown: list[Run]) -> bool:
    """The larger the guide's lead over RGB, the farther apart the latents end.

    Means over seeds, Kendall's tau; also without the shared encoder, whose latents are one.
    """

    def together(names: Sequence[str]) -> bool:
        runs = [seeds(shown, name).values() for name in names]
        leads = [fmean(r.rmse_m("rgb") - r.rmse_m("depth") for r in row) for row in runs]
        distances = [fmean(decoded(shown, name, "relative_distance")) for name in names]
        return bool(kendalltau(leads, distances, alternative="greater").pvalue < 0.05)

    own_encoders = [name for name in GUIDES if name != "shared-encoder"]
    return together(GUIDES) and together(own_encoders)


@claim("coral", "mse")
def coral_is_better_than_mse(shown: list[Run]) -> bool:
    """RGB aligned by CORAL is better than RGB aligned by MSE."""
    return verdicts(shown, ["coral"], "mse") == ["better"]


@claim("relative", "relative-local")
def one_pool_for_each_pixel_is_worse(shown: list[Run]) -> bool:
    """Relative representations with a pool of anchors for each pixel are worse than with one."""
    return verdicts(shown, ["relative-local"], "relative") == ["worse"]


@claim("rgb")
def training_errors_lie_below_validation_errors(shown: list[Run]) -> bool:
    """RGB alone errs less in training than in validation, in every seed."""
    return all(gap_m(run, "rgb") > 0 for run in seeds(shown, "rgb").values())


@claim("rgb", "rgb-infinity")
def the_infinity_loss_makes_the_metric_worse(shown: list[Run]) -> bool:
    """The infinity loss makes RGB alone worse."""
    found = difference_m(shown, "rgb-infinity", "rgb")
    return found.p_value < 0.05 and found.mean > 0


@claim("mse", "lidar-noisy", "mse-undecayed")
def decay_and_noise_raise_both_errors_of_the_guide(shown: list[Run]) -> bool:
    """Decay and noise raise both errors of the guide in each seed and do not help RGB."""
    pairs = [("lidar-noisy", "mse"), ("mse", "mse-undecayed")]

    def raised(name: str, reference: str) -> bool:
        more, less = seeds(shown, name), seeds(shown, reference)
        return all(
            rmse_m(more[seed], split, "depth") > rmse_m(less[seed], split, "depth")
            for seed in more.keys() & less.keys()
            for split in ("train", "test")
        )

    helped = any(verdicts(shown, [name], base) == ["better"] for name, base in pairs)
    return all(raised(*pair) for pair in pairs) and not helped


@claim("rgb", *FAMILY)
def a_row_of_table_8_2_is_better_than_rgb(shown: list[Run]) -> bool:
    """A method of Table 8.2 makes RGB better than RGB alone."""
    return bool(better(shown, FAMILY, "rgb") & set(printed_table("table_8_2")))


@claim("rgb", *FAMILY)
def a_rotation_is_better_than_rgb(shown: list[Run]) -> bool:
    """A rotation of Table 8.5 makes RGB better than RGB alone."""
    return bool(better(shown, FAMILY, "rgb") & set(printed_table("table_8_5")))


@claim("rgb", "rotation-global-3", "rotation-undetached")
def gradients_of_the_rgb_decoder_keep_to_rgb(shown: list[Run]) -> bool:
    """With RGB's gradients the control decoder reads the latent worse; neither way beats RGB."""
    blocked, flowing = "rotation-global-3", "rotation-undetached"
    apart = {
        name: [run.rmse_m("zero_shot_control") - run.rmse_m("rgb") for _, run in sorted(found)]
        for name, found in ((n, seeds(shown, n).items()) for n in (blocked, flowing))
    }
    worse = all(a > b for a, b in zip(apart[flowing], apart[blocked], strict=True))
    return worse and not better(shown, [blocked, flowing], "rgb")


@claim("rotation-global-3")
def rotations_agree_at_once(shown: list[Run]) -> bool:
    """The loss between the rotations falls below a fiftieth in the first quarter of every run."""

    def at_once(run: Run) -> bool:
        curve = run.record["curves"]["train"]
        quarter = run.record["cost"]["steps"] / 4
        pairs = zip(curve["step"], curve["alignment"], strict=True)
        early = [value for step, value in pairs if step <= quarter]
        return min(early) < 0.02 * early[0]

    return all(map(at_once, shown))


@claim("rotation-global-3", "rotation-geodesic")
def the_geodesic_loss_is_no_better(shown: list[Run]) -> bool:
    """The geodesic loss is better in no branch, where the loss alone differs."""
    pair = ["rotation-geodesic"], "rotation-global-3"
    return all(verdicts(shown, *pair, b) != ["better"] for b in ("rgb", "depth", "zero_shot"))


@claim("mse", "mse-unbalanced", "mse-constant-weights")
def weighting_is_essential(shown: list[Run]) -> bool:
    """Without balancing or without schedules RGB is worse."""
    return "worse" in verdicts(shown, ["mse-unbalanced", "mse-constant-weights"], "mse")


@claim("small-encoder", "shared-encoder", "mse")
def another_encoder_of_the_guide_helps(shown: list[Run]) -> bool:
    """A smaller encoder of the guide, or a shared one, makes RGB better than MSE alone."""
    return bool(better(shown, ["small-encoder", "shared-encoder"], "mse"))


@claim("coral-pixels", "coral")
def coral_between_the_pixels_helps(shown: list[Run]) -> bool:
    """CORAL between the pixels makes RGB better than CORAL between the channels."""
    return bool(better(shown, ["coral-pixels"], "coral"))


@claim("mse-withheld", "mse")
def another_task_of_the_guide_helps(shown: list[Run]) -> bool:
    """A guide that is judged at withheld returns makes RGB better than the usual guide."""
    return bool(better(shown, ["mse-withheld"], "mse"))


@claim("relative-rotation", "rotation-global-3", "relative-mse")
def rotating_relative_representations_helps(shown: list[Run]) -> bool:
    """Rotations of relative representations make RGB better than either method alone."""
    return all(
        better(shown, ["relative-rotation"], reference)
        for reference in ("rotation-global-3", "relative-mse")
    )


def printed_table(name: str) -> dict[str, dict]:
    """A table of the thesis, experiment -> its printed numbers."""
    root = Path(__file__).resolve().parents[4]
    rows = json.loads((root / "book" / "thesis_tables.json").read_text(encoding="utf-8"))[name]
    return {row["experiment"]: row for row in rows}
