"""Differences over all surfaces, on records made by hand and against an analysis of variance."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from handmade import run

from rigid_depth.book.runs import dense, results

DENSE_M = {
    "rgb-infinity": [10.0, 10.3, 9.9],
    "mse": [9.8, 10.0, 9.8],
    "weight-maps": [10.1, 10.2, 10.0],
    "relative": [9.9, 10.4, 9.7],
}


def made(errors_m: dict[str, list[float]]) -> list[results.Run]:
    """Runs with these errors over all surfaces, and errors at returns that are all alike."""
    found = []
    for name, values in errors_m.items():
        for seed, value in enumerate(values):
            one = replace(run(name, seed), group="core")
            one.record["metrics"]["test"]["rgb"]["dense"] = {"rmse_m": value}
            found.append(one)
    return found


def test_a_difference_over_all_surfaces_has_the_pooled_scatter_of_seeds():
    found = dense.dense_difference_m(made(DENSE_M), "mse", "rgb-infinity")
    table = np.array(list(DENSE_M.values()))
    left = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
    degrees = (len(table) - 1) * (table.shape[1] - 1)
    error = np.sqrt(2 * (left**2).sum() / degrees / table.shape[1])
    mean = np.mean(np.subtract(DENSE_M["mse"], DENSE_M["rgb-infinity"]))
    low, high = scipy.stats.t.interval(0.95, degrees, mean, error)
    assert (found.mean, found.low, found.high) == pytest.approx((mean, low, high))
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(abs(mean) / error, degrees))


def test_seeds_are_paired_and_a_row_without_the_measure_is_open():
    runs = made(DENSE_M)
    without = [r for r in runs if (r.experiment, r.seed) != ("mse", 0)]
    pair = [9.0 + 1.0 - 10.3, 9.8 - 9.9]
    assert dense.dense_difference_m(without, "mse", "rgb-infinity").mean == pytest.approx(
        np.mean(pair)
    )
    assert dense.dense_difference_m(runs, "coral", "rgb-infinity") is None
    for one in runs:
        if one.experiment == "relative":
            del one.record["metrics"]["test"]["rgb"]["dense"]
    lines = dense.dense_table(runs, ["mse", "relative"], ["rgb-infinity", "weight-maps"])
    head, _, mse, relative = lines.strip().splitlines()
    assert head.count("p (Holm of 1)") == 2
    assert relative.count("open") == 2
    assert f"| {-0.2:+.2f} |" in mse


def test_p_values_of_one_reference_are_corrected_together():
    runs = made(DENSE_M)
    alone = dense.dense_difference_m(runs, "mse", "rgb-infinity").p_value
    row = dense.dense_table(runs, ["mse", "weight-maps", "relative"], ["rgb-infinity"])
    line = next(line for line in row.splitlines() if "MSE" in line)
    assert f"| {min(1, 3 * alone):.3f} |" in line
