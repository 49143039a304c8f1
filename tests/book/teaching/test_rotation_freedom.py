"""How many numbers a rotation of latent points has, counted by hand and seen in the points."""

import pytest
import torch

from rigid_depth.book.cells.teaching.rotation_freedom import cloud_freedom


@pytest.mark.parametrize(
    ("n", "entries", "freedom"), [(2, 4, 1), (3, 9, 3), (16, 256, 120), (200, 40000, 19900)]
)
def test_freedom_grows_quadratically(n, entries, freedom):
    one = cloud_freedom(n, (1, 1), "global", n)
    assert (one.matrix_entries, one.degrees_of_freedom) == (entries, freedom)


def test_freedom_of_the_thesis_clouds():
    assert cloud_freedom(192, (12, 24), "global", 3)[:5] == (1, 18432, 3, 9, 3)
    assert cloud_freedom(192, (12, 24), "local", 3)[:5] == (288, 64, 3, 2592, 864)
    assert cloud_freedom(192, (12, 24), "channel")[:3] == (1, 192, 288)


def test_twelve_points_in_sixteen_dimensions_have_no_unique_rotation():
    freedom = cloud_freedom(192, (12, 24), "local", 16)
    assert freedom.points == 12
    assert not freedom.rotation_unique
    assert cloud_freedom(192, (12, 24), "global", 16).rotation_unique
    points = torch.randn(12, 16, dtype=torch.float64)
    _, _, basis = torch.linalg.svd(points)
    turn = torch.eye(16, dtype=torch.float64)  # by 90 degrees in the plane no point has a part in
    turn[14:, 14:] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    other = basis.T @ turn @ basis
    torch.testing.assert_close(points @ other.T, points)
    assert (other - torch.eye(16)).abs().max() > 0.1
