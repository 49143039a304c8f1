"""Spoilt sky masks against hand cases and scipy; the study's measures against their definition."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import balanced, infinity_loss
from rigid_depth.studies.sky_masks import (
    SKYLINE_PX,
    _errors_of,
    mask_errors,
    printed_infinity_loss,
    skyline,
    spoil,
)


def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def sky():
    """Skies of two frames with a ragged lower border."""
    border = torch.randint(6, 14, (2, 1, 1, 40), generator=generator())
    return torch.arange(24).view(1, 1, 24, 1) < border


@pytest.mark.parametrize("amount", [1, 3])
def test_erosion_and_dilation_are_those_of_scipy(sky, amount):
    square = np.ones((2 * amount + 1, 2 * amount + 1))
    for frame, eroded, dilated in zip(
        sky,
        spoil(sky, "eroded", amount, generator()),
        spoil(sky, "dilated", amount, generator()),
        strict=True,
    ):
        expected = ndimage.binary_erosion(frame[0], square, border_value=1)
        assert np.array_equal(eroded[0], expected)
        assert np.array_equal(dilated[0], ndimage.binary_dilation(frame[0], square))


def test_a_sideways_sky_is_rolled_one_way_or_the_other(sky):
    many = sky[:1].expand(50, -1, -1, -1)
    moved = spoil(many, "sideways", 3, generator())
    right = (moved[..., 3:] == many[..., :-3]).flatten(1).all(1)
    left = (moved[..., :-3] == many[..., 3:]).flatten(1).all(1)
    assert torch.equal(left, ~right)
    assert 10 < right.sum() < 40


def test_flips_are_a_share_of_all_pixels_and_follow_the_seed():
    sky = torch.arange(200).view(1, 1, 200, 1).expand(1, 1, 200, 200) < 80
    flipped = spoil(sky, "flipped", 0.1, generator())
    assert (flipped ^ sky).float().mean().item() == pytest.approx(0.1, abs=0.005)
    assert torch.equal(flipped, spoil(sky, "flipped", 0.1, generator()))
    errors = _errors_of(flipped, sky)
    assert errors["missed"] == pytest.approx(0.1, abs=0.01)
    assert errors["added"] == pytest.approx(0.1 * 120 / 80, abs=0.01)


def test_exact_is_exact_and_other_kinds_are_refused(sky):
    assert spoil(sky, "exact", 0, generator()) is sky
    with pytest.raises(RigidDepthError, match="'blurred'"):
        spoil(sky, "blurred", 1, generator())


def test_the_skyline_is_the_surface_next_to_the_sky(sky):
    depth_m = torch.where(sky, 0.0, 30.0)
    depth_m[..., -12:] = 90.0
    found = skyline(sky, depth_m)
    rows = found[..., :-12].sum(2)
    assert rows.min() >= SKYLINE_PX  # a ragged border has more below its lower columns
    assert not (found & sky).any()
    assert not found[..., -12:].any()


def test_the_printed_loss_has_one_gradient_at_every_depth_of_the_street():
    y = torch.tensor([0.2, 0.05, 0.5, 0.99]).view(1, 1, 2, 2).requires_grad_()
    sky = torch.tensor([True, False, False, False]).view(1, 1, 2, 2)
    printed_infinity_loss(y, sky).backward()
    assert (4 * y.grad).flatten().tolist() == [1, -1, -1, -1]


def test_the_printed_loss_turns_round_when_it_is_balanced_by_its_ratio():
    sky = torch.tensor([True, False, False, False]).view(1, 1, 2, 2)
    y = torch.tensor([0.6, 0.8, 0.8, 0.8]).view(1, 1, 2, 2).requires_grad_()
    for loss, sign in ((printed_infinity_loss(y, sky), -1), (infinity_loss(y, sky), 1)):
        (gradient,) = torch.autograd.grad(balanced(torch.tensor(0.01), loss, 0.09), y)
        assert sign * gradient[sky] > 0  # descent sends the sky away only where it is positive


def test_all_ways_start_from_one_network_and_differ_by_the_loss():
    few = {"world": "tiny", "size": (32, 64), "before": 2, "after": 2, "balances": (0.5,)}
    result = mask_errors(0, **few, masks=(("exact", 0),))
    ways = {"before", "none", "printed", "balanced 0.5", "exact 0"}
    assert set(result) == ways | {"row_mean_rmse_m"}
    assert result["exact 0"]["missed"] == result["exact 0"]["added"] == 0
    depths = {result[name]["sky_mean_m"] for name in ways - {"before"}}
    assert len(depths) == 4
    still = mask_errors(0, **few, weight=0.0, masks=(("dilated", 2),))
    kept = {k: v for k, v in still["dilated 2"].items() if k not in ("missed", "added")}
    assert kept == still["none"] == still["printed"] == result["none"]
