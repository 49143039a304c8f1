"""Rays, texture coordinates and LiDAR beams against plain geometry."""

import numpy as np
import pytest

from street_world import lidar, mesh, rays, shading, vectors


@pytest.fixture
def heap():
    """Some boxes above a plane, and one of them moving."""
    draw = np.random.default_rng(3).uniform
    low = draw(-10, 10, (60, 3)) + np.array([0, 0, 25])
    still = mesh.merge(
        [
            mesh.box([-40, 3, -10], [40, 4, 90], 0, 0.5),
            mesh.box(low, low + draw(0.5, 3, (60, 3)), 3, 0.2),
        ]
    )
    return still, mesh.box([-1, -1, 10], [1, 1, 12], 5, 0.7)


def test_sparse_camera_rays_equal_dense_ones(heap):
    still, moving = heap
    scene = rays.Geometry(
        rays.build(still.triangles), rays.build(moving.triangles), len(still.material)
    )
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 161), np.linspace(-0.4, 0.4, 121))
    directions = np.stack([u, v, np.ones_like(u)]).astype(np.float32)
    depth, triangle = rays.camera_hits(scene, np.zeros(3), directions)
    distance, expected = rays.first_hits(scene, np.zeros(3), directions.reshape(3, -1))
    same = triangle.ravel() == expected
    assert same.mean() > 0.995
    assert (expected >= len(still.material)).any()
    assert (expected < 0).any()
    hit = same & (expected >= 0)
    np.testing.assert_allclose(depth.ravel()[hit], distance[hit], rtol=2e-5)
    assert (depth.ravel()[triangle.ravel() < 0] == 0).all()


def test_texture_coordinates_are_affine_in_the_point(heap):
    still, _ = heap
    table = shading.surface_table(still).astype(float)
    weights = np.random.default_rng(0).dirichlet([1, 1, 1], len(still.material))
    point = np.einsum("fk,fkj->jf", weights, still.triangles.astype(float))
    period = shading.materials.PERIOD_M[still.material]
    expected = np.einsum("fk,fkj->jf", weights, still.uv.astype(float)) / period
    u, v = vectors.dot(table[6:9], point) + table[9], vectors.dot(table[10:13], point) + table[13]
    np.testing.assert_allclose([u, v], expected, atol=1e-4)


def test_beams_turn_clockwise_in_rings():
    directions = lidar.beam_directions()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), 1, atol=1e-6)
    turn = directions.reshape(3, lidar.AZIMUTHS, lidar.BEAMS)
    azimuth = np.unwrap(np.arctan2(turn[1, :, 0], turn[0, :, 0]))
    assert (np.diff(azimuth) < 0).all()
    assert (np.diff(turn[2, 0]) > 0).all()
