import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from rigid_depth.data.projection import in_view, nearest_per_pixel, project, transform

K = np.array([[1266.4, 0, 816.3], [0, 1266.4, 491.5], [0, 0, 1.0]])
clouds = arrays(np.float64, st.tuples(st.integers(0, 40), st.just(3)), elements=st.floats(-50, 50))


@given(clouds, st.integers(0, 99))
def test_transform_is_scipys(cloud, seed):
    rng = np.random.default_rng(seed)
    rotation, shift = Rotation.random(random_state=seed), rng.normal(size=3)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation.as_matrix(), shift
    expected = rotation.apply(cloud) + shift if len(cloud) else cloud
    np.testing.assert_allclose(transform(cloud, matrix), expected, atol=1e-9)


def test_project_by_hand_with_3x3_and_3x4():
    cloud = np.array([[1.0, -2.0, 4.0]])
    np.testing.assert_allclose(project(cloud, K), [[816.3 + 1266.4 / 4, 491.5 - 1266.4 / 2, 4.0]])
    full = np.column_stack([K, [45.0, 0.2, 0.003]])  # as KITTI's P_rect_02
    u, v = (1266.4 + 816.3 * 4 + 45) / 4.003, (-2 * 1266.4 + 491.5 * 4 + 0.2) / 4.003
    np.testing.assert_allclose(project(cloud, full), [[u, v, 4.0]])


def test_in_view_cuts_depth_and_border():
    uvd = np.array(
        [
            *([5, 5, 1.0], [5, 5, 1.001], [5, 5, 100], [5, 5, 100.1], [1, 5, 9], [1.1, 5, 9]),
            *([8.9, 5, 9], [9, 5, 9], [5, 1, 9], [5, 8.9, 9], [5, 9, 9], [np.nan, np.nan, -4]),
        ]
    )
    assert np.flatnonzero(in_view(uvd, (10, 10))).tolist() == [1, 2, 5, 6, 9]


def test_a_point_behind_the_camera_is_not_in_view():
    uvd = project(np.array([[0.0, 0.0, -5.0], [0.0, 0.0, 0.0]]), K)
    assert not in_view(uvd, (900, 1600)).any()


@given(arrays(np.float64, st.tuples(st.integers(0, 60), st.just(3)), elements=st.floats(1, 9)))
def test_nearest_per_pixel_is_brute_force(uvd):
    nearest = {}
    for u, v, d in uvd.astype(np.float32):
        pixel = (int(np.floor(v + np.float32(0.5))), int(np.floor(u + np.float32(0.5))))
        nearest[pixel] = min(d, nearest.get(pixel, np.inf))
    kept = nearest_per_pixel(uvd, 16)
    assert len(kept) == len(nearest)
    for u, v, d in kept:
        pixel = (int(np.floor(v + np.float32(0.5))), int(np.floor(u + np.float32(0.5))))
        assert nearest[pixel] == d
