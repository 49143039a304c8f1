"""One rule for all maps: of types, of NaN, of shapes that broadcast, of matrices no rotation."""

import itertools

import pytest
import torch
from rotation_cases import CASES, call, close

import rigid_depth.rotations as rr
from rigid_depth.errors import RigidDepthError
from rigid_depth.latents import fit_map
from rigid_depth.rotations.preimages import pre_image

SIMILARITY = rr.Similarity(torch.eye(3), torch.tensor(1.0), torch.zeros(3))
WITHOUT_TENSORS = {"Similarity", "degrees_of_freedom", "random_rotation"}
TAKE_A_FUNCTION = {"jacobian_rank", "jacobian_singular_values"}
MORE_CASES = {
    "axis_rotation": (torch.tensor([[0.3, 2.0]]), "y"),
    "is_rotation": (rr.random_rotation(3, (2, 4)),),
    "check_rotation": (rr.random_rotation(3, (2, 4)),),
    "rotation_log": (rr.random_rotation(4, (2, 4), torch.Generator().manual_seed(1)),),
    "matrix_to_sixd": (rr.random_rotation(3, (2, 4)),),
}
ALL_CASES = {**CASES, **MORE_CASES}
TWO = {name: inputs for name, inputs in CASES.items() if len(inputs) >= 2}
TWO = {name: inputs for name, inputs in TWO.items() if "procrustes" not in name}
TWO.pop("extend_orthonormal")


def test_every_public_function_has_a_case():
    covered = {name.split()[0] for name in ALL_CASES} | WITHOUT_TENSORS | TAKE_A_FUNCTION
    assert covered == set(rr.__all__)


def cast(inputs, dtype):
    return [value.to(dtype) if torch.is_tensor(value) else value for value in inputs]


@pytest.mark.parametrize("name", ALL_CASES)
def test_integers_are_the_numbers_they_stand_for(name):
    whole = [t.mul(3).round() if torch.is_tensor(t) else t for t in ALL_CASES[name]]
    if name in (
        "gram_schmidt",
        "extend_orthonormal",
        "check_rotation",
    ):  # they refuse most integers
        whole = [torch.eye(3)[:, :1], torch.eye(3)[1]][: len(whole)]
    if name == "check_rotation":
        whole = [torch.eye(3)]
    expected = call(name, whole)
    actual = call(name, cast(whole, torch.int64))
    assert [a.dtype for a in actual] == [e.dtype for e in expected]
    close(actual, expected, 0)


@pytest.mark.parametrize("name", ALL_CASES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_numbers_are_computed_and_returned_in_32(name, dtype):
    inputs = cast(ALL_CASES[name], dtype)
    if name == "check_rotation":
        inputs = [torch.eye(3, dtype=dtype)]
    actual = call(name, inputs)
    assert all(output.dtype in (torch.float32, torch.bool) for output in actual)
    close(actual, call(name, cast(inputs, torch.float32)), 0)


@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name]) > 1])
def test_float32_meets_float64_in_float64(name):
    first, *rest = CASES[name]
    actual = call(name, (first, *cast(rest, torch.float64)))
    assert all(output.dtype == torch.float64 for output in actual)
    close(actual, call(name, cast(CASES[name], torch.float64)), 0)


@pytest.mark.parametrize("name", ALL_CASES)
def test_complex_numbers_are_refused_in_one_sentence(name):
    with pytest.raises(RigidDepthError, match="real numbers"):
        call(name, cast(ALL_CASES[name], torch.complex64))


def test_similarity_moves_points_of_any_type_in_full_precision():
    turn = rr.rotvec_to_matrix(torch.tensor([0.3, -0.2, 1.0]))
    motion = rr.Similarity(turn, torch.tensor(1.5), torch.tensor([1.0, -2.0, 0.5]))
    points = 50 * torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    expected = 1.5 * points @ turn.T + motion.translation
    for moved in (motion.apply(points.double()), motion.apply(points)):
        torch.testing.assert_close(moved.float(), expected, atol=1e-4, rtol=0)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(motion.apply(points), expected, atol=1e-4, rtol=0)
        assert rr.is_rotation(rr.random_rotation(3, 50, dtype=torch.float32)).all()
    whole = points.round().long()
    torch.testing.assert_close(motion.apply(whole), motion.apply(whole.float()), rtol=0, atol=0)
    assert motion.apply(points.half()).dtype == torch.float32


def test_random_rotations_of_whole_numbers_are_refused():
    with pytest.raises(RigidDepthError, match="floating-point dtype"):
        rr.random_rotation(3, dtype=torch.int64)


def test_jacobians_and_preimages_take_integers_and_mixed_types():
    point = torch.tensor([1, 2, 3])
    values = rr.jacobian_singular_values(rr.rotvec_to_matrix, point)
    expected = rr.jacobian_singular_values(rr.rotvec_to_matrix, point.float())
    torch.testing.assert_close(values, expected)
    assert rr.jacobian_rank(rr.rotvec_to_matrix, point) == 3
    found = pre_image(rr.rotvec_to_matrix, torch.eye(3), 0.1 * torch.ones(1, 3).double())
    torch.testing.assert_close(found, torch.zeros(1, 3).double(), atol=1e-8, rtol=0)


@pytest.mark.parametrize("kind", ["mean", "coral", "rotation", "orthogonal", "linear", "affine"])
def test_maps_of_latents_follow_the_same_rule(kind):
    codes = torch.randint(-9, 9, (2, 40, 3), generator=torch.Generator().manual_seed(0))
    source, target = codes
    expected = fit_map(source.double(), target.double(), kind)
    for map_, dtype in (
        (fit_map(source, target, kind), torch.float32),
        (fit_map(source.half(), target.half(), kind), torch.float32),
        (fit_map(source.float(), target.double(), kind), torch.float64),
    ):
        assert map_.weight.dtype == dtype
        torch.testing.assert_close(map_.weight.double(), expected.weight, atol=1e-5, rtol=1e-5)
        moved = map_(source)
        assert moved.dtype == dtype
        torch.testing.assert_close(moved.double(), expected(source.double()), atol=1e-4, rtol=1e-5)
    with pytest.raises(RigidDepthError, match="finite"):
        fit_map(source.float() / 0, target.float(), kind)


def rows_to_spoil(name):
    """A regular row, the zero row and, of matrices, the identity and a gimbal lock."""
    regular = [value[0, 0] for value in CASES[name]]
    yield regular
    yield [torch.zeros_like(value) for value in regular]
    if regular[0].shape == (3, 3):
        yield [torch.eye(3)] * len(regular)
        yield [torch.tensor([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])] * len(regular)
    if name == "fived_to_matrix":
        yield [torch.tensor([0.0, 0, 1, 0, 0])]


@pytest.mark.filterwarnings("ignore:the nearest rotation is not unique")
@pytest.mark.parametrize("name", [name for name in CASES if name != "procrustes_alignment"])
def test_a_nan_anywhere_in_a_row_leaves_no_finite_answer(name):
    for row in rows_to_spoil(name):
        for which in range(len(row)):
            for entry in range(row[which].numel()):
                spoilt = [value.clone() for value in row]
                spoilt[which].view(-1)[entry] = torch.nan
                try:
                    outputs = call(name, spoilt)
                except RigidDepthError:  # Gram-Schmidt refuses the zero vector beside the NaN
                    assert name in ("gram_schmidt", "extend_orthonormal")
                    continue
                assert all(output.isnan().any() for output in outputs), (row, which, entry)


@pytest.mark.parametrize("name", [name for name in CASES if name != "procrustes_alignment"])
def test_a_nan_leaves_the_other_rows_alone(name):
    inputs = [value.clone() for value in CASES[name]]
    inputs[0][1, 2] = torch.nan
    for output, expected in zip(call(name, inputs), call(name, CASES[name]), strict=True):
        assert output[1, 2].isnan().any()
        keep = torch.ones(2, 4, dtype=torch.bool)
        keep[1, 2] = False
        torch.testing.assert_close(output[keep], expected[keep], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", TWO)
def test_batches_of_two_inputs_broadcast(name):
    first, second, *rest = TWO[name]
    rest = [value[0] for value in rest]
    (single,) = call(name, (first[0], second[0, 0], *rest))
    (double,) = call(name, (first[0], second[0, :1].expand_as(second[0]), *rest))
    torch.testing.assert_close(single, double)
    (swapped,) = call(name, (first[0, 0], second[0], *rest))
    (double,) = call(name, (first[0, :1].expand_as(first[0]), second[0], *rest))
    torch.testing.assert_close(swapped, double)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_geodesic_distance_of_many_rotations_to_one(n):
    many = rr.random_rotation(n, 4, torch.Generator().manual_seed(0), dtype=torch.float64)
    distances = rr.geodesic_distance(many, many[1])
    expected = torch.stack([rr.geodesic_distance(one, many[1]) for one in many])
    torch.testing.assert_close(distances, expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize("count", [20_000, 40_001])
@pytest.mark.parametrize(
    "name", ["sixd_to_matrix", "quaternion_to_matrix", "rotvec_to_matrix", "matrix_to_euler",
             "matrix_to_quaternion", "matrix_to_rotvec", "geodesic_distance"],
)  # fmt: skip
def test_steps_of_a_large_batch_are_its_rows(name, count, generator):
    inputs = [value[0, :1].expand(count, *value.shape[2:]).clone() for value in CASES[name]]
    if inputs[0].shape[-2:] == (3, 3):
        inputs[0] = rr.random_rotation(3, count, generator)
    else:
        inputs[0] = torch.randn(inputs[0].shape, generator=generator)
    inputs[0].requires_grad_()
    (output,) = call(name, inputs)
    (gradient,) = torch.autograd.grad(output.square().sum(), inputs[0])
    rows = torch.randint(count, (50,), generator=generator)
    alone = inputs[0].detach()[rows].double().requires_grad_()
    (expected,) = call(name, (alone, *(value[rows].double() for value in inputs[1:])))
    torch.testing.assert_close(output[rows].double(), expected, atol=2e-5, rtol=1e-4)
    (slope,) = torch.autograd.grad(expected.square().sum(), alone)
    torch.testing.assert_close(gradient[rows].double(), slope, atol=1e-3, rtol=1e-2)
    # A batch of two dimensions is the same rows.
    twice = [value.detach().unflatten(0, (1, count)) for value in inputs]
    assert torch.equal(call(name, twice)[0][0], output.detach())


def test_the_first_columns_are_a_copy():
    matrix = rr.random_rotation()
    rr.matrix_to_sixd(matrix).zero_()
    assert rr.is_rotation(matrix)


def test_checked_rotations_pass_and_others_are_named():
    matrices = rr.random_rotation(3, (2, 3), torch.Generator().manual_seed(0))
    assert rr.check_rotation(matrices) is matrices
    matrices[1, 2] = -torch.eye(3)
    with pytest.raises(RigidDepthError, match=r"1 of 6 matrices.*determinant -1 "):
        rr.check_rotation(matrices)
    with pytest.raises(RigidDepthError, match=r"1 of 1 matrices.*determinant 8 and .* 3\.0e\+00"):
        rr.check_rotation(2 * torch.eye(3))
    with pytest.raises(RigidDepthError, match="determinant nan"):
        rr.check_rotation(torch.eye(3) * torch.nan)


def test_an_improper_matrix_gives_numbers_of_some_rotation_as_said():
    mirror = torch.diag(torch.tensor([1.0, 1.0, -1.0]))
    maps = (
        (rr.matrix_to_quaternion, rr.quaternion_to_matrix),
        (rr.matrix_to_rotvec, rr.rotvec_to_matrix),
        (rr.matrix_to_euler, rr.euler_to_matrix),
    )
    for (there, back), turn in itertools.product(maps, rr.random_rotation(3, 3)):
        assert rr.is_rotation(back(there(turn @ mirror)), 1e-4)
