"""The operations that chapter 3a counts are those of scipy, and the counts are known."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rigid_depth.book.cells.teaching import rotation_costs as costs

FIRST, SECOND = Rotation.random(2, rng=np.random.default_rng(0))
POINT = np.array([0.3, -1.2, 2.0])
NUMBERS = {
    "matrix": [r.as_matrix().tolist() for r in (FIRST, SECOND)],
    "quaternion": [r.as_quat(scalar_first=True).tolist() for r in (FIRST, SECOND)],
    "point": [None, POINT.tolist()],
}


@pytest.mark.parametrize("name", costs.OPERATIONS)
def test_operations_are_scipys(name):
    operation, first, second = costs.OPERATIONS[name]
    found = np.array(operation(NUMBERS[first][0], NUMBERS[second][1]))
    product = FIRST * SECOND
    if second == "point":
        np.testing.assert_allclose(found, FIRST.apply(POINT), atol=1e-14)
    elif second == "matrix":
        np.testing.assert_allclose(found, product.as_matrix(), atol=1e-14)
    else:
        expected = product.as_quat(scalar_first=True)
        np.testing.assert_allclose(found, expected * np.sign(found @ expected), atol=1e-14)


def test_a_quaternion_is_cheaper_to_compose_and_more_expensive_to_apply():
    counts = {name: costs.multiplications(name) for name in costs.OPERATIONS}
    assert list(counts.values()) == [27, 16, 9, 15]
