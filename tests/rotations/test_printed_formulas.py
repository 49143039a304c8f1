"""Printed formulas of sections 3.1 to 3.6.4 that fail, each shown to fail, beside what holds."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

import rigid_depth.rotations as rr
from rigid_depth.book.cells.teaching.rotation_formulas import alignment_by_algorithm_1, rodrigues


def rotation_of(seed: int, n: int = 3) -> torch.Tensor:
    return rr.random_rotation(n, generator=torch.Generator().manual_seed(seed)).double()


def clouds(seed: int, mirrored: bool, d: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Forty points and their image under y = 1.7 Q x + t, with noise; Q turns, or mirrors too."""
    generator = torch.Generator().manual_seed(seed)
    q = rr.random_rotation(d, generator=generator, dtype=torch.float64)
    q = torch.cat((-q[:, :1], q[:, 1:]), 1) if mirrored else q
    x, noise = torch.randn(2, 40, d, generator=generator, dtype=torch.float64)
    return x + 2, 1.7 * (x + 2) @ q.T + 0.1 * noise + 3


def cost(rotation, scale, shift, x, y) -> float:
    return (scale * x @ rotation.T + shift - y).square().sum(1).mean().item()


def listing_3_1(x, y):
    """The printed lines."""
    mean_x, mean_y = x.mean(1, keepdim=True), y.mean(1, keepdim=True)
    u, s, vh = torch.linalg.svd((x - mean_x).mT @ (y - mean_y))
    r = vh.mT @ u.mT
    r = r * (torch.det(r) < 0)[:, None, None]
    s = s.sum(1) / (x - mean_x).square().sum((1, 2))
    return r, s, mean_y[:, 0] - s[:, None] * (r @ mean_x.mT)[..., 0]


def test_rigid_motions_keep_distances_and_equal_centroids_fix_no_rotation():
    x, _ = clouds(0, mirrored=False)
    moved = x @ rotation_of(1).T + 5
    torch.testing.assert_close(torch.pdist(moved), torch.pdist(x), atol=1e-6, rtol=0)
    centred = moved - moved.mean(0)
    turned = centred @ rotation_of(2).T
    assert turned.mean(0).norm() < 1e-6
    assert (turned - centred).square().sum(1).mean() > 1


def test_expansion_printed_below_equation_3_3_is_no_rotation():
    def printed(a):
        (cx, cy, cz), (sx, sy, sz) = np.cos(a), np.sin(a)
        return np.array(
            [
                [cz * cy * cx - sz * sy, -cz * cy * sx - sz * cy, cz * sy],
                [sz * cy * cx + cz * sy, -sz * cy * sx + cz * cy, -sz * sy],
                [-sy, cy, 0],
            ]
        )

    assert np.linalg.det(printed(np.zeros(3))) == 0
    angles = np.random.default_rng(0).uniform(-3, 3, (50, 3))
    right = Rotation.from_euler("XYZ", angles).as_matrix()
    off = [np.abs(p.T @ p - np.eye(3)).max() for p in map(printed, angles)]
    assert np.median(off) > 0.5
    entries = [np.abs(printed(a) - r) for a, r in zip(angles, right, strict=True)]
    assert (np.max(entries, axis=0) > 0.5).all()  # none of the nine is the same function


def test_gimbal_lock_takes_a_direction_but_no_rotation_and_only_the_inverse_explodes():
    sample = rr.random_rotation(3, 1000, torch.Generator().manual_seed(0), dtype=torch.float64)
    back = Rotation.from_euler("xyz", rr.matrix_to_euler(sample).numpy()).as_matrix()
    torch.testing.assert_close(torch.as_tensor(back), sample, atol=1e-12, rtol=0)
    for middle in np.radians([0, 60, 89, 89.99, 90]):
        angles = torch.tensor([0.5, middle, -0.9], dtype=torch.float64)
        values = rr.jacobian_singular_values(rr.euler_to_matrix, angles)
        s = abs(math.sin(middle))
        expected = torch.tensor([2 + 2 * s, 2, 2 - 2 * s], dtype=torch.float64).sqrt()
        torch.testing.assert_close(values, expected, atol=1e-7, rtol=0)
    near, step = torch.tensor([0.5, math.radians(89.99), -0.9], dtype=torch.float64), 1e-7
    matrix = rr.euler_to_matrix(near)
    lost = matrix[:, 0] + torch.tensor([0.0, 0, 1]).double()
    nudged = Rotation.from_rotvec((step * lost / lost.norm()).numpy()).as_matrix() @ matrix.numpy()
    moved = Rotation.from_matrix(nudged).as_euler("xyz") - near.numpy()
    assert np.linalg.norm(moved) / step == pytest.approx(8103, rel=0.01)


def test_the_other_triple_of_euler_angles_is_isolated_and_the_way_back_jumps():
    angles = torch.tensor([0.4, 0.7, -1.0], dtype=torch.float64)
    twin = torch.stack((angles[0] + math.pi, math.pi - angles[1], angles[2] + math.pi))
    first, second = (Rotation.from_euler("xyz", a.numpy()) for a in (angles, twin))
    assert (first.inv() * second).magnitude() < 1e-12
    assert all(rr.jacobian_rank(rr.euler_to_matrix, a) == 3 for a in (angles, twin))
    around = torch.tensor([[0.1, 0.3, math.pi + d] for d in (-1e-3, 1e-3)], dtype=torch.float64)
    assert rr.matrix_to_euler(rr.euler_to_matrix(around)).diff(dim=0).norm() > 6


def test_straight_lines_of_angles_are_longer_and_less_even_than_slerp():
    ends = Rotation.from_euler("xyz", [[-100, -20, 10], [60, 60, 100]], degrees=True)
    f = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None]
    start, end = torch.as_tensor(ends.as_euler("xyz"))
    by_angles = rr.euler_to_matrix((1 - f) * start + f * end)
    quaternions = torch.as_tensor(ends.as_quat(scalar_first=True))[:, None].expand(-1, 50, -1)
    by_slerp = rr.quaternion_to_matrix(rr.slerp(*quaternions, f[:, 0]))
    angles, slerp = (rr.geodesic_distance(way[:-1], way[1:]) for way in (by_angles, by_slerp))
    assert slerp.sum().item() == pytest.approx((ends[0].inv() * ends[1]).magnitude())
    assert slerp.max() / slerp.min() == pytest.approx(1)
    assert angles.sum() > 1.2 * slerp.sum()
    assert angles.max() > 1.5 * angles.min()


def test_rodrigues_parameters_are_the_tangent_of_half_the_angle():
    axis, angle = torch.tensor([2.0, -1, 2]).double() / 3, 1.2
    skew = torch.linalg.cross(axis.expand(3, 3), torch.eye(3).double()).mT
    right = Rotation.from_rotvec(angle * axis.numpy()).as_matrix()
    torch.testing.assert_close(rodrigues(angle * axis), torch.as_tensor(right))
    torch.testing.assert_close(torch.linalg.matrix_exp(angle * skew), torch.as_tensor(right))
    eye = torch.eye(3).double()
    for length, is_right in ((math.tan(angle / 2), True), (angle, False)):
        cayley = torch.linalg.solve(eye - length * skew, eye + length * skew)
        assert torch.allclose(cayley, torch.as_tensor(right)) == is_right


def test_equation_3_5_needs_a_unit_quaternion_and_the_normalised_map_does_not():
    q = torch.tensor([0.5, -0.5, 0.5, 0.5]).double()
    w, x, y, z = 2 * q
    printed = torch.stack(
        (
            torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y))),
            torch.stack((2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x))),
            torch.stack((2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y))),
        )
    )
    assert printed.det() > 2
    torch.testing.assert_close(rr.quaternion_to_matrix(2 * q), rr.quaternion_to_matrix(q))


def test_matrix_logarithm_joins_rotations_inside_the_group_and_no_path_leads_to_reflections():
    first, second = rotation_of(0, 5), rotation_of(1, 5)
    log = rr.rotation_log(first.T @ second)
    path = torch.stack([first @ torch.linalg.matrix_exp(f * log) for f in torch.linspace(0, 1, 9)])
    assert rr.is_rotation(path, 1e-5).all()
    torch.testing.assert_close(path[-1], second, atol=1e-5, rtol=0)
    mirrored = torch.cat((-second[:, :1], second[:, 1:]), 1)
    assert torch.linalg.det(first) * torch.linalg.det(mirrored) < 0


def test_shift_of_algorithm_1_belongs_to_the_corrected_model_and_rows_need_the_transpose():
    x, y = clouds(3, mirrored=False)
    rotation, scale, shift = alignment_by_algorithm_1(x, y)
    best = cost(rotation, scale, shift, x, y)
    assert best < 0.05
    assert cost(rotation, scale, scale * (shift / scale), x, y) == pytest.approx(best)
    assert cost(rotation, scale, scale * shift, x, y) > 100 * best  # s (R x + T), equation 3.7
    assert cost(rotation.T, scale, shift, x, y) > 100 * best  # s X R + T


@pytest.mark.parametrize("d", [2, 3, 16])
def test_algorithm_1_flips_the_wrong_column_and_counts_it_in_the_scale(d):
    for seed in range(20):
        x, y = clouds(seed, mirrored=True, d=d)
        x, y = x - x.mean(0), y - y.mean(0)
        u, sigma, vh = torch.linalg.svd(x.T @ y)
        printed = vh.T @ u.T
        assert printed.det() < 0
        printed[:, -1] *= -1
        ours = rr.procrustes_alignment(x, y)
        with_theirs, with_ours = (
            (r * (y.T @ x)).sum() / x.square().sum() for r in (printed, ours.rotation)
        )
        assert rr.is_rotation(printed)
        assert with_ours > with_theirs  # the larger trace is the smaller cost
        torch.testing.assert_close(ours.scale, with_ours)
        assert sigma.sum() / x.square().sum() > ours.scale


def test_no_computed_determinant_can_be_asked_to_be_one():
    sample = rr.random_rotation(3, 1000, torch.Generator().manual_seed(0), dtype=torch.float64)
    assert (torch.linalg.det(sample) != 1).float().mean() > 0.5


def test_listing_3_1_returns_zero_for_rotations_and_keeps_reflections():
    for mirrored in (False, True):
        pairs = [clouds(seed, mirrored) for seed in range(8)]
        x, y = (torch.stack(part) for part in zip(*pairs, strict=True))
        rotation, scale, shift = listing_3_1(x, y)
        if mirrored:
            torch.testing.assert_close(rotation.det(), -torch.ones(8).double())
        else:
            assert (rotation == 0).all()
            torch.testing.assert_close(shift, y.mean(1))
            expected = rr.procrustes_alignment(x, y).scale
            torch.testing.assert_close(scale, expected)  # right where nothing is flipped


def test_torch_svd_returns_v_itself_as_the_listing_expects():
    matrix = torch.randn(5, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    u, _, v = torch.svd(matrix)
    uu, _, vh = torch.linalg.svd(matrix)
    torch.testing.assert_close(v @ u.mT, vh.mT @ uu.mT)


@pytest.mark.parametrize(("limit_deg", "stretch"), [(45, 1.001), (90, 1.01), (180, None)])
def test_lines_of_rotation_vectors_are_near_the_shortest_path_up_to_90_degrees(limit_deg, stretch):
    rng = np.random.default_rng(0)
    ends = Rotation.random(600, rng=rng).as_rotvec().reshape(2, 300, 3)
    limits = math.radians(limit_deg) * rng.uniform(size=(2, 300, 1))
    ends *= limits / np.linalg.norm(ends, axis=-1, keepdims=True)
    share = np.linspace(0, 1, 101)[:, None, None]
    path = (1 - share) * ends[0] + share * ends[1]

    def between(first, second):
        first, second = (Rotation.from_rotvec(v.reshape(-1, 3)) for v in (first, second))
        return (first.inv() * second).magnitude().reshape(-1, 300)

    step = between(path[:-1], path[1:])
    longer = step.sum(0) / between(path[0], path[-1])[0]
    if stretch:
        assert longer.max() < stretch
        assert (step.max(0) / step.min(0)).max() < stretch
    else:
        assert 0.05 < (longer > 1.1).mean() < 0.3
        assert longer.max() > 2


def test_the_line_between_two_names_of_nearly_a_half_turn_goes_the_long_way():
    u = np.array([2.0, -1.0, 2.0]) / 3
    first, second = math.radians(179) * u, -math.radians(179) * u
    near = (Rotation.from_rotvec(first).inv() * Rotation.from_rotvec(second)).magnitude()
    assert math.degrees(near) == pytest.approx(2)
    path = Rotation.from_rotvec(np.linspace(first, second, 101))
    length = (path[:-1].inv() * path[1:]).magnitude().sum()
    assert math.degrees(length) == pytest.approx(358)
