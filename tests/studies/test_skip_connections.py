"""Skip connections: what is wired, and what a cut or an open skip leaves to the latent."""

import pytest
import torch
from torch import nn

from rigid_depth.studies.skip_connections import SKIPS, SkipAutoencoder, skip_digits


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_cut_skip_passes_nothing_and_an_open_one_does():
    pictures = randn(5, 64)
    for name, (coarse, fine) in SKIPS.items():
        model = SkipAutoencoder(3, SKIPS[name])
        latent, scales = model.encode(pictures)
        out = model.decode(latent, scales)
        for number, wired in enumerate((coarse, fine)):
            other = list(scales)
            other[number] = other[number] + 1
            assert torch.equal(model.decode(latent, tuple(other)), out) != wired


def test_all_versions_start_from_the_same_weights():
    starts = []
    for skips in SKIPS.values():
        torch.manual_seed(0)
        starts.append(nn.utils.parameters_to_vector(SkipAutoencoder(4, skips).parameters()))
    assert torch.equal(starts[0], starts[1])
    assert torch.equal(starts[0], starts[2])


@pytest.fixture(scope="module")
def found():
    return skip_digits(0, dims=(2,), steps=500, tasks=("same",))["same"]


def test_with_skips_the_picture_hardly_needs_its_latent(found):
    none, every = found["none"]["2"], found["all"]["2"]
    assert every["mse"] < none["mse"] / 4
    assert none["foreign_mse"] - none["mse"] > 0.02
    assert every["foreign_mse"] - every["mse"] < 0.005


def test_with_skips_the_latent_says_less_of_the_digit(found):
    assert found["all"]["2"]["accuracy"] < found["none"]["2"]["accuracy"]
    assert found["all"]["2"]["readout_mse"] > found["none"]["2"]["readout_mse"]


def test_a_fully_connected_layer_can_be_any_convolution():
    """Section 4.1 says that such layers extract global features only."""
    convolution = nn.Conv2d(1, 4, 3, padding=1)
    units = torch.eye(64).reshape(64, 1, 8, 8)
    with torch.no_grad():
        weight = (convolution(units) - convolution(torch.zeros(1, 1, 8, 8))).flatten(1).T
        bias = convolution(torch.zeros(1, 1, 8, 8)).flatten()
        pictures = randn(7, 1, 8, 8)
        expected = convolution(pictures).flatten(1)
    torch.testing.assert_close(pictures.flatten(1) @ weight.T + bias, expected)
    assert (weight != 0).float().mean() < 0.15
