"""The blocks against the same computation written out, and their shapes."""

import pytest
import torch
import torch.nn.functional as F

from rigid_depth.errors import RigidDepthError
from rigid_depth.models import ChannelAttention, DenseBlock, SpatialAttention
from rigid_depth.models.blocks import attention_layer, conv, norm, up


@pytest.fixture
def x():
    return torch.randn(2, 64, 6, 10, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("channels", "groups"), [(64, 2), (128, 4), (144, 1), (192, 6), (12, 1)])
def test_norm_has_groups_of_32_channels_or_one(channels, groups):
    assert norm(channels).num_groups == groups


def test_dense_block_written_out(x):
    block = DenseBlock(64).eval()

    def layer(conv, values):
        convolved = F.conv2d(values, conv[0].weight, padding=1)
        return F.gelu(F.group_norm(convolved, 2, conv[1].weight, conv[1].bias))

    hidden = layer(block.first, x)
    expected = layer(block.second, torch.cat([x, hidden], 1))
    torch.testing.assert_close(block(x), expected)
    assert sum(p.numel() for p in block.parameters()) == 27 * 64**2 + 4 * 64


def test_dropout_acts_in_training_only(x):
    block = DenseBlock(64, dropout=0.5)
    torch.manual_seed(0)
    share = (block(x) == 0).float().mean().item()
    assert share == pytest.approx(0.5, abs=0.02)
    assert (block.eval()(x) == 0).float().mean().item() < 0.01


def test_channel_attention_written_out(x):
    attention = ChannelAttention(64)
    first, _, second = attention.mlp
    assert first.out_features == 8

    def mlp(values):
        hidden = F.gelu(values @ first.weight.T + first.bias)
        return hidden @ second.weight.T + second.bias

    flat = x.flatten(2)
    weight = torch.sigmoid(mlp(flat.mean(2)) + mlp(flat.max(2).values))
    torch.testing.assert_close(attention(x), x * weight[:, :, None, None])


def test_spatial_attention_written_out(x):
    attention = SpatialAttention()
    assert attention.conv.kernel_size == (7, 7)
    pooled = torch.stack([x.mean(1), x.max(1).values], 1)
    weight = torch.sigmoid(F.conv2d(pooled, attention.conv.weight, attention.conv.bias, padding=3))
    torch.testing.assert_close(attention(x), x * weight)


def test_resolution_is_halved_and_doubled(x):
    assert conv(64, 24, stride=2)(x).shape == (2, 24, 3, 5)
    assert up(64, 24)(x).shape == (2, 24, 12, 20)


def test_kinds_of_attention(x):
    assert [type(m) for m in attention_layer("cbam", 64)] == [ChannelAttention, SpatialAttention]
    assert isinstance(attention_layer("spatial", 64), SpatialAttention)
    assert attention_layer("none", 64)(x) is x
    layer = attention_layer("cbam-residual", 64)
    torch.testing.assert_close(layer(x), x + layer[1](layer[0](x)))
    with pytest.raises(RigidDepthError, match="attention is 'se'; allowed are"):
        attention_layer("se", 64)
