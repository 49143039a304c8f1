from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from rigid_depth.data.frame import Frame
from rigid_depth.data.projection import in_view, project
from rigid_depth.data.resize import crop_box, resize_frame, resize_image, resize_intrinsics
from rigid_depth.errors import RigidDepthError

SIZES = [(384, 768), (96, 192), (64, 96)]
NATIVES = [(900, 1600), (375, 1242), (370, 1226), (450, 800)]


def make_frame(native, xyz, sky=None, dense=None):
    height, width = native
    k = np.array([[0.8 * width, 0, width / 2 - 3], [0, 0.8 * width, height / 2 + 5], [0, 0, 1.0]])
    uvd = project(xyz, k)
    uvd = uvd[in_view(uvd, native)]
    frame = Frame(
        rgb=torch.zeros(3, height, width, dtype=torch.uint8),
        points=torch.from_numpy(uvd).float(),
        intrinsics=torch.from_numpy(k).float(),
        sky=sky,
        dense_depth_m=dense,
        scene="s",
        token="t",
        camera="c",
        timestamp_us=0,
        condition="day",
    )
    return frame, k


def test_the_crops_of_the_data_sets():
    assert crop_box((900, 1600), (384, 768)) == (100, 900, 0, 1600)
    assert crop_box((375, 1242), (384, 768)) == (0, 375, 246, 996)
    assert crop_box((384, 768), (384, 768)) == (0, 384, 0, 768)


@given(st.sampled_from(NATIVES), st.sampled_from(SIZES), st.integers(0, 999))
def test_points_move_as_reprojecting_with_the_new_intrinsics(native, size, seed):
    rng = np.random.default_rng(seed)
    xyz = rng.uniform((-20, -10, 2), (20, 10, 90), (30, 3))
    frame, k = make_frame(native, xyz)
    assume(len(frame.points))
    resized = resize_frame(frame, size)
    expected = project(xyz[in_view(project(xyz, k), native)], resized.intrinsics.numpy())
    u, v = expected[:, 0], expected[:, 1]
    inside = (u > -0.49) & (u < size[1] - 0.51) & (v > -0.49) & (v < size[0] - 0.51)
    kept = resized.points.numpy()
    for point in kept:  # each is one of the expected
        assert np.abs(expected - point).max(-1).min() < 2e-3
    for point in expected[inside]:  # each is there, or a nearer one in its pixel
        near = np.abs(kept[:, :2] - point[:2]).max(-1) < 1 + 1e-3
        assert kept[near, 2].min() < point[2] + 1e-3


@pytest.mark.parametrize("native", NATIVES)
def test_intrinsics_agree_with_what_the_image_resize_does_to_a_blob(native):
    """A bright blob around a projected point must be found where the new intrinsics say."""
    size = (96, 192)
    frame, k = make_frame(native, np.array([[2.0, 0.5, 20.0]]))
    u, v = frame.points[0, :2].tolist()
    rows, columns = np.mgrid[: native[0], : native[1]]
    sigma = native[0] / 20
    blob = 255 * np.exp(-((rows - v) ** 2 + (columns - u) ** 2) / (2 * sigma**2))
    top, bottom, left, right = box = crop_box(native, size)
    small = resize_image(blob[top:bottom, left:right].astype(np.float32), size)
    rows, columns = np.mgrid[: size[0], : size[1]]
    found = (columns * small).sum() / small.sum(), (rows * small).sum() / small.sum()
    expected = project(np.array([[2.0, 0.5, 20.0]]), resize_intrinsics(k, box, size))[0, :2]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_sky_and_dense_depth_stay_with_the_image():
    sky = torch.zeros(900, 1600, dtype=torch.bool)
    sky[:500] = True  # 400 of the 800 rows that stay
    dense = torch.arange(900.0)[:, None].expand(900, 1600).contiguous()
    frame, _ = make_frame((900, 1600), np.array([[0.0, 0.0, 5.0]]), sky, dense)
    resized = resize_frame(frame, (96, 192))
    assert resized.sky.sum(0).eq(48).all()
    assert resized.sky[:48].all()
    rows = torch.unique(resized.dense_depth_m)
    assert set(rows.tolist()) <= set(range(100, 900))  # sampled, never mixed
    centres = 100 + (torch.arange(96.0) + 0.5) * 800 / 96 - 0.5
    assert (resized.dense_depth_m[:, 0] - centres).abs().max() <= 0.5


def test_classes_are_sampled_and_never_mixed():
    frame, _ = make_frame((900, 1600), np.array([[0.0, 0.0, 5.0]]))
    classes = torch.where(torch.arange(900)[:, None] < 500, 3, 9).expand(900, 1600)
    resized = resize_frame(replace(frame, classes=classes.to(torch.uint8)), (96, 192)).classes
    assert resized.dtype == torch.uint8
    assert resized[:48].eq(3).all()  # 400 of the 800 rows that stay
    assert resized[48:].eq(9).all()


def test_shrinking_antialiases():
    stripes = np.zeros((800, 1600), np.float32)
    stripes[:, ::2] = 255
    assert np.ptp(resize_image(stripes, (96, 192))) < 25


@pytest.mark.parametrize("size", [(100, 200), (0, 32), (384, 770), (-32, 64)])
def test_sizes_must_be_multiples_of_32(size):
    frame, _ = make_frame((450, 800), np.array([[0.0, 0.0, 5.0]]))
    with pytest.raises(RigidDepthError, match=r"positive multiples of 32"):
        resize_frame(frame, size)
