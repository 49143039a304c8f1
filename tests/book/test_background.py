"""Mechanisms and facts of chapters 1 and 2, against formulas written down here and real files."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from rigid_depth.models import ChannelAttention, DenseBlock, SpatialAttention


def attend(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x @ x.transpose(1, 2) / x.shape[-1] ** 0.5, -1) @ x


def multiply_adds(module, x: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        module(x)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("tokens", [12, 48, 192])
def test_self_attention_is_quadratic_in_the_tokens(tokens):
    assert multiply_adds(attend, torch.rand(1, tokens, 8)) == 2 * tokens**2 * 8


@pytest.mark.parametrize(("height", "width"), [(3, 4), (6, 8), (12, 16)])
def test_cbam_costs_a_fixed_network_and_one_convolution(height, width):
    cbam = nn.Sequential(ChannelAttention(64), SpatialAttention())
    expected = 2 * 2 * 64 * 8 + 2 * 49 * height * width
    assert multiply_adds(cbam, torch.rand(1, 64, height, width)) == expected


def test_tokens_are_the_pixels_row_by_row():
    x = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)
    tokens = x.flatten(2).transpose(1, 2)
    assert tokens.shape == (2, 20, 3)
    for b, c, row, column in np.ndindex(2, 3, 4, 5):
        assert tokens[b, row * 5 + column, c] == x[b, c, row, column]


def test_self_attention_does_not_know_the_order_of_its_tokens():
    x = torch.rand(1, 9, 4, dtype=torch.float64)
    order = torch.tensor([3, 1, 8, 0, 2, 7, 6, 5, 4])
    torch.testing.assert_close(attend(x[:, order]), attend(x)[:, order])


def test_patches_overlap_where_the_stride_is_below_the_kernel():
    def tokens_of_a_pixel(kernel: int, stride: int, padding: int) -> set[int]:
        starts = range(-padding, 64 + padding - kernel + 1, stride)
        return {sum(s <= pixel < s + kernel for s in starts) for pixel in range(16, 48)}

    assert tokens_of_a_pixel(16, 16, 0) == {1}
    assert tokens_of_a_pixel(7, 4, 3) == {1, 2}


def test_one_pixel_moves_all_of_channel_attention_and_a_window_of_spatial_attention():
    torch.manual_seed(0)
    x = torch.randn(1, 16, 20, 24)
    changed = x.clone()
    changed[0, :, 9, 11] += 3

    def moved(module: nn.Module) -> torch.Tensor:
        with torch.no_grad():
            return ((module(changed) - module(x)).abs().amax((0, 1)) > 1e-7).nonzero()

    assert len(moved(ChannelAttention(16))) == 20 * 24
    window = moved(SpatialAttention())
    assert len(window) == 49
    assert window.amin(0).tolist() == [6, 8]
    assert window.amax(0).tolist() == [12, 14]


def test_our_dense_block_reads_its_input_twice_and_keeps_both():
    """Of a block of two layers, by what it saves for the backward pass."""
    kept = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.shape[2:] == (8, 8):
            kept[tensor.data_ptr()] = tensor.shape[1]
        return tensor

    block = DenseBlock(4)
    block.first, block.second = block.first[:1], block.second[:1]  # the convolutions alone
    x = torch.rand(1, 4, 8, 8, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        found = block(x)
    assert sum(kept.values()) == 4 * (1 + 2)
    with torch.no_grad():
        block.first[0].weight.zero_()
    assert torch.autograd.grad(found.sum(), x)[0].any()
    assert block(x).abs().max() > 0, "the second layer sees the input itself"


def test_the_least_heteroscedastic_loss_is_at_mean_and_variance():
    y = torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.3 + 2
    values = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([values], max_iter=300, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        optimiser.zero_grad()
        loss = (0.5 * (-values[1]).exp() * (y - values[0]) ** 2 + 0.5 * values[1]).mean()
        loss.backward()
        return loss

    optimiser.step(cost)
    assert values[0].item() == pytest.approx(y.mean().item(), abs=1e-5)
    assert values[1].exp().item() == pytest.approx(y.var(correction=0).item(), rel=1e-4)


def test_kitti_depth_maps_are_lidar(real):
    """Far away most common values are the sweep's own; disparity could not be as precise."""
    folder = real / "kitti_depth/train/2011_09_26_drive_0001_sync/proj_depth"
    nearer, farther = [], []
    for path in sorted((folder / "groundtruth/image_02").glob("*.png")):
        truth, sweep = (
            np.asarray(Image.open(p)) / 256
            for p in (path, folder / "velodyne_raw/image_02" / path.name)
        )
        both = (truth > 0) & (sweep > 0)
        assert both.sum() > 0.5 * (sweep > 0).sum()
        assert (truth > 0).mean() < 0.3, "a stereo map would be dense"
        far = both & (sweep > 40)
        nearer.append(np.median(np.abs(truth - sweep)[both & ~far]))
        farther.append(np.median(np.abs(truth - sweep)[far]))
    half_a_pixel_m = 40**2 / (721.5 * 0.54) * 0.5
    assert max(nearer) < 0.05
    assert max(farther) < 1 / 256 < half_a_pixel_m


def test_a_nuscenes_car_has_six_cameras_five_radars_and_one_lidar(real):
    sensors = json.loads((real / "nuscenes/v1.0-mini/sensor.json").read_text())
    kinds = [sensor["modality"] for sensor in sensors]
    assert {kind: kinds.count(kind) for kind in kinds} == {"camera": 6, "radar": 5, "lidar": 1}
