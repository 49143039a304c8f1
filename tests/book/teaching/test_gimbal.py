"""The gimbal on the page holds the package's numbers and asks nobody else for anything."""

from __future__ import annotations

import json
import re

import numpy as np
from scipy.spatial.transform import Rotation

from rigid_depth.book.cells.teaching.gimbal import data, gimbal


def test_its_matrices_are_scipys_and_its_values_the_formulas():
    content = data()
    degrees = np.arange(-180, 181, content["step"])
    for axis, matrices in zip("xyz", content["matrices"], strict=True):
        expected = Rotation.from_euler(axis, degrees[:, None], degrees=True).as_matrix()
        assert np.abs(np.reshape(matrices, (-1, 3, 3)) - expected).max() < 1e-4
    sine = np.abs(np.sin(np.radians(degrees)))
    expected = np.sqrt(np.stack((2 + 2 * sine, 2 + 0 * sine, 2 - 2 * sine), 1))
    assert np.abs(np.array(content["values"]) - expected).max() < 1e-4
    assert set(content["start"]) <= set(degrees.tolist())


def test_the_page_is_whole_and_comes_from_this_machine():
    html = gimbal().data
    assert json.loads(
        re.search(r"const data = (\{.*?\}), place", html, re.S).group(1)
    ) == json.loads(json.dumps(data()))
    assert "http" not in html
    assert len(html) < 25_000
