"""How far paired differences of published runs scatter over seeds.

Two degrees of freedom a line say little of its scatter. Rows whose RGB branch starts from the same
weights and sees the same frames in the same order scatter alike, so that theirs is pooled. A row
that clearly does not is left out of the pool.
"""

from __future__ import annotations

from functools import cache
from statistics import fmean

from rigid_depth.decisions import at_least, own_or_pooled
from rigid_depth.experiments.registry import BASELINES, base_of
from rigid_depth.statistics import Scatter, seed_effects, seed_scatter

Errors = dict[tuple[str, str], dict[int, float]]
"""The error of a branch in m, by group and experiment, then by seed."""
ANOTHER_NETWORK = frozenset(
    ("mse-fresh-decoder", "mse-fresh-decoder-free", "rgb-infinity-fresh-decoder", "shared-encoder",
     "rgb-reciprocal", "rgb-dense", "rgb-dense-within-cap", "rgb-dense-as-returned",
     "rgb-guide-output", "mse-cbam-residual", "released-code")
)  # fmt: skip
"""Rows that start from trained weights, have another RGB network or regress another number: never
pooled with the others. A new row of this kind joins them here."""
ANOTHER_START = {"cpu": ("weight-maps", "relative", "rotation")}
"""Scale -> beginnings of the rows whose RGB branch started from other weights than plain RGB's."""
LEAST_ROWS = 3
"""Fewer are not pooled."""
POOLED_BRANCH = "rgb"
"""Guides and zero-shot paths differ too much between rows to scatter alike."""


def scatter(errors_m: Errors, first: str, second: str, branch: str) -> Scatter | None:
    """The variance over seeds of the difference of two rows, in m^2; None for one seed alone.

    `errors_m` are those of all runs. Both in the pool: pooled, unless their own is larger beyond
    chance. Otherwise their own, and at least the pooled one, as what sets them apart can only add
    to it.
    """
    pair = [errors for (_, name), errors in errors_m.items() if name in (first, second)]
    own = seed_scatter(dict(enumerate(pair))) if len(pair) == 2 else None
    if branch != POOLED_BRANCH or any(base_of(name) in BASELINES for name in (first, second)):
        return own
    starts = {key: errors for key, errors in errors_m.items() if of_equal_start(*key)}
    apart = scattering_apart(starts)
    alike = _without_twins({key: errors for key, errors in starts.items() if key not in apart})
    if len(alike) < LEAST_ROWS or (pooled := seed_scatter(alike)) is None:
        return own
    both = all(key in starts and key not in apart for key in errors_m if key[1] in (first, second))
    return own_or_pooled(own, pooled) if both else at_least(own, pooled)


def scattering_apart(rows: Errors) -> frozenset[tuple[str, str]]:
    """The rows whose scatter around the others is larger beyond chance, the farthest first.

    By the test of `own_or_pooled`, one row after another until none is left that fails it.
    """
    return _apart(tuple((key, tuple(sorted(errors.items()))) for key, errors in rows.items()))


@cache
def _apart(rows: tuple) -> frozenset[tuple[str, str]]:
    left = _without_twins({key: dict(errors) for key, errors in rows})
    found: set[tuple[str, str]] = set()
    while len(left) > LEAST_ROWS:
        around = {key: pair for key in left if (pair := _around(left, key))}
        if not around:
            break
        worst = max(around, key=lambda key: around[key][0].variance / around[key][1].variance)
        if own_or_pooled(*around[worst]) is not around[worst][0]:
            break
        del left[worst]
        found.add(worst)
    return frozenset(found)


def _around(rows: Errors, key: tuple[str, str]) -> tuple[Scatter, Scatter] | None:
    """The scatter of a row around what its seeds do in the others, and theirs; of a difference.

    None where too few seeds are shared to say.
    """
    others = {other: errors for other, errors in rows.items() if other != key and len(errors) > 1}
    effects = seed_effects(others)
    shared = rows[key].keys() & effects.keys()
    own = seed_scatter({0: {s: rows[key][s] for s in shared}, 1: {s: effects[s] for s in shared}})
    rest = seed_scatter(others)
    if own is None or rest is None or not rest.variance:
        return None
    behind = fmean(1 / sum(s in errors for errors in others.values()) for s in shared)
    return Scatter(own.variance * 2 / (1 + behind), own.degrees), rest


def of_equal_start(group: str, experiment: str) -> bool:
    """Whether the RGB branch of a row starts and is trained as that of plain RGB is.

    A row of another group, named with it, repeats one and adds no evidence.
    """
    apart = ANOTHER_START.get(group, ())
    return not (
        "+" in experiment
        or "/" in experiment
        or experiment in BASELINES
        or experiment in ANOTHER_NETWORK
        or experiment.startswith(apart)
    )


def _without_twins(rows: Errors) -> Errors:
    """The rows without those that repeat another's numbers: they add no evidence.

    An RGB branch that no guide reaches, as in `mse-unaligned`, is that of RGB alone.
    """
    kept = {tuple(sorted(errors.items())): key for key, errors in reversed(rows.items())}
    return {key: rows[key] for key in rows if key in kept.values()}
