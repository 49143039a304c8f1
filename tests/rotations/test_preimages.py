"""Pre-images of the maps onto SO(3) against their closed forms, and Table 3.1 cell by cell."""

import math

import pytest
import torch

import rigid_depth.rotations as rr
from rigid_depth.rotations import preimages

MAPS = {  # function, count of numbers, whether the length of the input does not matter
    "euler": (rr.euler_to_matrix, 3, False),
    "rotvec": (rr.rotvec_to_matrix, 3, False),
    "quaternion": (rr.quaternion_to_matrix, 4, True),
    "6D": (lambda x: rr.sixd_to_matrix(x.unflatten(-1, (3, 2))), 6, True),
    "9D": (lambda x: rr.special_procrustes(x.unflatten(-1, (3, 3))), 9, True),
    "5D": (rr.fived_to_matrix, 5, True),
    "10D": (rr.symmetric10_to_matrix, 10, True),
}
RIGHT_INVERSES = {
    "euler": rr.matrix_to_euler,
    "rotvec": rr.matrix_to_rotvec,
    "quaternion": rr.matrix_to_quaternion,
    "6D": lambda r: rr.matrix_to_sixd(r).flatten(-2),
    "9D": lambda r: r.flatten(-2),
    "5D": rr.matrix_to_fived,
    "10D": lambda r: minus_outer_product(rr.matrix_to_quaternion(r)),
}
TABLE = {  # surjective, full rank, connected: the thesis has "yes" in the last cell of quaternions
    "euler": (True, False, False),
    "rotvec": (True, False, False),
    "quaternion": (True, True, False),
    "6D": (True, True, True),
    "9D": (True, True, True),
    "5D": (True, True, True),
    "10D": (True, True, True),
}


def minus_outer_product(quaternion):
    """The upper triangle of -p p^T, p in the order of RoMa (w last)."""
    xyzw = quaternion.roll(-1, -1)
    rows, columns = torch.triu_indices(4, 4)
    return -xyzw[..., rows] * xyzw[..., columns]


def sample(name, generator, count=24):
    function, size, relative = MAPS[name]
    starts = torch.randn(count, size, generator=generator, dtype=torch.float64)
    return function, starts * (1 if relative else 3), relative


def target_rotation(generator):
    return rr.random_rotation(3, (), generator, dtype=torch.float64)


@pytest.mark.parametrize("name", MAPS)
def test_surjective_column_of_table_3_1(name, generator):
    matrix = rr.random_rotation(3, 500, generator, dtype=torch.float64)
    special = torch.diag_embed(
        torch.tensor([[1.0, 1, 1], [-1, -1, 1], [1, -1, -1]], dtype=torch.float64)
    )
    matrix = torch.cat((matrix, special))
    back = MAPS[name][0](RIGHT_INVERSES[name](matrix))
    assert (rr.geodesic_distance(back, matrix).max().item() < 1e-6) == TABLE[name][0]


@pytest.mark.parametrize("name", MAPS)
def test_full_rank_column_of_table_3_1(name, generator):
    function, starts, relative = sample(name, generator, 256)
    value, point = preimages.weakest_response(function, starts, generator, relative)
    loses_rank = value < 1e-9 and preimages.wobble(function, point, generator) < 1e-3
    assert loses_rank != TABLE[name][1]


@pytest.mark.parametrize("name", MAPS)
def test_connected_column_of_table_3_1(name, generator):
    function, starts, _ = sample(name, generator)
    target = target_rotation(generator)
    points = preimages.pre_image(function, target, starts)
    assert len(points) > 12
    parts = preimages.connected_parts(function, target, points, generator)
    assert (parts == 1) == TABLE[name][2]


def test_the_two_parts_of_the_quaternions_are_their_signs(generator):
    function, starts, _ = sample("quaternion", generator)
    target = target_rotation(generator)
    points = preimages.pre_image(function, target, starts)
    q = rr.matrix_to_quaternion(target)
    lengths = points @ q
    torch.testing.assert_close(points, lengths[:, None] * q, atol=1e-8, rtol=0)
    assert {-1.0, 1.0} == set(lengths.sign().tolist())
    assert preimages.connected_parts(function, target, points, generator) == 2
    for sign in (-1, 1):
        half = points[lengths.sign() == sign]
        assert preimages.connected_parts(function, target, half, generator) == 1


def test_pre_images_of_euler_angles_and_rotation_vectors_are_isolated_points(generator):
    target = target_rotation(generator)
    function, starts, _ = sample("euler", generator)
    points = preimages.pre_image(function, target, starts)
    a, b, c = rr.matrix_to_euler(target).tolist()
    first = torch.tensor([a, b, c], dtype=torch.float64)
    second = torch.tensor([a + math.pi, math.pi - b, c + math.pi], dtype=torch.float64)
    turns = [(points - root) / (2 * math.pi) for root in (first, second)]
    whole = [(turn - turn.round()).abs().amax(-1) < 1e-9 for turn in turns]
    assert (whole[0] ^ whole[1]).all()

    function, starts, _ = sample("rotvec", generator)
    points = preimages.pre_image(function, target, starts)
    vector = rr.matrix_to_rotvec(target)
    axis = vector / vector.norm()
    turns = (points @ axis - vector.norm()) / (2 * math.pi)
    torch.testing.assert_close(points, (points @ axis)[:, None] * axis, atol=1e-8, rtol=0)
    torch.testing.assert_close(turns, turns.round(), atol=1e-9, rtol=0)


@pytest.mark.parametrize(
    ("name", "convex"), [("6D", True), ("9D", True), ("10D", True), ("5D", False)]
)
def test_convex_pre_images_hold_their_straight_ways(name, convex, generator):
    function, starts, _ = sample(name, generator)
    target = target_rotation(generator)
    points = preimages.pre_image(function, target, starts)
    i, j = torch.triu_indices(len(points), len(points), 1)
    largest = preimages.swing(function, target, points[i], points[j], generator, bend=0).max()
    assert (largest.item() < 1e-5) == convex


@pytest.mark.parametrize(
    ("name", "weakest"),
    [("euler", 0), ("rotvec", 0), ("quaternion", 8**0.5), ("9D", 2**0.5), ("6D", 2**0.5)],
)
def test_weakest_responses_are_those_of_the_closed_forms(name, weakest, generator):
    function, starts, relative = sample(name, generator, 256)
    value, point = preimages.weakest_response(function, starts, generator, relative)
    assert value == pytest.approx(weakest, abs=2e-3)
    if name == "euler":
        assert abs(math.cos(point[1])) < 1e-6
    if name == "rotvec":
        assert (point.norm().item() / (2 * math.pi)) % 1 == pytest.approx(0, abs=1e-6) or (
            point.norm().item() / (2 * math.pi)
        ) % 1 == pytest.approx(1, abs=1e-6)


def test_singular_values_of_the_jacobians_are_those_of_the_closed_forms(generator):
    beta, theta = 1.1, 2.5
    values = {
        "euler": torch.tensor([0.3, beta, -2.0]),
        "rotvec": theta * torch.tensor([2.0, -1.0, 2.0]) / 3,
        "quaternion": torch.tensor([0.5, 1.0, -2.0, 0.3]),
        "9D": torch.randn(9, generator=generator),
    }
    s = torch.linalg.svdvals(values["9D"].double().reshape(3, 3))
    s[2] *= torch.linalg.det(values["9D"].double().reshape(3, 3)).sign()
    length = values["quaternion"].norm().item()
    expected = {
        "euler": [math.sqrt(2 + 2 * math.sin(beta)), 2**0.5, math.sqrt(2 - 2 * math.sin(beta))],
        "rotvec": [2**0.5] + [8**0.5 * math.sin(theta / 2) / theta] * 2,
        "quaternion": [8**0.5 / length] * 3,
        "9D": [2 / (s[1] + s[2]), 2 / (s[0] + s[2]), 2 / (s[0] + s[1])],
    }
    for name, point in values.items():
        ours = rr.jacobian_singular_values(MAPS[name][0], point.double())[:3]
        torch.testing.assert_close(
            ours, torch.tensor([float(x) for x in expected[name]]).double(), atol=1e-6, rtol=0
        )


def full_turn(generator, count):
    angle = torch.linspace(0, 2 * math.pi, count + 1, dtype=torch.float64)
    axis = torch.tensor([2.0, 1.0, 2.0], dtype=torch.float64) / 3
    return rr.rotvec_to_matrix(angle[:, None] * axis) @ target_rotation(generator)


@pytest.mark.parametrize("name", MAPS)
def test_ways_back_of_three_and_four_numbers_jump_and_of_five_and_more_do_not(name):
    steps = [
        RIGHT_INVERSES[name](full_turn(torch.Generator().manual_seed(1), count))
        .diff(dim=0).norm(dim=-1).max().item()
        for count in (720, 7200)
    ]  # fmt: skip
    assert (steps[1] > 0.5 * steps[0]) == (MAPS[name][1] < 5)


def test_a_quaternion_followed_through_a_full_turn_comes_home_as_its_opposite(generator):
    followed = rr.matrix_to_quaternion(full_turn(generator, 720))
    for i in range(1, len(followed)):
        followed[i] *= (followed[i] @ followed[i - 1]).sign()
    assert followed.diff(dim=0).norm(dim=-1).max() < 0.01
    torch.testing.assert_close(followed[-1], -followed[0], atol=1e-9, rtol=0)


def test_every_way_from_a_quaternion_to_its_opposite_leaves_the_pre_image(generator):
    target = target_rotation(generator)
    q = rr.matrix_to_quaternion(target)
    ways = preimages.swing(
        rr.quaternion_to_matrix, target, q.expand(20, 4), -0.7 * q.expand(20, 4), generator,
        samples=5001,
    )  # fmt: skip
    assert (ways.amax(-1).rad2deg() > 175).all()
