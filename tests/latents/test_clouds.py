"""A latent as point clouds: exact round trips, what goes where, rotations as convolutions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rigid_depth.errors import RigidDepthError
from rigid_depth.latents import from_point_clouds, rotation_as_convolution, to_point_clouds


def counted(b, c, h, w):
    return torch.arange(b * c * h * w, dtype=torch.float64).reshape(b, c, h, w)


@settings(max_examples=40, deadline=None)
@given(
    b=st.integers(1, 3),
    heads=st.integers(1, 5),
    d=st.integers(1, 6),
    h=st.integers(1, 4),
    w=st.integers(1, 5),
    context=st.sampled_from(["local", "global", "channel"]),
    channels_last=st.booleans(),
)
def test_round_trip_is_exact(b, heads, d, h, w, context, channels_last):
    latent = counted(b, heads * d, h, w)
    if channels_last:
        latent = latent.contiguous(memory_format=torch.channels_last)
    points = to_point_clouds(latent, context, None if context == "channel" else d)
    assert torch.equal(from_point_clouds(points, context, (h, w)), latent)


@pytest.mark.parametrize("d", [2, 3, 16])
def test_point_j_of_a_pixel_holds_neighbouring_channels(d):
    latent = counted(2, 192, 12, 24)
    local, glob = (to_point_clouds(latent, context, d) for context in ("local", "global"))
    assert local.shape == (2, 288, 192 // d, d)
    assert glob.shape == (2, 288 * 192 // d, d)
    row, column, j = 7, 13, 5
    expected = latent[1, j * d : (j + 1) * d, row, column]
    assert torch.equal(local[1, row * 24 + column, j], expected)
    assert torch.equal(glob[1, (row * 24 + column) * (192 // d) + j], expected)


def test_a_channel_is_a_point_of_all_pixels():
    latent = counted(2, 5, 3, 4)
    points = to_point_clouds(latent, "channel")
    assert points.shape == (2, 5, 12)
    assert torch.equal(points[1, 2].reshape(3, 4), latent[1, 2])


def test_gradients_flow_through_both_ways():
    latent = counted(1, 6, 2, 2).requires_grad_()
    from_point_clouds(to_point_clouds(latent, "local", 3) * 2, "local", (2, 2)).sum().backward()
    assert (latent.grad == 2).all()


@pytest.mark.parametrize("context", ["local", "global"])
def test_a_global_rotation_is_a_one_by_one_convolution(context):
    latent = torch.randn(2, 12, 3, 4, dtype=torch.float64)
    rotation = torch.from_numpy(Rotation.random(random_state=1).as_matrix())
    points = to_point_clouds(latent, context, 3) @ rotation.T
    rotated = from_point_clouds(points, context, (3, 4))
    weight = rotation_as_convolution(rotation, 12)
    torch.testing.assert_close(torch.nn.functional.conv2d(latent, weight), rotated)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: to_point_clouds(x, "local"),
        lambda x: to_point_clouds(x, "global", 5),
        lambda x: to_point_clouds(x, "channel", 3),
        lambda x: from_point_clouds(to_point_clouds(x, "local", 3), "local", (2, 2)),
        lambda x: from_point_clouds(to_point_clouds(x, "local", 3), "global", (3, 4)),
        lambda x: from_point_clouds(to_point_clouds(x, "channel"), "channel", (2, 4)),
        lambda x: rotation_as_convolution(torch.eye(5), 12),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(RigidDepthError):
        call(torch.zeros(2, 12, 3, 4))
