"""The autoencoder: shapes and numbers of the thesis, precision, compilation, and that it learns."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import masked_mse, one_cycle_weight
from rigid_depth.models import (
    Autoencoder,
    Decoder,
    Encoder,
    count_parameters,
    receptive_fields,
    scaled,
    scaled_widths,
    summary,
)


@pytest.fixture(scope="module")
def full():
    torch.manual_seed(0)
    return Autoencoder()


def test_shapes_of_the_thesis(full):
    rows = summary(full, (384, 768))
    shapes = [(row["channels"], row["height"], row["width"]) for row in rows]
    assert shapes == [
        (64, 96, 192),
        (128, 48, 96),
        (144, 24, 48),
        (192, 12, 24),
        (192, 12, 24),
        (144, 24, 48),
        (128, 48, 96),
        (96, 96, 192),
        (12, 384, 768),
        (1, 384, 768),
    ]
    assert [row["blocks"] for row in rows] == [1, 2, 2, 2, 0, 2, 2, 1, 0, 0]
    assert [row["attention"] for row in rows] == [0, 1, 1, 1, 0, 1, 1, 0, 0, 0]


def test_every_pixel_of_a_stride_hears_the_latent_alike():
    """The last upsampling by 4 makes 16 pixels of one; none may start deaf, in any of 50 draws."""
    for seed in range(50):
        torch.manual_seed(seed)
        decoder = scaled(0.25).decoder
        with torch.no_grad():
            y = decoder(torch.randn(32, 48, 2, 4))
        heard = y.logit().unflatten(-1, (-1, 4)).unflatten(-3, (-1, 4)).std((0, 1, 2, 4))
        assert heard.min() > 0.9 * heard.max()


def by_hand(widths=(64, 128, 144, 192), blocks=(1, 2, 2, 2), decoder=(144, 128, 96, 12)):
    """Weights and biases on paper: two numbers a channel for a norm, 27 c^2 for a dense block."""
    dense = lambda c: 27 * c * c + 4 * c  # noqa: E731
    cbam = lambda c: (c * (c // 8) + c // 8) + (c // 8 * c + c) + 2 * 49 + 1  # noqa: E731
    total = 3 * widths[0] * 49 + 2 * widths[0] + blocks[0] * dense(widths[0])
    for before, c, count in zip(widths, widths[1:], blocks[1:], strict=False):
        total += 9 * before * c + 2 * c + count * dense(c) + cbam(c)
    c = widths[-1]
    total += 9 * c * c + c
    for width, count, attention in zip(decoder[:3], (2, 2, 1), (1, 1, 0), strict=True):
        total += 4 * c * width + 2 * width + count * dense(width) + attention * cbam(width)
        c = width
    return total + 16 * c * decoder[3] + decoder[3] + decoder[3] + 1


def test_parameter_count_at_inference(full):
    assert count_parameters(full) == by_hand() == 7_478_212
    assert sum(row["parameters"] for row in summary(full, (64, 64))) == 7_478_212
    rgbd = Encoder(blocks=(1, 1, 1, 1), dropout=0.1)
    assert count_parameters(rgbd) == 2_960_467
    training = count_parameters(full) + count_parameters(rgbd) + count_parameters(full.decoder)
    assert training == 12_957_000


def test_scaled_widths():
    assert scaled_widths((64, 128, 144, 192), 0.5) == (32, 64, 72, 96)
    assert scaled_widths((144, 128, 96, 12), 0.25) == (40, 32, 24, 8)
    assert count_parameters(scaled(1.0)) == 7_478_212
    assert count_parameters(scaled(0.5)) == 1_876_158
    assert count_parameters(scaled(0.25)) == 510_536
    assert scaled(0.5).encode(torch.zeros(1, 3, 32, 64)).shape == (1, 96, 1, 2)
    with pytest.raises(RigidDepthError, match="width_multiplier is 0"):
        scaled(0.0)


def test_receptive_field_is_what_the_gradient_reaches():
    """Without norms and attention, with positive weights, the support of the gradient is exact."""
    encoder = Encoder(3, (8, 8, 8, 8), (1, 2, 2, 2), attention="none")
    for module in encoder.modules():
        if isinstance(module, nn.Sequential):
            for i, layer in enumerate(module):
                if isinstance(layer, nn.GroupNorm | nn.GELU):
                    module[i] = nn.Identity()
        elif isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    image = torch.zeros(1, 3, 768, 768, requires_grad=True)
    encoder(image)[0, :, 12, 12].sum().backward()
    touched = image.grad[0].abs().sum(0) > 0
    assert touched.any(0).sum() == touched.any(1).sum() == 591
    assert receptive_fields(encoder) == [23, 95, 239, 527, 591]


def test_every_parameter_gets_a_gradient():
    torch.manual_seed(0)
    model = scaled(0.25)
    depth, latent = model(torch.rand(2, 3, 64, 96))
    assert depth.shape == (2, 1, 64, 96)
    assert latent.shape == (2, 48, 2, 3)
    assert depth.min() > 0
    assert depth.max() < 1
    depth.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_encode_then_decode_is_forward():
    torch.manual_seed(0)
    model = scaled(0.25)
    image = torch.rand(1, 3, 64, 64)
    depth, latent = model(image)
    torch.testing.assert_close(model.encode(image), latent)
    torch.testing.assert_close(model.decode(latent), depth)


def test_latent_is_linear_in_its_last_layer():
    """Doubling weight and bias of the last layer doubles the latent: nothing follows it."""
    torch.manual_seed(0)
    encoder = scaled(0.25).encoder
    image = torch.rand(1, 3, 64, 64)
    before = encoder(image)
    with torch.no_grad():
        encoder.latent.weight.mul_(2)
        encoder.latent.bias.mul_(2)
    torch.testing.assert_close(encoder(image), 2 * before)


def test_the_initialisation_keeps_the_signal():
    torch.manual_seed(1)
    depth, latent = scaled(0.5)(torch.rand(4, 3, 96, 192))
    assert 0.1 < latent.std() < 2
    assert abs(torch.logit(depth).mean()) < 1
    assert torch.logit(depth).std() < 2


@pytest.mark.parametrize("size", [(95, 192), (96, 200), (16, 32)])
def test_sizes_that_32_does_not_divide_are_refused(size):
    with pytest.raises(RigidDepthError, match=f"{size[0]}x{size[1]}; .* divisible by 32"):
        scaled(0.25)(torch.zeros(1, 3, *size))


def test_the_size_printed_in_the_thesis_is_refused():
    with pytest.raises(RigidDepthError, match="384x786"):
        scaled(0.25)(torch.zeros(1, 3, 384, 786))


def test_channels_last_and_bfloat16_agree_with_float32():
    torch.manual_seed(0)
    model = scaled(0.25).eval()
    image = torch.rand(2, 3, 64, 128)
    with torch.no_grad():
        expected = model(image)[0]
        last = model.to(memory_format=torch.channels_last)
        torch.testing.assert_close(
            last(image.to(memory_format=torch.channels_last))[0], expected, atol=1e-5, rtol=1e-4
        )
        with torch.autocast("cpu", torch.bfloat16):
            half = model(image)[0]
    assert half.dtype == torch.bfloat16
    assert (half - expected).abs().mean() < 0.02


def test_compiles_in_one_graph():
    """In a process of its own: the run-time checks of the tests cannot be traced."""
    script = """
import torch
from rigid_depth.models import scaled
torch.manual_seed(0)
model, image = scaled(0.25), torch.rand(1, 3, 64, 64)
compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
torch.testing.assert_close(compiled(image)[0], model(image)[0])
"""
    environment = os.environ | {"RIGID_DEPTH_TYPECHECK": "0"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_it_learns_a_smooth_target_from_sparse_pixels():
    """Eight smooth images with 10 % of the depths known: it must find the depths between them."""
    generator = torch.Generator().manual_seed(0)
    colour = torch.randn(8, 3, 2, 3, generator=generator)
    colour = nn.functional.interpolate(colour, (32, 64), mode="bicubic")
    row = torch.linspace(-1, 1, 32)[:, None]
    target = torch.sigmoid(1.2 * colour[:, :1] + row) * 0.6 + 0.35
    mask = torch.rand(8, 1, 32, 64, generator=generator) < 0.1
    torch.manual_seed(0)
    model = scaled(0.25)
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2, betas=(0.9, 0.99))
    steps = 120
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = one_cycle_weight(step, steps, 4e-3, 1e-2, 6e-4)
        loss = masked_mse(model(colour)[0], target, mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        error = (model(colour)[0] - target)[~mask]
    assert error.square().mean().sqrt() < 0.6 * target.std()


@pytest.mark.parametrize("outputs", [1, 5])
def test_scores_by_taps_are_those_of_a_map_of_all_channels(outputs):
    torch.manual_seed(0)
    decoder = Decoder(24, (16, 16, 8, 8), outputs=outputs).double()
    for parameter in decoder.parameters():  # taps start equal; here they differ
        torch.nn.init.normal_(parameter)
    latent = torch.randn(2, 24, 2, 3, dtype=torch.double)
    plain = latent
    for scale in decoder.scales:
        plain = scale(plain)
    torch.testing.assert_close(decoder.scores(latent), decoder.logits(plain))
