"""What the runs that are shown cannot say, what would change that, and their scale in figures.

As in `found`, every sentence is made from the runs of one scale and true whatever they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from rigid_depth.book.markdown import number, plain
from rigid_depth.book.pages.found import Lines, of
from rigid_depth.book.runs import regime
from rigid_depth.book.runs.comparison import with_verdict
from rigid_depth.book.runs.forest import main_rows, printed
from rigid_depth.book.runs.measures import END_SHARE
from rigid_depth.book.runs.results import HEADLINE_CAP, Run, mean_rmse_m
from rigid_depth.decisions import MORE_SEEDS, POWER, STOP_UNDECIDED
from rigid_depth.experiments.registry import in_words
from rigid_depth.experiments.scales import SCALES

THESIS_SIZE = "about 8 million parameters"
"""As its section 8.1 says; 7.48 million by the widths of the released code."""


def faded(runs: Sequence[Run], experiments: Sequence[str]) -> tuple[list[str], int]:
    """The rows whose alignment loss ended below half of its weight, and how many have one."""
    shares = {name: [END_SHARE(run.record) for run in of(runs, name)] for name in experiments}
    known = {name: found for name, found in shares.items() if found and None not in found}
    return [name for name, found in known.items() if fmean(found) < 50], len(known)


def limits(runs: Sequence[Run], every: Sequence[Run], lines: Lines) -> list[str]:
    """Five limits of what the runs can say."""
    return [
        _of_world(runs, every), _of_size(runs), _of_sight(lines), _of_weight(runs, lines),
        _OF_METRIC,
    ]  # fmt: skip


SPELT = {"kitti": "KITTI", "kitti-eigen": "KITTI, Eigen's split", "nuscenes": "nuScenes"}
"""Data sets as their makers write them."""

_OF_METRIC = (
    f"**Judged where LiDAR hits.** RMSE at returns nearer than {HEADLINE_CAP} m; sky and dark "
    "surfaces count for nothing. The thesis states neither mask nor cap, so metres here and there "
    "cannot be compared."
)


def _of_world(runs: Sequence[Run], every: Sequence[Run]) -> str:
    here, real = _datasets(runs), _datasets(every) - {"synthetic"}
    if not here:
        return "**One world.** Nothing has been run at the scale shown."
    drawn = "One drawn world" if here == {"synthetic"} else "One world"
    text = (
        f"**{drawn}.** All runs compared here were trained and judged on "
        f"{plain(', '.join(sorted(here)))} streets; intervals resample the held-out streets, not "
        "those learned from."
    )
    elsewhere = plain(", ".join(SPELT.get(name, name) for name in sorted(real - here)))
    if elsewhere:
        return f"{text} There are a few runs on other data ({elsewhere})."
    return f"{text} No real data yet." if not real else text


def _datasets(runs: Sequence[Run]) -> set[str]:
    return {run.record["data"]["dataset"] for run in runs}


def _of_size(runs: Sequence[Run]) -> str:
    found = of(runs, regime.ALONE)
    paper = SCALES["paper"]
    if not found:
        return "**Small.** The scale's baseline is not run yet."
    record = found[0].record
    return (
        f"**Small.** {_size(record['data']['image_size'])} pixels, "
        f"{number(record['cost']['steps'])} steps of {record['parameters']['batch_size']} "
        f"pictures, {record['cost']['parameters'] / 1e6:.1f} million parameters; the thesis: "
        f"{_size(paper.image_size)}, {paper.epochs} epochs, {THESIS_SIZE}."
    )


def _of_sight(lines: Lines) -> str:
    judged = with_verdict(lines.values())
    if not judged:
        return "**Small effects.** No line has the seeds yet to say how small it can see."
    seen = visible(lines)
    counts = sorted({row["seeds"] for row in judged})
    rows = printed()
    alone = rows[regime.ALONE]["rgb"]
    printed_changes = [100 * (rows[name]["rgb"] / alone - 1) for name in main_rows()]
    gain, loss = -min(printed_changes), max(printed_changes)
    return (
        f"**Small effects stay unseen.** With {span(counts)} seeds the median line gives a "
        f"verdict on a difference of {median(seen):.1f} % in {100 * POWER:.0f} of 100 trials "
        f"({min(seen):.1f} to {max(seen):.1f}); the largest gain that the thesis prints is "
        f"{gain:.1f} %, the largest loss {loss:.1f} %."
    )


def visible(lines: Lines) -> list[float]:
    """The smallest visible effect of every judged line, in percent of the reference's error."""
    return [100 * row["visible"] for row in with_verdict(lines.values())]


def _of_weight(runs: Sequence[Run], lines: Lines) -> str:
    names, known = faded(runs, list(lines))
    if not known:
        return "**Weights that fade.** No alignment loss with a recorded weight has run yet."
    if not names:
        return (
            "**Weights that fade.** None of the alignment losses that have run "
            f"({known}) ended below half of its weight."
        )
    some = "; ".join(plain(in_words(name)) for name in names[:3])  # a name may have commas
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"**Weights that faded.** {len(names)} of {known} alignment losses became small beside the "
        f"ε of thesis eq. 6.1 and ended below half of their weight ({some}{more}); these runs "
        "say nothing about them at full weight."
    )


def changes(runs: Sequence[Run], lines: Lines) -> list[str]:
    """What would change the verdicts."""
    judged = with_verdict(lines.values())
    undecided = sum(row["next"] in (MORE_SEEDS, STOP_UNDECIDED) for row in judged)
    later = len(lines) - len(judged)
    bounds = [(b, b.reached(runs)) for b in regime.ASKED]
    unmet = [b.name for b, v in bounds if v is not None and (v >= b.bound) != b.more_is_better]
    unknown = sum(value is None for _, value in bounds)
    return [
        f"**More seeds**: by the levels fixed in advance {undecided} of {len(judged)} lines are "
        "not decided yet"
        + (f"; {later} have too few seeds so far." if later else ".")
        + " The rule for the scatter of seeds came later ([How sure a line is](#results-words)).",
        f"**A scale that learns more**: of {len(bounds)} criteria asked of it, {len(unmet)} "
        f"{'is' if len(unmet) == 1 else 'are'} not met"
        + (f" ({unknown} not measured yet)" if unknown else "")
        + " ([how they are chosen](#method-regime)).",
        "**Real streets**: the same commands run on nuScenes and KITTI ([](../reproduce.md)).",
        "**Alignment at full weight**: a smaller ε, or a loss that is normalised.",
    ]


def scale_rows(runs: Sequence[Run]) -> list[tuple[str, str, str]]:
    """The scale in plain figures: what, here, in the thesis."""
    record = found[0].record if (found := of(runs, regime.ALONE)) else None
    paper, rows = SCALES["paper"], printed()
    here = ["–"] * 3
    if record:
        counts, cost = record["data"]["counts"], record["cost"]
        held_out = sum(counts[split]["scenes"] for split in ("val", "test") if split in counts)
        trained = counts.get("train", {}).get("scenes", 0)
        here = [
            _size(record["data"]["image_size"]),
            f"{number(cost['steps'])} × {record['parameters']['batch_size']} pictures",
            f"{number(trained)} to learn, {number(held_out)} held out",
        ]
    guide = rows[regime.GUIDED]["depth"]
    return [
        ("picture, h × w [pixels]", here[0], _size(paper.image_size)),
        ("training", here[1], f"{paper.epochs} epochs × {paper.batch_size}"),
        ("streets", here[2], "nuScenes, split not stated"),
        ("mean depth of each image row [m]", number(mean_rmse_m(runs, regime.FLOOR), 2), "–"),
        ("RGB with infinity loss [m]", number(mean_rmse_m(runs, regime.ALONE), 2),
         number(rows[regime.ALONE]["rgb"], 2)),
        ("guide, with LiDAR [m]", number(mean_rmse_m(runs, regime.GUIDED, "depth"), 2),
         number(guide, 2)),
    ]  # fmt: skip


def _size(size: Sequence[int]) -> str:
    return " × ".join(str(side) for side in size)


def span(counts: Sequence[int]) -> str:
    """Sorted counts in words: the one there is, or from the least to the most."""
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
