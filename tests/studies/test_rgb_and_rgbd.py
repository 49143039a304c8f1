"""The strips, the inputs made of them, and what joining a latent with itself gives."""

import pytest
import torch

from rigid_depth.data import encode_depth
from rigid_depth.studies import rgb_and_rgbd
from rigid_depth.studies.rgb_and_rgbd import inputs, strips


@pytest.fixture
def part():
    """Two frames whose pixels say where they are."""
    column = torch.arange(128).expand(2, 1, 64, 128)
    row = torch.arange(64)[:, None].expand(2, 1, 64, 128)
    frame = torch.arange(2).view(2, 1, 1, 1).expand(2, 1, 64, 128)
    rgb = torch.cat([column, row, frame], 1).to(torch.uint8)
    return {"rgb": rgb, "dense_depth_m": (1 + column % 64).float()}


def test_strips_run_frame_by_frame_from_left_to_right(part):
    rgb, depth_m = strips(part)
    assert rgb.shape == (2 * 8, 3, 32, 8)
    assert depth_m.shape == (2 * 8, 256)
    assert torch.equal(
        (rgb[:, 2] * 255).mean((1, 2)).round(), torch.arange(2.0).repeat_interleave(8)
    )
    left = (rgb[:8, 0, 0, 0] * 255 - 0.5).round()
    torch.testing.assert_close(left, 16.0 * torch.arange(8))
    torch.testing.assert_close(rgb[0, 1, :, 0] * 255, 2.0 * torch.arange(32) + 0.5)
    assert torch.equal(depth_m[1].view(32, 8)[5], 17 + 2.0 * torch.arange(8))


def test_the_rgbd_input_adds_the_encoded_depth_to_every_channel(part):
    rgb, depth_m = strips(part)
    made = inputs(part)
    added = (made["rgbd"] - made["rgb"]).view(-1, 3, 256)
    for channel in range(3):
        torch.testing.assert_close(added[:, channel], encode_depth(depth_m))
    torch.testing.assert_close(made["rgb"], rgb.flatten(1))


def test_every_map_joins_a_latent_with_a_turned_copy_of_itself():
    latent = torch.randn(300, 16, generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(torch.randn(16, 16, generator=torch.Generator().manual_seed(1))).Q
    source = [latent[:200], latent[200:]]
    target = [x @ turn for x in source]
    rows = rgb_and_rgbd._join(source, target, lambda z: float((z - target[1]).abs().amax()))
    for name in ("orthogonal", "linear", "affine"):
        assert rows[name]["rmse_m"] < 1e-3
        assert rows[name]["mrr"] == 1
    for name in ("none", "mean", "coral"):
        assert rows[name]["mrr"] < 0.3
