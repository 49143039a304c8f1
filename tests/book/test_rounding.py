"""Numbers of figures do not hang on the last bit."""

import math

import numpy as np
import pytest
import torch

from rigid_depth.book.cells.rounding import rounded


@pytest.mark.parametrize("tie", [0.125, 1.5e-2, 2.675, 1e3 + 0.005])
def test_both_sides_of_a_tie_are_one_number(tie):
    below, above = np.nextafter(tie, -np.inf), np.nextafter(tie, np.inf)
    plain = {round(float(v), 2) for v in (below - 2e-13, tie, above + 2e-13)}
    assert len(plain) == 2  # what it is there to mend
    assert len(set(rounded([below - 2e-13, tie, above + 2e-13], 2))) == 1


def test_other_numbers_are_rounded_as_python_does():
    values = np.random.default_rng(0).normal(size=(20, 3))
    expected = [[round(v, 3) for v in row] for row in values.tolist()]
    assert rounded(torch.from_numpy(values), 3) == expected


def test_minus_zero_and_missing_numbers():
    assert [math.copysign(1, v) for v in rounded([-1e-9, -0.0], 2)] == [1, 1]
    assert rounded([[1.0, math.nan]], 1) == [[1.0, None]]
    assert rounded(2.346, 2) == 2.35
