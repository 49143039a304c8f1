"""What was found, in a few sentences made from the runs that are shown.

Each function takes the runs of one scale and returns text that is true of them, whatever they
show: it says so where a row is not there yet. Only the names of rows are written here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from rigid_depth.book.claims.findings import find_finding, judgement
from rigid_depth.book.claims.findings.of_rotations import COUPLED, NUMBERS_OF_A_ROTATION
from rigid_depth.book.claims.findings.reading import of_shared_seeds
from rigid_depth.book.markdown import plain
from rigid_depth.book.runs import regime
from rigid_depth.book.runs.comparison import LEAST_SEEDS, MARGIN, difference_text, with_verdict
from rigid_depth.book.runs.dense import dense_changes_m, dense_m
from rigid_depth.book.runs.results import (
    Run,
    branch_difference_m,
    difference_m,
    mean_rmse_m,
    printed_table,
)
from rigid_depth.experiments.registry import in_words
from rigid_depth.statistics import expected_range, range_within, seed_scatter

ROTATION = "rotation-global-3"
CEILING = "rgb-dense-as-returned"
CHANNEL = "the-more-a-rotation-says-the-more-lidar-comes-through"
BOTH_ONE = "not-detached-both-rotations-become-one-and-the-guide-loses-its-lead"
NEARLY_ONE = 0.2
"""R_rgb is nearly one rotation where it varies by less than this share of what R_rgbd does."""
Lines = Mapping[str, dict]
"""What `forest.family` gives."""


def of(runs: Sequence[Run], experiment: str) -> list[Run]:
    """The runs of an experiment."""
    return [run for run in runs if run.experiment == experiment]


SENTENCE_END = re.compile(r"(?<=\.) |(?<=\.\*\*) ")


def brief(text: str, sentences: int = 2) -> str:
    """The first sentences of a text."""
    return " ".join(SENTENCE_END.split(text)[:sentences])


def helped(lines: Lines) -> str:
    """Whether any method makes the RGB branch better than RGB alone with the same losses."""
    judged = with_verdict(lines.values())
    later = len(lines) - len(judged)
    if not judged:
        return (
            "Whether a guide with LiDAR makes the image branch better is **open**: none of the "
            f"{len(lines)} methods has {LEAST_SEEDS} seeds yet."
        )
    said = {word: _names(judged, word) for word in ("better", "worse")}
    text = (
        f"**None of the {len(judged)} methods compared is shown to make the image branch better at "
        "LiDAR returns**"
    )
    if said["better"]:
        count = sum(row["verdict"] == "better" for row in judged)
        text = f"**{count} of {len(judged)} methods make the image branch better at LiDAR returns**"
    text += " than RGB trained alone with the same losses"
    text += f": {said['better']}." if said["better"] else "."
    if said["worse"]:
        text += f" Worse: {said['worse']}."
    same = sum(bool(row["equivalent"]) for row in judged)
    number = f"{same} of the {len(judged)}" if same else "None"
    text += f" {number} {'have' if same > 1 else 'has'} a 90 % interval within"
    text += f" ±{100 * MARGIN:.0f} % of it, not corrected for the number of lines."
    return text + (
        f" {later} more {'have' if later > 1 else 'has'} too few seeds so far." if later else ""
    )


def ceiling(runs: Sequence[Run]) -> str:
    """What perfect labels give the RGB branch: more than them no guide can hand over as depth."""
    found = difference_m(runs, CEILING, regime.ALONE)
    if found is None or found.error is None:
        return f"What perfect depth labels would give is **open**: {_not_run(CEILING)}."
    everywhere_m = fmean(dense_changes_m(runs, CEILING, regime.ALONE))
    if found.low > 0:
        lead = "Perfect depth labels make it worse at returns"
    elif found.high < 0:
        lead = "Perfect depth labels help"
    else:
        elsewhere = "help elsewhere and " if everywhere_m < 0 else ""
        lead = f"Perfect depth labels {elsewhere}are not shown to help at returns"
    return (
        f"**{lead}**: trained on true depth of the whole image, thinned out by distance as returns "
        f"are, RGB changes by {found.mean:+.2f} m (95 % {found.low:+.2f} to {found.high:+.2f}) at "
        f"LiDAR returns and by {everywhere_m:+.2f} m over all surfaces up to 80 m of the test "
        f"streets. Labels of this kind lower the error at returns by at most "
        f"{max(0, -found.low):.2f} m, by that interval and in trainings of this length; returns "
        "together with other pixels are not tried."
    )


def guide_knows(runs: Sequence[Run]) -> str:
    """Whether the branch with LiDAR is better than the RGB branch beside it."""
    found = branch_difference_m(runs, regime.GUIDED, "depth", "rgb")
    share = regime.guide_share(runs)
    if found is None or found.error is None or share is None:
        return f"Whether the guide knows more than the image is **open**: {_not_run('mse')}."
    if found.high >= 0:
        lead = "errs more" if found.low > 0 else "is not shown to err less"
        return f"**The guide {lead}** than the RGB branch beside it: {difference_text(found)}."
    guide_m = mean_rmse_m(runs, regime.GUIDED, "depth")
    return (
        f"**The guide knows more at returns**: with LiDAR at its input its error is "
        f"{guide_m:.2f} m, {100 * (1 - share):.0f} % less than that of the RGB branch of the same "
        f"run, at returns that it was given. {_over_all_surfaces(runs)}{_where_withheld(runs)}"
    )


def _over_all_surfaces(runs: Sequence[Run]) -> str:
    """How the guide compares with its RGB branch where no beam returns, too; empty if unknown."""
    row = of(runs, regime.GUIDED)
    if not all("dense" in run.record["metrics"]["test"]["depth"] for run in row):
        return ""
    rgb_m, guide_m = (fmean(dense_m(run, branch) for run in row) for branch in ("rgb", "depth"))
    more = "larger" if guide_m > rgb_m else "smaller"
    return (
        f"Over all surfaces up to 80 m of the test streets its error is {more}, {guide_m:.2f} m "
        f"against {rgb_m:.2f} m. "
    )


def _where_withheld(runs: Sequence[Run]) -> str:
    """How the guide compares with a rule that needs no image, at returns it was not given."""
    share = regime.guide_over_nearest(runs)
    if share is None:
        return "What it knows of others is not measured at this scale."
    more = "how much of its lead an image could show stays open"
    if share < 1:
        more = "its lead is not copied alone"
    return (
        f"At returns withheld from it, its error is {share:.2f} times that of the nearest given "
        f"return: {more}."
    )


def readable(runs: Sequence[Run], experiments: Sequence[str]) -> str:
    """How much a decoder that has only seen RGB-D latents loses on the latents of RGB."""
    gaps = {}
    for name in experiments:
        if len(of(runs, name)) >= LEAST_SEEDS:
            gaps[name] = branch_difference_m(runs, name, "zero_shot_control", "rgb")
    gaps = {name: found for name, found in gaps.items() if found is not None}
    if not gaps:
        return (
            "Whether a decoder of RGB-D latents reads RGB latents is **open**: no method with a "
            f"control decoder has {LEAST_SEEDS} seeds yet."
        )
    worse = [name for name, found in gaps.items() if found.low > 0]
    if len(worse) == len(gaps):
        lead = "A decoder of RGB-D latents reads every RGB latent worse than RGB's own decoder"
    elif 2 * len(worse) > len(gaps):
        lead = "A decoder of RGB-D latents mostly reads RGB latents worse than RGB's own decoder"
    elif worse:
        lead = "A decoder of RGB-D latents reads some RGB latents worse than RGB's own decoder"
    else:
        lead = "A decoder of RGB-D latents is not shown to read an RGB latent worse than RGB's own"
    text = (
        f"**{lead}**: in {len(worse)} of {len(gaps)} methods the interval of the difference lies "
        "above zero. The decoder of RGB-D latents has seen no others."
    )
    others = [found for name, found in gaps.items() if name not in worse]
    if worse and others and all(found.mean > 0 for found in others):
        text += " In the others it is worse on average, but the interval includes zero."
    if (found := gaps.get(regime.GUIDED)) is None:
        return text
    name = plain(in_words(regime.GUIDED))
    return f"{text} {name}: {found.mean:+.2f} m (95 % {found.low:+.2f} to {found.high:+.2f})."


def channel(runs: Sequence[Run]) -> str:
    """Whether rotations align, or carry depth from LiDAR past the latent.

    Said at the scale of the finding, of which the runs given may be more than are shown.
    """
    scale = find_finding(CHANNEL).group
    runs = [run for run in runs if run.group == scale]
    turns = [run.record["alignment"]["rotations"] for run in of(runs, ROTATION)]
    said = judgement(find_finding(CHANNEL), runs).verdict
    if not turns:
        return f"What a rotation does is **open**: {_not_run(ROTATION)}."
    own, guide = (fmean(t[f"{who}_spread_rad"] for t in turns) for who in ("own", "guide"))
    text = (
        f"In `{ROTATION}` the rotation predicted from the image varies over images by {own:.3f} "
        f"rad, the one it is trained to meet by {guide:.2f} rad"
    )
    if own < NEARLY_ONE * guide:
        text += ": **there it is nearly one rotation for all images**"
    text += "."
    right = difference_m(runs, "rotation-oracle", "rotation-identity")
    if right is not None and right.high < 0:
        text += (
            f" A guess that was always right would gain {-right.mean:.2f} m over the same model "
            f"without a rotation (95 % {-right.high:.2f} to {-right.low:.2f})."
        )
    if judgement(find_finding(BOTH_ONE), runs).verdict == "holds":
        name = next(iter(COUPLED))
        alike = " and ".join(f"{mean_rmse_m(runs, name, b):.2f}" for b in ("rgb", "depth"))
        text += (
            " Where that rotation may adapt to the guess, both become one, and image and guide "
            f"have nearly the same error ({alike} m)."
        )
    rows = of_shared_seeds(runs, NUMBERS_OF_A_ROTATION).values()
    if said == "open" or not all(rows):
        return f"{text} Does a larger rotation carry more from LiDAR? Here that is open."
    guided, rgb = ([fmean(r.rmse_m(b) for r in row) for row in rows] for b in ("depth", "rgb"))
    if guided != sorted(guided, reverse=True):
        return (
            f"{text} Does a larger rotation carry more from LiDAR? Here the error does not follow "
            "its size."
        )
    rises = f" and that of RGB rises ({_listed(rgb)} m)" if rgb == sorted(rgb) else ""
    return (
        "**At returns a rotation is a channel**: with one, 3 and 120 numbers for an image and "
        "then 3 for each pixel of the latent, the error of the guided branch falls "
        f"({_listed(guided)} m){rises}. {text}"
    )


def seed_share(runs: Sequence[Run], experiments: Sequence[str]) -> float | None:
    """How far seeds of one row scatter as a share of its error, pooled over the rows.

    None where fewer than two of the rows have two seeds.
    """
    rows = [[run.rmse_m("rgb") for run in of(runs, name)] for name in experiments]
    rows = [values for values in rows if len(values) > 1]
    if len(rows) < 2:
        return None
    freedom = sum(len(values) - 1 for values in rows)
    squares = sum((len(v) - 1) * (stdev(v) / fmean(v)) ** 2 for v in rows)
    return (squares / freedom) ** 0.5


def share_of_one_seed(runs: Sequence[Run], experiments: Sequence[str]) -> float | None:
    """The same without what a seed does to all rows alike; None where nothing is left over."""
    # Logarithms differ by shares of the error; the scatter is that of a difference of two rows.
    rows = {n: {r.seed: math.log(r.rmse_m("rgb")) for r in of(runs, n)} for n in experiments}
    scatter = seed_scatter(rows)
    return (scatter.variance / 2) ** 0.5 if scatter else None


def printed_by_chance(runs: Sequence[Run]) -> str:
    """Whether the eight rows of thesis Table 8.2 differ more than equal runs would."""
    rows = printed_table("table_8_2")
    values = [row["rgb"] for row in rows.values()]
    apart_m = max(values) - min(values)
    lead = f"The {len(values)} rows of thesis Table 8.2, one run each, span {apart_m:.3f} m."
    share = seed_share(runs, list(rows))
    if share is None:
        return f"{lead} Whether that is more than chance is **open**: too few rows have seeds."

    def equal_runs(share: float) -> str:
        scatter_m = share * fmean(values)
        by_chance_m = expected_range(len(values)) * scatter_m
        within = 100 * range_within(len(values), apart_m / scatter_m)
        return f"differ by {by_chance_m:.3f} m on average, and by so little in {within:.0f} of 100"

    text = (
        "**One run a row cannot show how much a row scatters, so it cannot rank the thesis's "
        f"methods.** {lead} As many equal runs that scatter like ours ({100 * share:.2f} % of "
        f"their error, {sum(len(of(runs, name)) > 1 for name in rows)} rows of ours) would "
        f"{equal_runs(share)} cases."
    )
    alike = share_of_one_seed(runs, list(rows))
    if alike is None:
        return text
    return (
        f"{text} If all of them had the same seed, what it does to every row alike drops out: ours "
        f"then scatter by {100 * alike:.2f} % and {equal_runs(alike)}. The thesis names no seed."
    )


def _listed(values_m: Sequence[float]) -> str:
    *first, last = (f"{value:.2f}" for value in values_m)
    return f"{', '.join(first)} and {last}"


def _names(rows: Sequence[dict], verdict: str) -> str:
    found = [plain(in_words(row["experiment"])) for row in rows if row["verdict"] == verdict]
    return "; ".join(found)  # a name may have commas


def _not_run(experiment: str) -> str:
    return f"`{experiment}` is not run yet"
