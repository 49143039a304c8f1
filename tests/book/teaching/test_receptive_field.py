"""Receptive fields: the formula, PyTorch's own autograd, and the thesis's example."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rigid_depth.book.cells.teaching.receptive_field import (
    convolution_chain,
    measure_receptive_field,
    receptive_field,
    without_normalisation,
)
from rigid_depth.errors import RigidDepthError
from rigid_depth.models.autoencoder import Encoder


def sizes(layers):
    return [field.size for field in receptive_field(layers)]


def stack(layers):
    """Convolutions of ones, so that no path cancels another."""
    convolutions = [nn.Conv2d(1, 1, k, s, p, d, bias=False) for k, s, p, d in layers]
    for convolution in convolutions:
        nn.init.ones_(convolution.weight)
    return nn.Sequential(*convolutions).double()


def test_the_example_of_figure_4_6_and_its_misprint():
    assert sizes([(3,)] * 3) == [3, 5, 7]
    assert sizes([(3, 2)] * 3) == [3, 7, 15]  # the printed r_2 + s_2 (k_3 - 1) says 11


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2)),
        min_size=1,
        max_size=3,
    )
)
def test_formula_agrees_with_autograd_on_any_chain(layers):
    field = receptive_field(layers)[-1]
    touched = measure_receptive_field(stack(layers), (1, 160, 160), (8, 9))
    rows = touched.strength.amax(1).nonzero().ravel()
    first = field.centre + 8 * field.step - (field.size - 1) / 2
    assert rows[0] == max(0, first)
    assert rows[-1] == first + field.size - 1
    if first >= 0:
        assert touched.extent[0] == field.size


def test_our_encoder_sees_591_pixels_by_formula_and_by_autograd():
    encoder = Encoder(attention="none", widths=(2, 2, 2, 2))
    field = receptive_field(convolution_chain(encoder))[-1]
    assert (field.size, field.step) == (591, 32)
    local = without_normalisation(encoder).double()
    assert measure_receptive_field(local, (3, 640, 640)).extent == (591, 591)


def test_normalisation_and_attention_reach_the_whole_image():
    for attention in ("none", "cbam"):
        encoder = Encoder(attention=attention, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0)).double()
        assert receptive_field([(7, 4, 3), *[(3, 2, 1)] * 3, (3,)])[-1].size == 127
        assert measure_receptive_field(encoder, (3, 192, 384)).share == 1


def test_the_module_is_left_as_it_was():
    encoder = Encoder(attention="none", widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0))
    norms = sum(isinstance(m, nn.GroupNorm) for m in encoder.modules())
    without_normalisation(encoder)
    measure_receptive_field(encoder, (3, 64, 64))
    assert sum(isinstance(m, nn.GroupNorm) for m in encoder.modules()) == norms > 0
    assert all(p.grad is None for p in encoder.parameters())


def test_measuring_is_seeded():
    encoder = Encoder(attention="none", widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0))
    runs = [
        measure_receptive_field(
            encoder, (3, 64, 64), generator=torch.Generator().manual_seed(1)
        ).strength
        for _ in range(2)
    ]
    assert torch.equal(*runs)


def test_a_cell_outside_is_named():
    with pytest.raises(RigidDepthError, match="4x4"):
        measure_receptive_field(nn.Conv2d(1, 1, 3), (1, 6, 6), (0, 4))


@pytest.mark.parametrize("layer", [(0,), (3, 0), (3, 1, -1), (3, 1, 1, 0)])
def test_impossible_layers_are_named(layer):
    with pytest.raises(RigidDepthError, match="layer 2"):
        receptive_field([(3,), layer])
