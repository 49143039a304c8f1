import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rigid_depth.data import add_noise, dilute, encode_depth, rasterise, rgb_input, rgbd_input
from rigid_depth.errors import RigidDepthError

SIZE = (5, 7)
point = st.tuples(
    st.floats(-3, 9, width=32), st.floats(-3, 7, width=32), st.sampled_from([0.0, 2.0, 3.5, 80.0])
)
points = st.lists(point, max_size=30).map(lambda p: torch.tensor(p).reshape(-1, 3))


def brute_force(cloud, size):
    depth = np.zeros(size, np.float32)
    for u, v, d in cloud.numpy().astype(np.float32):
        column, row = int(np.floor(u + np.float32(0.5))), int(np.floor(v + np.float32(0.5)))
        if d > 0 and 0 <= row < size[0] and 0 <= column < size[1]:
            depth[row, column] = d if depth[row, column] == 0 else min(d, depth[row, column])
    return depth


@given(points)
def test_rasterise_is_the_nearest_of_brute_force(cloud):
    np.testing.assert_array_equal(rasterise(cloud, SIZE)[0].numpy(), brute_force(cloud, SIZE))


@given(points, points)
def test_rasterise_of_a_padded_batch_is_that_of_each(first, second):
    longest = max(len(first), len(second))
    batch = torch.zeros(2, longest, 3)
    batch[0, : len(first)], batch[1, : len(second)] = first, second
    depth = rasterise(batch, SIZE)
    assert depth.shape == (2, 1, *SIZE)
    assert torch.equal(depth, torch.stack([rasterise(first, SIZE), rasterise(second, SIZE)]))


@given(points, st.floats(0, 1), st.integers(0, 9))
def test_dilute_keeps_a_subset_of_the_right_size(cloud, share, seed):
    kept = dilute(cloud, share, torch.Generator().manual_seed(seed))
    seen, stays = cloud[:, 2] > 0, kept[:, 2] > 0
    assert torch.equal(kept[stays], cloud[stays])
    assert not (stays & ~seen).any()
    assert stays.sum() == round(share * int(seen.sum()))
    assert not kept[~stays].any()


def test_dilute_draws_anew_for_every_image_and_repeats_with_the_seed():
    cloud = torch.rand(2, 100, 3) + 1
    draws = [dilute(cloud, 0.1, torch.Generator().manual_seed(s)) for s in (3, 3, 4)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    kept = draws[0][..., 2] > 0
    assert kept.sum(-1).tolist() == [10, 10]
    assert not torch.equal(kept[0], kept[1])


def test_noise_has_the_standard_deviation_and_spares_missing_returns():
    depth_m = torch.full((1, 1, 200, 200), 100.0)
    depth_m[..., :100] = 0
    mask = depth_m > 0
    noisy = add_noise(encode_depth(depth_m), 0.2, torch.Generator().manual_seed(0), mask)
    assert noisy[mask].std() == pytest.approx(0.2, rel=0.02)
    assert noisy[mask].mean() == pytest.approx(0.0, abs=0.005)
    assert not noisy[~mask].any()


def test_the_rgbd_input_adds_the_depth_to_every_channel():
    rgb = torch.full((2, 3, 4, 4), 255, dtype=torch.uint8)
    y = torch.rand(2, 1, 4, 4)
    assert torch.equal(rgb_input(rgb), torch.ones(2, 3, 4, 4))
    torch.testing.assert_close(rgbd_input(rgb, y), 1 + y.expand(2, 3, 4, 4))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_bad_share(share):
    with pytest.raises(RigidDepthError, match=r"must lie in \[0, 1\]"):
        dilute(torch.ones(1, 3), share)


def test_bad_noise():
    with pytest.raises(RigidDepthError, match=r"noise std is -1\.0"):
        add_noise(torch.ones(1), -1.0)
