"""The baselines against scikit-learn, NumPy and a brute-force search for the best constant."""

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyRegressor

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.metrics import depth_metrics
from rigid_depth.experiments.methods.baselines import fill_rows, fit

HEIGHT, WIDTH = 8, 10


class Split:
    """What `fit` needs of a prepared split, from points of our own."""

    def __init__(self, points):
        self.points = points

    def __len__(self):
        return len(self.points)

    def batch(self, indices, fields):
        rgb = torch.zeros(len(indices), 3, HEIGHT, WIDTH, dtype=torch.uint8)
        return {"rgb": rgb, "points": self.points[indices]}


@pytest.fixture
def points():
    """Seven frames; rows 0, 3 and 7 stay empty; a few returns lie beyond 80 m."""
    g = torch.Generator().manual_seed(0)
    cells = torch.stack([torch.randperm(HEIGHT * WIDTH, generator=g)[:30] for _ in range(7)])
    u, v = cells % WIDTH, cells // WIDTH
    depth_m = 60 / (v + 1) + 90 * torch.rand(v.shape, generator=g) ** 4
    depth_m[(v == 0) | (v == 3) | (v == 7)] = 0
    return torch.stack([u.float(), v.float(), depth_m], -1)


def returns(points):
    flat = points.reshape(-1, 3).numpy().astype(np.float64)
    return flat[(flat[:, 2] > 0) & (flat[:, 2] <= 80)]


def predicted_rows(name, points):
    depth_m = fit(name, Split(points), batch_size=2)({"rgb": torch.zeros(2, 3, HEIGHT, WIDTH)})
    assert depth_m["rgb"].shape == (2, 1, HEIGHT, WIDTH)
    assert (depth_m["rgb"] == depth_m["rgb"][:1, :, :, :1]).all()
    return depth_m["rgb"][0, 0, :, 0].numpy()


def test_constant_is_the_mean_of_the_returns_within_the_cap(points):
    kept = returns(points)
    dummy = DummyRegressor(strategy="mean").fit(kept[:, :2], kept[:, 2])
    np.testing.assert_allclose(predicted_rows("constant-depth", points), dummy.constant_[0, 0])


def test_no_other_constant_has_a_smaller_rmse(points):
    best = float(predicted_rows("constant-depth", points)[0])
    target_m = torch.tensor(returns(points)[:, 2])[None]
    rmse_m = {
        shift: depth_metrics(torch.full_like(target_m, best + shift), target_m, target_m > 0)[
            "rmse_m"
        ]
        for shift in np.linspace(-3, 3, 61).round(3).tolist()
    }
    assert min(rmse_m, key=rmse_m.get) == 0


def test_rows_are_the_means_of_their_returns_and_empty_rows_are_interpolated(points):
    kept = returns(points)
    full = [1, 2, 4, 5, 6]
    means = [kept[kept[:, 1] == row, 2].mean() for row in full]
    expected = np.interp(np.arange(HEIGHT), full, means)
    np.testing.assert_allclose(predicted_rows("row-mean-depth", points), expected, rtol=1e-6)


@pytest.mark.parametrize("empty", [[], [0], [7], [0, 1, 7], [2, 3, 4], [0, 1, 2, 3, 5, 6, 7]])
def test_fill_rows_against_numpy(empty):
    counts = torch.tensor([3.0, 1, 2, 4, 1, 5, 2, 2], dtype=torch.float64)
    counts[empty] = 0
    means = torch.tensor([9.0, 4, 7, 1, 3, 8, 2, 6], dtype=torch.float64)
    full = counts.nonzero().flatten().numpy()
    expected = np.interp(np.arange(8), full, means[full].numpy())
    np.testing.assert_allclose(fill_rows(means * counts, counts).numpy(), expected)


def test_bad_input_is_refused(points):
    with pytest.raises(RigidDepthError, match="baseline is 'median'; allowed are"):
        fit("median", Split(points))
    with pytest.raises(RigidDepthError, match="no training frame has a return within 80 m"):
        fit("row-mean-depth", Split(points * 0))
