"""Decisions from estimates against scipy, brute force and simulation."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats

from rigid_depth.decisions import (
    LOOKS,
    at_least,
    bounds,
    equivalence_p,
    in_shares,
    level_at,
    next_look,
    own_or_pooled,
    smallest_visible,
)
from rigid_depth.errors import RigidDepthError
from rigid_depth.statistics import Estimate, Scatter, estimate, paired_difference, seed_scatter

VALUES = [0.3, -0.1, 0.25, 0.05, 0.12]


def made(mean, error, degrees):
    return Estimate(mean, None, None, None, None, 3, error, degrees)


def test_equivalence_is_two_one_sided_tests_of_scipy():
    for margin in (0.2, 0.35, 1.0):
        low = scipy.stats.ttest_1samp(VALUES, -margin, alternative="greater").pvalue
        high = scipy.stats.ttest_1samp(VALUES, margin, alternative="less").pvalue
        assert equivalence_p(estimate(VALUES), margin) == pytest.approx(max(low, high))


def test_equivalent_just_where_the_90_percent_interval_lies_inside():
    found = estimate(VALUES)
    low, high = scipy.stats.ttest_1samp(VALUES, 0).confidence_interval(0.9)
    assert bounds(found) == pytest.approx((low, high))
    assert equivalence_p(found, high + 1e-6) < 0.05 < equivalence_p(found, high - 1e-6)
    shares = in_shares(found, 10.0, margin=(high + 1e-6) / 10)
    assert (shares["low"], shares["high"]) == pytest.approx((low / 10, high / 10))
    assert shares["equivalent"]
    assert not in_shares(found, 10.0, margin=(high - 1e-6) / 10)["equivalent"]


def test_equivalence_of_what_does_not_scatter_and_of_bad_input():
    assert equivalence_p(made(0.1, 0.0, 2), 0.2) == 0
    assert equivalence_p(made(0.3, 0.0, 2), 0.2) == 1
    with pytest.raises(RigidDepthError, match="the margin is 0"):
        equivalence_p(made(0.1, 0.1, 2), 0)
    with pytest.raises(RigidDepthError, match="no standard error"):
        equivalence_p(estimate([1.0]), 0.1)


@pytest.mark.parametrize("degrees", [2, 4, 30])
def test_the_smallest_visible_effect_is_found_four_times_in_five(degrees):
    effect = smallest_visible(made(7.0, 0.5, degrees))
    rng = np.random.default_rng(degrees)
    errors = 0.5 * np.sqrt(rng.chisquare(degrees, 40_000) / degrees)
    found = effect + 0.5 * rng.standard_normal(40_000)
    p_values = 2 * scipy.stats.t.sf(abs(found) / errors, degrees)
    assert np.mean(p_values < 0.05) == pytest.approx(0.8, abs=0.01)


def test_with_many_degrees_the_smallest_visible_effect_is_that_of_the_normal():
    z = scipy.stats.norm.ppf
    assert smallest_visible(made(0, 1.0, 1e5)) == pytest.approx(z(0.975) + z(0.8), rel=1e-3)
    assert smallest_visible(made(0, 1.0, 1e5), power=0.9) == pytest.approx(
        z(0.975) + z(0.9), rel=1e-3
    )


def test_scatter_of_two_rows_is_the_variance_of_the_paired_t_test():
    a, b = {0: 8.1, 1: 8.4, 2: 7.9, 5: 8.0}, {0: 8.0, 1: 8.1, 2: 8.2, 3: 9.9}
    found = seed_scatter({"a": a, "b": b})
    shared = [a[seed] - b[seed] for seed in (0, 1, 2)]
    assert (found.variance, found.degrees) == (pytest.approx(np.var(shared, ddof=1)), 2)
    assert seed_scatter({"a": {0: 1.0}, "b": {0: 2.0}}) is None


def test_scatter_of_many_rows_is_twice_the_mean_square_of_a_block_design():
    """By the sums of squares of a two-way table, as every textbook has them."""
    table = np.random.default_rng(0).normal(8, 0.2, (6, 5))
    left = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
    rows = {f"row-{i}": dict(enumerate(row)) for i, row in enumerate(table)}
    found = seed_scatter(rows)
    assert found.degrees == 5 * 4
    assert found.variance == pytest.approx(2 * (left**2).sum() / 20)
    del rows["row-3"][4]
    assert seed_scatter(rows).degrees == 19


def families(seed, count, lines=20, seeds=3, sigma=0.06):
    """Tables of equal rows: what a seed does to all rows, and what it does to each, in metres."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield rng.normal(8, 0.2, seeds) + rng.normal(0, sigma, (lines + 1, seeds))


def p_values(table, scatter):
    d = table[1:] - table[0]
    error = np.sqrt(scatter.variance / d.shape[1])
    return 2 * scipy.stats.t.sf(abs(d.mean(1)) / error, scatter.degrees)


def test_pooled_scatter_keeps_small_p_values_and_finds_more():
    """Rows against one reference, none different; then one of them better by 0.25 m."""
    alarms, pooled_finds, own_finds = [], [], []
    for table in families(1, 300):
        rows = {i: dict(enumerate(row)) for i, row in enumerate(table)}
        scatter = seed_scatter(rows)
        alarms.append(p_values(table, scatter))
        table[1] -= 0.25
        pooled_finds.append(p_values(table, scatter)[0] < 0.05 / 20)
        own = seed_scatter({i: rows[i] for i in (0, 1)})
        own_finds.append(p_values(table[:2], own)[0] < 0.05 / 20)
    alarms = np.concatenate(alarms)
    assert np.mean(alarms < 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(alarms < 0.002) < 0.005
    assert np.mean(pooled_finds) > 0.9 > 0.3 > np.mean(own_finds)


def street_runs(rng, table, noise_m, scenes=48):
    """Runs of 100 pixels a street whose errors differ from the table by what the street does."""
    names = [f"s{i:02d}" for i in range(scenes)]
    streets = rng.normal(0, noise_m * math.sqrt(scenes), (len(table), 1, scenes))
    m2 = 100 * np.maximum(table[:, :, None] + streets, 0.1) ** 2
    return [
        {
            seed: {
                name: {"squared_error_sum_m2": float(v), "pixels": 100}
                for name, v in zip(names, line, strict=True)
            }
            for seed, line in enumerate(row)
        }
        for row in m2
    ]


def test_two_degrees_a_line_make_small_p_values_too_small_and_pooling_does_not():
    """At the p-value the first step of Holm asks of 20 lines, with streets and seeds alike."""
    rng, own, pooled = np.random.default_rng(2), [], []
    for table in families(2, 90):
        scatter = seed_scatter({i: dict(enumerate(row)) for i, row in enumerate(table)})
        reference, *others = street_runs(rng, table, 0.02)
        for other in others:
            own.append(paired_difference(other, reference, resamples=40).p_value)
            pooled.append(
                paired_difference(other, reference, scatter=scatter, resamples=40).p_value
            )
    nominal = 0.05 / 20
    assert np.mean(np.array(own) < nominal) > 2 * nominal
    assert np.mean(np.array(pooled) < nominal) < 2 * nominal


def test_a_line_that_scatters_more_keeps_its_own():
    pooled = Scatter(0.01, 30)
    bound = scipy.stats.f.isf(0.01, 2, 30)
    assert own_or_pooled(Scatter(0.01 * bound * 1.01, 2), pooled).degrees == 2
    assert own_or_pooled(Scatter(0.01 * bound * 0.99, 2), pooled) is pooled
    assert own_or_pooled(None, pooled) is pooled
    assert at_least(Scatter(1e-6, 2), pooled) == Scatter(0.01, 2)
    assert at_least(Scatter(0.5, 2), pooled) == Scatter(0.5, 2)
    assert at_least(None, pooled) is pooled


def test_looks_share_the_level_and_end():
    assert sum(LOOKS.values()) == pytest.approx(0.05)
    assert [level_at(seeds) for seeds in (2, 3, 4, 5, 9)] == [0.01, 0.01, 0.01, 0.04, 0.04]
    assert next_look(0.005, 0.9, 3) == "stop: different"
    assert next_look(0.02, 0.005, 3) == "stop: equivalent"
    assert next_look(0.02, 0.02, 3) == "more seeds"
    assert next_look(0.001, 0.001, 4) == next_look(0.001, 0.001, 2) == "more seeds"
    assert next_look(0.02, 0.9, 5) == "stop: different"
    assert next_look(0.2, 0.02, 5) == "stop: equivalent"
    assert next_look(0.2, 0.2, 5) == next_look(0.2, 0.2, 8) == "stop: undecided"


def followed(rng, effect, margin=0.16, sigma=0.11, trials=2000):
    """The share of lines that end in each way when all looks are taken."""
    ends = []
    for _ in range(trials):
        values = rng.normal(effect, sigma, max(LOOKS))
        for seeds in sorted(LOOKS):
            found = made(values[:seeds].mean(), sigma / math.sqrt(seeds), 200)
            p_different = 2 * scipy.stats.t.sf(abs(found.mean) / found.error, 200)
            said = next_look(p_different, equivalence_p(found, margin), seeds)
            if said != "more seeds":
                break
        ends.append(said)
    return {word: ends.count(word) / trials for word in set(ends)}


def test_looking_twice_gives_no_more_false_alarms_than_the_level():
    """No difference; a difference at the margin; looking at 0.05 each time would exceed it."""
    rng = np.random.default_rng(3)
    equal, at_margin, far = (followed(rng, effect) for effect in (0.0, 0.16, 0.4))
    assert equal["stop: different"] < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)
    assert at_margin.get("stop: equivalent", 0) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)
    assert far["stop: different"] > 0.99
    assert equal["stop: equivalent"] > 0.5
    looks = [rng.normal(0, 1, (20_000, 5)).cumsum(1)[:, n - 1] / math.sqrt(n) for n in LOOKS]
    often = np.any([abs(z) > 1.96 for z in looks], axis=0).mean()
    assert often > 0.07
    assert all(a < b for a, b in pairwise(LOOKS))


def test_rows_without_any_scatter_are_pooled():
    still = Scatter(0.0, 2)
    assert own_or_pooled(still, still) is still
