"""Statistics against closed forms, brute-force resampling and simulated coverage."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from rigid_depth.errors import RigidDepthError
from rigid_depth.statistics import (
    Scatter,
    _estimate,
    estimate,
    expected_range,
    holm,
    paired_difference,
    pooled_rmse,
    range_within,
)


def runs_of(squared_m2, pixels):
    return {
        seed: {
            f"scene-{i:02d}": {"squared_error_sum_m2": float(s), "pixels": int(n)}
            for i, (s, n) in enumerate(zip(row, counts, strict=True))
        }
        for seed, (row, counts) in enumerate(zip(squared_m2, pixels, strict=True))
    }


def simulated(rng, scene_effect, seeds=3, *, shift=0.0):
    """Scenes of 100 pixels with mean squared error 16 (1 + scene + seed + noise effect) m^2."""
    shape = (seeds, len(scene_effect))
    effect = (
        scene_effect + 0.05 * rng.standard_normal((seeds, 1)) + 0.05 * rng.standard_normal(shape)
    )
    return runs_of(1600 * np.maximum(1 + shift + effect, 0.01), np.full(shape, 100))


def some_runs(seed, seeds=3, scenes=8):
    rng = np.random.default_rng(seed)
    return simulated(rng, 0.25 * rng.standard_normal(scenes), seeds)


def test_spread():
    found = estimate([4.0, 5.0, 9.0])
    assert (found.mean, found.std, found.count) == (6.0, pytest.approx(math.sqrt(7)), 3)
    assert estimate([4.0]).std is None
    with pytest.raises(RigidDepthError, match="no value"):
        estimate([])


def test_a_known_scatter_takes_the_place_of_that_of_the_values():
    found = estimate([4.0, 5.0, 9.0], scatter=Scatter(1.44, 12))
    low, high = scipy.stats.t.interval(0.95, 12, 6.0, 1.2 / math.sqrt(3))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.std == pytest.approx(math.sqrt(7)), "that of the values stays theirs"
    assert estimate([4.0], scatter=Scatter(1.44, 12)).error == pytest.approx(1.2)


def test_value_is_the_mean_over_seeds_of_the_pooled_rmse():
    found = pooled_rmse(runs_of([[100, 800], [400, 500]], [[10, 90], [10, 90]]))
    assert found.mean == pytest.approx((math.sqrt(9) + math.sqrt(9)) / 2)


def test_interval_against_all_possible_resamples():
    """Three scenes, one seed: the nine equally likely draws of two scenes can be written down."""
    squared_m2, pixels = np.array([90.0, 400.0, 1600.0]), np.array([10.0, 20.0, 30.0])
    values = [
        math.sqrt(squared_m2[list(pick)].sum() / pixels[list(pick)].sum())
        for pick in itertools.product(range(3), repeat=2)
    ]
    found = pooled_rmse(runs_of([squared_m2], [pixels]), resamples=200_000)
    half_m = np.std(values) * scipy.stats.t.ppf(0.975, 2)
    assert (found.high - found.low) / 2 == pytest.approx(half_m, rel=0.01)
    assert (found.high + found.low) / 2 == pytest.approx(found.mean)


def test_with_one_scene_it_is_the_t_interval_over_seeds():
    rmse_m = np.array([[4.1], [4.3], [4.0]])
    found = pooled_rmse(runs_of(100 * rmse_m**2, np.full((3, 1), 100)))
    expected = scipy.stats.t.interval(0.95, 2, rmse_m.mean(), scipy.stats.sem(rmse_m[:, 0]))
    assert (found.low, found.high) == pytest.approx(expected)


def test_paired_difference_on_one_scene_is_the_paired_t_test():
    rmse_m = np.array([[[4.1], [4.3], [4.0], [4.4]], [[4.0], [4.25], [4.02], [4.2]]])
    a, b = (runs_of(100 * r**2, np.full((4, 1), 100)) for r in rmse_m)
    expected = scipy.stats.ttest_rel(rmse_m[0, :, 0], rmse_m[1, :, 0])
    found = paired_difference(a, b)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))


def test_width_is_that_of_a_normal_interval_with_many_scenes():
    rng = np.random.default_rng(1)
    rmse_m = 4 + 0.02 * rng.standard_normal(200)
    found = pooled_rmse(runs_of(100 * rmse_m[None] ** 2, np.full((1, 200), 100)), resamples=20_000)
    expected_m = 2 * 1.972 * rmse_m.std(ddof=1) / math.sqrt(200)
    assert found.high - found.low == pytest.approx(expected_m, rel=0.02)


@pytest.mark.parametrize(("seeds", "scenes"), [(3, 6), (5, 20), (3, 3)])
def test_simulated_coverage_and_false_alarms(seeds, scenes):
    """About 95 % of the intervals hold the truth, and 5 % of equal methods are told apart."""
    rng = np.random.default_rng(3)
    holds, alarms = [], []
    for _ in range(400):
        common = 0.25 * rng.standard_normal(scenes)
        a, b = (simulated(rng, common, seeds) for _ in range(2))
        found = pooled_rmse(a, resamples=300)
        holds.append(found.low <= 4 <= found.high)
        alarms.append(paired_difference(a, b, resamples=300).p_value < 0.05)
    assert 0.91 < np.mean(holds) < 0.99
    assert 0.01 < np.mean(alarms) < 0.09


def test_a_real_difference_is_mostly_found():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(100):
        common = 0.25 * rng.standard_normal(20)
        a, b = simulated(rng, common, 5), simulated(rng, common, 5, shift=0.15)
        found.append(paired_difference(a, b, resamples=300).p_value < 0.05)
    assert np.mean(found) > 0.8


def test_pairing_removes_what_scenes_have_in_common():
    rng = np.random.default_rng(5)
    hard = 16 * (1 + 5 * rng.random(20))
    a = runs_of([100 * hard] * 3, np.full((3, 20), 100))
    b = runs_of([100 * hard * 0.98] * 3, np.full((3, 20), 100))
    found = paired_difference(a, b)
    alone = pooled_rmse(a)
    assert found.high - found.low < 0.1 * (alone.high - alone.low)
    assert found.low > 0
    assert found.p_value < 0.001
    assert found.mean == pytest.approx(pooled_rmse(a).mean * (1 - math.sqrt(0.98)))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_p_value_and_interval_say_the_same(level):
    for seed in range(30):
        found = paired_difference(
            some_runs(seed), some_runs(seed + 100), level=level, resamples=200
        )
        assert (found.low <= 0 <= found.high) == (found.p_value >= 1 - level)


def test_no_difference_at_all():
    found = paired_difference(some_runs(7), some_runs(7))
    assert (found.mean, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_same_generator_gives_same_numbers():
    runs = some_runs(8)
    assert pooled_rmse(runs) == pooled_rmse(runs)
    assert pooled_rmse(runs, generator=np.random.default_rng(1)).low != pooled_rmse(runs).low


def test_order_of_scenes_and_seeds_does_not_matter():
    a, b = some_runs(9), some_runs(10)
    turned = {seed: dict(reversed(b[seed].items())) for seed in reversed(b)}
    assert pooled_rmse(turned).high == pytest.approx(pooled_rmse(b).high, rel=1e-12)
    expected = paired_difference(a, b)
    assert paired_difference(a, turned).p_value == pytest.approx(expected.p_value, rel=1e-9)


def test_bad_input_is_refused():
    runs = some_runs(10, seeds=2, scenes=3)
    fewer = {seed: dict(list(scenes.items())[1:]) for seed, scenes in runs.items()}
    with pytest.raises(RigidDepthError, match="seed 1 was tested on other scenes"):
        pooled_rmse({0: runs[0], 1: fewer[1]})
    with pytest.raises(RigidDepthError, match="different scenes"):
        paired_difference(runs, fewer)
    with pytest.raises(RigidDepthError, match=r"the seeds \[0, 1\] and \[0\] differ"):
        paired_difference(runs, {0: runs[0]})
    with pytest.raises(RigidDepthError, match="at least one seed"):
        pooled_rmse({})
    more = {s: {n: v | {"pixels": 7} for n, v in scenes.items()} for s, scenes in runs.items()}
    with pytest.raises(RigidDepthError, match="different pixels"):
        paired_difference(runs, more)
    with pytest.raises(RigidDepthError, match="one scene and one seed"):
        pooled_rmse(some_runs(1, 1, 1))
    with pytest.raises(RigidDepthError, match="no measured pixel"):
        pooled_rmse(runs_of([[0.0]], [[0]]))
    with pytest.raises(RigidDepthError, match=r"level is 95"):
        pooled_rmse(runs, level=95.0)


def test_holm_by_hand():
    """Holm (1979): 4 x 0.01, 3 x 0.015, then never below the one before; capped at 1."""
    found = holm({"a": 0.03, "b": 0.01, "c": 0.015, "d": 0.9})
    assert found == pytest.approx({"a": 0.06, "b": 0.04, "c": 0.045, "d": 0.9})
    assert list(found) == ["a", "b", "c", "d"]
    assert holm({"x": 0.6, "y": 0.7}) == {"x": 1.0, "y": 1.0}
    assert holm({}) == {}
    with pytest.raises(RigidDepthError, match="p-value of x is 2"):
        holm({"x": 2.0})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    """At every level: go up from the smallest p; reject while p <= level / (tests left)."""
    adjusted = holm({str(i): p for i, p in enumerate(p_values)})
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[i] * (len(p_values) - rank) > level:
                break
            rejected.add(str(i))
        assert {name for name, p in adjusted.items() if p <= level} == rejected


def test_the_range_of_equal_runs_is_that_of_normal_numbers():
    assert expected_range(2) == pytest.approx(2 / math.sqrt(math.pi))
    draws = np.random.default_rng(0).normal(size=(200_000, 8))
    ranges = np.ptp(draws, axis=1)
    assert expected_range(8) == pytest.approx(ranges.mean(), rel=0.005)
    for width in (1.5, 3):
        assert range_within(8, width) == pytest.approx((ranges < width).mean(), abs=0.004)
    pair = 2 * scipy.stats.norm(scale=math.sqrt(2)).cdf(0.7) - 1
    assert range_within(2, 0.7) == pytest.approx(pair)


def test_with_few_seeds_of_their_own_small_p_values_come_too_often():
    """As chapter 8 says of lines outside the pool: three seeds, 480 streets and no effect."""
    generator, trials = np.random.default_rng(0), 20_000
    missed, small = [], []
    for share in (0.05, 0.1, 0.15):  # of the variance by seeds, that of the streets
        half_m = (share / 3) ** 0.5
        streets_m = generator.normal(scale=half_m, size=trials)
        seeds_m = generator.normal(size=(trials, 3)) + streets_m[:, None]
        found = [_estimate(values, np.array([-half_m, half_m]), 480, 0.95) for values in seeds_m]
        missed.append(np.mean([not e.low <= 0 <= e.high for e in found]))
        small.append(np.mean([e.p_value < 0.001 for e in found]))
    assert max(missed) == pytest.approx(0.08, abs=0.005)
    assert max(small) == pytest.approx(0.016, abs=0.002)
