"""How far paired differences of published runs scatter over seeds.

Two degrees of freedom a line say little of its scatter. Rows whose RGB branch starts from the same
weights and sees the same frames in the same order scatter alike, so that theirs is pooled. A row
that clearly does not is left out of the pool.
"""

from __future__ import annotations

from functools import cache

from rigid_depth.decisions import at_least, larger_p, own_or_pooled
from rigid_depth.experiments.registry import BASELINES, base_of
from rigid_depth.statistics import Scatter, row_scatter, seed_scatter

Errors = dict[tuple[str, str], dict[int, float]]
"""The error of a branch in m, by group and experiment, then by seed."""
ANOTHER_NETWORK = frozenset(
    ("mse-fresh-decoder", "mse-fresh-decoder-free", "rgb-infinity-fresh-decoder", "shared-encoder",
     "rgb-reciprocal", "rgb-dense", "rgb-dense-within-cap", "rgb-dense-as-returned",
     "rgb-guide-output", "mse-cbam-residual", "released-code")
)  # fmt: skip
"""Rows that start from trained weights, have another RGB network or regress another number: never
pooled with the others. A new row of this kind joins them here."""
APART_LEVEL = 0.01
"""Of each such test by itself: of 30 rows that scatter alike chance leaves one out now and then."""
LEAST_ROWS = 3
"""Fewer are not pooled."""
POOLED_BRANCH = "rgb"
"""Guides and zero-shot paths differ too much between rows to scatter alike."""


def scatter(errors_m: Errors, first: str, second: str, branch: str) -> Scatter | None:
    """The variance over seeds of the difference of two rows, in m^2; None for one seed alone.

    `errors_m` are those of all runs. Both in the pool: pooled, unless their own is larger beyond
    chance. Otherwise their own, and at least the pooled one, as what sets them apart can only add
    to it; of a row that was left out for its scatter, at least what that adds to the pooled one.
    """
    pair = {key: errors for key, errors in errors_m.items() if key[1] in (first, second)}
    own = seed_scatter(pair) if len(pair) == 2 else None
    if branch != POOLED_BRANCH or any(base_of(name) in BASELINES for name in (first, second)):
        return own
    starts = {key: errors for key, errors in errors_m.items() if of_equal_start(key[1])}
    shown_by = _twins(starts)
    starts = {key: starts[key] for key in dict.fromkeys(shown_by.values())}
    apart = scattering_apart(starts)
    alike = {key: errors for key, errors in starts.items() if key not in apart}
    if len(alike) < LEAST_ROWS or (pooled := seed_scatter(alike)) is None:
        return own
    ours = [shown_by.get(key) for key in pair]
    if all(key in alike for key in ours):
        return own_or_pooled(own, pooled)
    parts = [apart.get(key, pooled).variance / 2 for key in ours]
    return at_least(own, Scatter(max(sum(parts), pooled.variance), pooled.degrees))


def scattering_apart(rows: Errors) -> dict[tuple[str, str], Scatter]:
    """The rows whose scatter around the others is larger beyond chance, and that scatter.

    Of those that fail the F test at `APART_LEVEL` the least likely one is taken, then the next by
    what is left, until none fails it.
    """
    return dict(_apart(tuple((key, tuple(sorted(errors.items()))) for key, errors in rows.items())))


@cache
def _apart(rows: tuple) -> tuple[tuple[tuple[str, str], Scatter], ...]:
    left = {key: dict(errors) for key, errors in rows}
    found = []
    while len(left) > LEAST_ROWS:
        around = {key: pair for key in left if (pair := row_scatter(left, key))}
        if not around:
            break
        worst = min(around, key=lambda key: larger_p(*around[key]))
        if larger_p(*around[worst]) >= APART_LEVEL:
            break
        found.append((worst, around[worst][0]))
        del left[worst]
    return tuple(found)


def of_equal_start(experiment: str) -> bool:
    """Whether the RGB branch of a row starts and is trained as that of plain RGB is.

    A row of another group, named with it, repeats one and adds no evidence.
    """
    return not (
        "+" in experiment
        or "/" in experiment
        or experiment in BASELINES
        or experiment in ANOTHER_NETWORK
    )


def _twins(rows: Errors) -> dict[tuple[str, str], tuple[str, str]]:
    """Row -> the row that stands for it: itself, or one with its numbers on the seeds of both.

    A row that repeats another's numbers adds no evidence. An RGB branch that no guide reaches, as
    in `mse-unaligned`, is that of RGB alone. The one with more seeds stands for both.
    """
    stands: dict[tuple[str, str], tuple[str, str]] = {}
    for key in sorted(rows, key=lambda key: -len(rows[key])):  # a stable order
        kept = dict.fromkeys(stands.values())
        stands[key] = next((k for k in kept if _same(rows[k], rows[key])), key)
    return stands


def _same(first: dict[int, float], second: dict[int, float]) -> bool:
    shared = first.keys() & second.keys()
    return len(shared) > 1 and all(first[seed] == second[seed] for seed in shared)
