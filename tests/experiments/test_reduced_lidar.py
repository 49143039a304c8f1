"""What the RGB-D branch is given in the experiments of section 7.1, by hand."""

import pytest
import torch

from rigid_depth.experiments import EXPERIMENTS
from rigid_depth.experiments.training.feed import generator_at, guided


@pytest.fixture
def frames():
    """Surfaces at 50 m; the left half of the image has returns."""
    depth_m = torch.zeros(2, 1, 100, 200)
    depth_m[..., :100] = 50.0
    return {"depth_m": depth_m}


def test_all_returns_are_given_as_they_are(frames):
    found = guided(frames, EXPERIMENTS["mse"], generator_at(0, 0))
    assert torch.equal(found["given"], frames["depth_m"] > 0)
    assert torch.equal(found["guide"], 0.5 * found["given"])


def test_a_tenth_of_the_returns_is_given_unchanged_and_drawn_anew(frames):
    draws = [guided(frames, EXPERIMENTS["lidar-diluted"], generator_at(0, k)) for k in (0, 0, 1)]
    first, again, other = (d["given"] for d in draws)
    assert abs(first[..., :100].float().mean().item() - 0.1) < 0.01
    assert not first[..., 100:].any()
    assert torch.equal(draws[0]["guide"], 0.5 * first)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_noise_is_added_to_given_returns_alone_and_stays_in_range(frames):
    found = guided(frames, EXPERIMENTS["lidar-noisy"], generator_at(0, 0))
    assert torch.equal(found["given"], frames["depth_m"] > 0)
    noisy = found["guide"][..., :100]
    assert noisy.min() == 0  # 2.5 standard deviations away on either side
    assert noisy.max() == 1
    assert abs(noisy.std().item() - 0.2) < 0.005
    assert not found["guide"][..., 100:].any()
