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


def test_dilute_keeps_its_share_of_the_returns_and_draws_anew_for_every_image():
    seen = torch.zeros(2, 1, 100, 400, dtype=torch.bool)
    seen[..., :200] = True
    draws = [dilute(seen, 0.1, torch.Generator().manual_seed(s)) for s in (3, 3, 4)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0][0], draws[0][1])
    assert not (draws[0] & ~seen).any()
    kept = draws[0].sum((1, 2, 3)) / 20_000
    assert abs(kept - 0.1).max() < 4 * (0.1 * 0.9 / 20_000) ** 0.5  # four standard errors


def test_the_ends_of_the_share_keep_all_and_none():
    seen = torch.rand(2, 1, 30, 40) < 0.5
    assert torch.equal(dilute(seen, 1.0, torch.Generator()), seen)
    assert not dilute(seen, 0.0, torch.Generator()).any()


def test_noise_has_the_standard_deviation_and_stays_in_range():
    encoded = encode_depth(torch.full((1, 1, 200, 200), 50.0))
    noisy = add_noise(encoded, 0.1, torch.Generator().manual_seed(0))
    assert noisy.std() == pytest.approx(0.1, rel=0.02)
    assert noisy.mean() == pytest.approx(0.5, abs=0.002)
    wide = add_noise(encoded, 2.0, torch.Generator().manual_seed(0))
    assert (wide.min(), wide.max()) == (0, 1)


@pytest.mark.parametrize("change", [dilute, add_noise])
def test_devices_share_the_draws_of_one(change):
    whole = torch.rand(6, 1, 20, 30)
    whole = whole > 0.5 if change is dilute else whole
    alone = change(whole, 0.3, torch.Generator().manual_seed(5))
    for rank in range(3):
        part = change(whole[rank::3], 0.3, torch.Generator().manual_seed(5), rank, 3)
        assert torch.equal(part, alone[rank::3])


def test_the_rgbd_input_adds_the_depth_to_every_channel():
    rgb = torch.full((2, 3, 4, 4), 255, dtype=torch.uint8)
    y = torch.rand(2, 1, 4, 4)
    assert torch.equal(rgb_input(rgb), torch.ones(2, 3, 4, 4))
    torch.testing.assert_close(rgbd_input(rgb, y), 1 + y.expand(2, 3, 4, 4))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_bad_share(share):
    with pytest.raises(RigidDepthError, match=r"must lie in \[0, 1\]"):
        dilute(torch.ones(1, 1, 2, 3) > 0, share, torch.Generator())


def test_bad_noise():
    with pytest.raises(RigidDepthError, match=r"noise std is -1\.0"):
        add_noise(torch.ones(1, 1, 2, 3), -1.0, torch.Generator())
