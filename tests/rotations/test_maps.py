"""The maps onto SO(3) and back, against scipy, RoMa, the board formulas and hand-made cases."""

import itertools
import math

import numpy as np
import pytest
import roma
import sympy
import torch
from scipy.spatial.transform import Rotation, Slerp

import rigid_depth.rotations as rr
from rigid_depth.book.cells.teaching import rotation_formulas as board
from rigid_depth.errors import RigidDepthError

SEQUENCES = [
    "".join(axes)
    for axes in itertools.product("xyz", repeat=3)
    if axes[0] != axes[1] and axes[1] != axes[2]
]
ORDERS = SEQUENCES + [sequence.upper() for sequence in SEQUENCES]


def random_matrices(count=200):
    return rr.random_rotation(3, count, torch.Generator().manual_seed(1), dtype=torch.float64)


def as_scipy(matrix):
    return Rotation.from_matrix(matrix.numpy())


def same(actual, expected, atol=1e-12):
    torch.testing.assert_close(actual, torch.as_tensor(expected), atol=atol, rtol=0)


def test_plane_rotation_turns_x_to_y_and_is_the_z_block(generator):
    quarter = rr.rotation_matrix_2d(torch.tensor(math.pi / 2))
    same(quarter @ torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 1e-7)
    angle = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    same(rr.rotation_matrix_2d(angle), rr.axis_rotation(angle, "z")[..., :2, :2], 0)


@pytest.mark.parametrize("axis", "xyz")
def test_axis_rotation_is_scipys(axis, generator):
    angle = 5 * torch.randn(20, generator=generator, dtype=torch.float64)
    same(
        rr.axis_rotation(angle, axis), Rotation.from_euler(axis, angle.numpy()[:, None]).as_matrix()
    )


def test_axis_rotation_refuses_other_axes():
    with pytest.raises(RigidDepthError, match="x, y or z"):
        rr.axis_rotation(torch.zeros(()), "w")


@pytest.mark.parametrize("order", ORDERS)
def test_euler_angles_are_scipys_in_both_directions(order, generator):
    angles = 4 * torch.randn(100, 3, generator=generator, dtype=torch.float64)
    matrix = rr.euler_to_matrix(angles, order)
    same(matrix, Rotation.from_euler(order, angles.numpy()).as_matrix())
    same(rr.matrix_to_euler(matrix, order), as_scipy(matrix).as_euler(order), 1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("offset", [0.0, 1e-9, 1e-6, 1e-3])
def test_euler_angles_give_the_matrix_back_at_and_near_gimbal_lock(order, offset):
    locks = [0.0, math.pi] if order[0] == order[2] else [-math.pi / 2, math.pi / 2]
    for lock, dtype in itertools.product(locks, (torch.float32, torch.float64)):
        angles = torch.tensor([[0.7, lock + offset, -0.4], [0.0, lock - offset, 2.0]], dtype=dtype)
        matrix = rr.euler_to_matrix(angles, order)
        back = rr.euler_to_matrix(rr.matrix_to_euler(matrix, order), order)
        same(back, matrix, 20 * torch.finfo(dtype).eps)


@pytest.mark.filterwarnings("ignore:Gimbal lock")
@pytest.mark.parametrize("order", ["xyz", "XYZ", "zxz", "ZYZ"])
def test_third_euler_angle_is_zero_at_gimbal_lock_as_in_scipy(order):
    lock = 0.0 if order[0] == order[2] else math.pi / 2
    matrix = Rotation.from_euler(order, [0.7, lock, 0.3]).as_matrix().round(15)
    angles = rr.matrix_to_euler(torch.as_tensor(matrix), order)
    assert abs(angles[2]) < 1e-7
    same(angles, Rotation.from_matrix(matrix).as_euler(order), 1e-6)


@pytest.mark.parametrize("order", ["xy", "xxy", "xYz", "abc", ""])
def test_euler_orders_that_do_not_exist_are_refused(order):
    with pytest.raises(RigidDepthError, match="order must be"):
        rr.euler_to_matrix(torch.zeros(3), order)
    with pytest.raises(RigidDepthError, match="order must be"):
        rr.matrix_to_euler(torch.eye(3), order)


def test_expansion_of_equation_3_3_is_the_product_symbolically_and_in_code(generator):
    a, b, c = angles = sympy.symbols("a b c", real=True)
    product = sympy.rot_ccw_axis1(a) * sympy.rot_ccw_axis2(b) * sympy.rot_ccw_axis3(c)
    numbers = torch.randn(3, generator=generator, dtype=torch.float64)
    expected = np.array(sympy.lambdify(angles, product)(*numbers.tolist()), dtype=float)
    same(board.euler_matrix_expanded(numbers), expected)
    same(rr.euler_to_matrix(numbers, "XYZ"), expected)


def test_pair_of_section_3_6_3_is_one_rotation_in_its_order_only():
    first = torch.tensor([0, math.pi / 2, 0], dtype=torch.float64)
    second = torch.tensor([-math.pi / 2, math.pi / 2, -math.pi / 2], dtype=torch.float64)
    same(rr.euler_to_matrix(first), rr.euler_to_matrix(second), 1e-15)
    apart = rr.geodesic_distance(
        rr.euler_to_matrix(first, "XYZ"), rr.euler_to_matrix(second, "XYZ")
    )
    same(apart, torch.tensor(math.pi, dtype=torch.float64), 1e-7)


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e-4, 0.3, 0.32, 1.0, 3.0, 50.0])
def test_rotation_vector_is_scipys_and_rodrigues(scale, generator):
    vector = scale * torch.randn(50, 3, generator=generator, dtype=torch.float64)
    matrix = rr.rotvec_to_matrix(vector)
    same(matrix, Rotation.from_rotvec(vector.numpy()).as_matrix(), 1e-13)
    if scale > 1e-9:
        same(matrix, board.rodrigues(vector), 1e-13)


def test_rotation_vector_of_a_matrix_is_scipys():
    matrix = random_matrices()
    same(rr.matrix_to_rotvec(matrix), as_scipy(matrix).as_rotvec(), 1e-12)
    same(rr.matrix_to_rotvec(torch.eye(3)), torch.zeros(3), 0)
    half_turn = torch.diag(torch.tensor([-1.0, -1.0, 1.0]))
    same(rr.rotvec_to_matrix(rr.matrix_to_rotvec(half_turn)), half_turn, 1e-6)


def test_quaternion_to_matrix_is_scipys_for_any_length(generator):
    quaternion = torch.randn(100, 4, generator=generator, dtype=torch.float64)
    expected = Rotation.from_quat(quaternion.numpy(), scalar_first=True).as_matrix()
    for factor in (1.0, -1.0, 1e-200, 1e200):
        same(rr.quaternion_to_matrix(factor * quaternion), expected)
    same(rr.quaternion_to_matrix(torch.zeros(4)), torch.eye(3), 0)


def test_matrix_to_quaternion_is_scipys():
    matrix = random_matrices()
    expected = as_scipy(matrix).as_quat(canonical=True, scalar_first=True)
    same(rr.matrix_to_quaternion(matrix), expected)


def test_quaternions_multiply_and_rotate_as_matrices_do(generator):
    p, q = torch.randn(2, 20, 4, generator=generator, dtype=torch.float64)
    point = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    product = rr.quaternion_to_matrix(rr.quaternion_multiply(p, q))
    same(product, rr.quaternion_to_matrix(p) @ rr.quaternion_to_matrix(q))
    turned = (rr.quaternion_to_matrix(q) @ point[..., None])[..., 0]
    same(rr.quaternion_rotate(q, point), turned)
    i, j, k = torch.eye(4, dtype=torch.float64)[1:]
    same(rr.quaternion_multiply(i, j), k, 0)
    same(rr.quaternion_multiply(j, i), -k, 0)


def test_slerp_is_scipys_and_romas(generator):
    start, end = torch.nn.functional.normalize(
        torch.randn(2, 30, 4, generator=generator, dtype=torch.float64), dim=-1
    )
    for fraction in (0.0, 0.25, 0.9, 1.0, 1.3):
        middle = rr.slerp(start, end, fraction)
        xyzw = [roma.quat_wxyz_to_xyzw(q) for q in (start, end)]
        theirs = roma.unitquat_slerp(*xyzw, torch.tensor([fraction], dtype=torch.float64), True)[0]
        same(middle, roma.quat_xyzw_to_wxyz(theirs))
    ends = Rotation.from_quat(torch.stack((start[0], end[0])).numpy(), scalar_first=True)
    expected = Slerp([0, 1], ends)(0.4).as_matrix()
    same(rr.quaternion_to_matrix(rr.slerp(start[0], end[0], 0.4)), expected)


def test_slerp_of_equal_and_of_opposite_quaternions():
    q = torch.tensor([0.6, 0.0, 0.8, 0.0])
    same(rr.slerp(q, q, 0.3), q, 1e-7)
    same(rr.slerp(q, -q, 0.3), q, 1e-7)
    same(rr.slerp(q, -q, 0.5, shortest=False), torch.zeros(4), 1e-6)
    long_way = rr.slerp(q, torch.tensor([-0.8, 0.0, 0.6, 0.0]), 0.5, shortest=False)
    same(long_way.norm(), torch.tensor(1.0), 1e-6)


def test_sixd_is_romas_and_gram_schmidt(generator):
    columns = torch.randn(100, 3, 2, generator=generator, dtype=torch.float64)
    matrix = rr.sixd_to_matrix(columns)
    same(matrix, roma.special_gramschmidt(columns), 1e-10)
    same(matrix[..., :2], rr.gram_schmidt(columns), 1e-10)
    same(rr.sixd_to_matrix(rr.matrix_to_sixd(matrix)), matrix)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "columns",
    [
        [[0, 0], [0, 0], [0, 0]],
        [[0, 1], [0, 2], [0, 3]],
        [[1, 0], [2, 0], [3, 0]],
        [[1, -2], [2, -4], [3, -6]],
        [[1, 1], [0, 1e-20], [0, 0]],
        [[1e-30, 1e30], [0, 1e30], [0, 0]],
        [[1, 1 + 1e-6], [2, 2], [3, 3 - 2e-6]],
    ],
)
def test_sixd_gives_a_rotation_for_degenerate_vectors(columns, dtype):
    given = torch.tensor(columns, dtype=dtype)
    matrix = rr.sixd_to_matrix(given)
    assert rr.is_rotation(matrix, 8 * torch.finfo(dtype).eps)
    among_many = torch.cat((given[None], torch.randn(5000, 3, 2).to(dtype)))
    same(rr.sixd_to_matrix(among_many)[0], matrix, 1e-9)


def test_five_and_ten_numbers_reach_every_rotation(generator):
    matrix = random_matrices()
    numbers = rr.matrix_to_fived(matrix)
    assert numbers.shape == (200, 5)
    same(rr.fived_to_matrix(numbers), matrix)
    # The 10 numbers: minus q q^T has q as the eigenvector of its smallest eigenvalue.
    xyzw = torch.as_tensor(as_scipy(matrix).as_quat())
    rows, columns = torch.triu_indices(4, 4)
    ten = -(xyzw[:, rows] * xyzw[:, columns])
    same(rr.symmetric10_to_matrix(ten), matrix, 1e-9)
    random_ten = torch.randn(50, 10, generator=generator, dtype=torch.float64)
    assert rr.is_rotation(rr.symmetric10_to_matrix(random_ten), 1e-10).all()
    random_five = torch.randn(50, 5, generator=generator, dtype=torch.float64)
    assert rr.is_rotation(rr.fived_to_matrix(random_five), 1e-12).all()
    assert rr.is_rotation(rr.fived_to_matrix(torch.zeros(5)), 1e-6)
