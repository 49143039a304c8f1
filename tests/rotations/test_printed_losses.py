"""The losses of section 3.6 as printed: where they fail, and that the corrected ones do not."""

import math

import pytest
import torch

import rigid_depth.rotations as rr

EYE = torch.eye(3, dtype=torch.float64)


def pairs(n=3, count=500):
    generator = torch.Generator().manual_seed(5)
    return rr.random_rotation(n, (2, count), generator, dtype=torch.float64)


def quaternion_pairs(count=500):
    generator = torch.Generator().manual_seed(5)
    numbers = torch.randn(2, count, 4, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(numbers, dim=-1)


def printed_3_9(first, second):
    return (first @ second.mT - torch.eye(3).to(first)).mean((-2, -1))


def printed_3_10(first, second):
    return ((first * second).sum((-2, -1)) - 1) / 2


def end_of_descent(loss, rate, steps=80):
    """The angle to the identity in degrees after gradient descent on SO(3) from 60 degrees."""
    axis = torch.tensor([2.0, -1.0, 2.0], dtype=torch.float64) / 3
    matrix = rr.rotvec_to_matrix(math.pi / 3 * axis)
    for _ in range(steps):
        w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(loss(matrix @ rr.rotvec_to_matrix(w), EYE), w)
        matrix = matrix @ rr.rotvec_to_matrix(-rate * gradient)
    return rr.geodesic_distance(matrix, EYE).rad2deg().item()


@pytest.mark.parametrize(
    ("loss", "rate", "end"),
    [
        (printed_3_9, 0.6, 180),
        (printed_3_10, 0.3, 180),
        (rr.orthogonality_loss, 0.3, 0),
        (rr.cosine_loss, 0.3, 0),
        (rr.rotation_mse, 0.3, 0),
    ],
)
def test_minimised_as_printed_the_losses_end_opposite_the_goal(loss, rate, end):
    assert end_of_descent(loss, rate) == pytest.approx(end, abs=0.1)


def test_printed_3_9_does_not_see_turns_about_the_diagonal_and_is_never_positive():
    diagonal = torch.ones(3, dtype=torch.float64) / 3**0.5
    turned = rr.rotvec_to_matrix(torch.tensor([[0.5], [1.5], [3.0]]).double() * diagonal)
    assert printed_3_9(turned, EYE).abs().max() < 1e-15
    assert (rr.orthogonality_loss(turned, EYE.expand(3, 3, 3)) > 0.05).all()
    assert (printed_3_9(*pairs()) < 0).all()


def test_printed_3_10_is_the_cosine_of_the_angle():
    first, second = pairs()
    angle = rr.geodesic_distance(first, second)
    torch.testing.assert_close(printed_3_10(first, second), angle.cos(), atol=1e-12, rtol=0)


def test_cosine_similarity_of_rotations_stays_above_minus_one_third():
    similarity = 1 - rr.cosine_loss(*pairs(count=5000))
    assert -1 / 3 - 1e-12 <= similarity.min() < -0.32
    half_turn = torch.diag(torch.tensor([-1.0, -1.0, 1.0])).double()
    assert 1 - rr.cosine_loss(half_turn, EYE).item() == pytest.approx(-1 / 3)


def test_both_forms_of_the_chord_differ_off_the_group():
    def ratio(first, second):
        relative = first.mT @ second
        forms = [(first, second), (relative, EYE.expand_as(relative))]
        return torch.div(*(rr.chordal_distance(*form) for form in forms))

    torch.testing.assert_close(ratio(*pairs()), torch.ones(500).double(), atol=1e-12, rtol=0)
    free = torch.randn(2, 500, 3, 3, generator=torch.Generator().manual_seed(1)).double()
    assert ratio(*free).min() < 0.5
    assert ratio(*free).max() > 1.5


def test_chord_has_a_kink_at_zero_and_its_square_none():
    def slope(loss, angle):
        free = torch.tensor(angle, dtype=torch.float64, requires_grad=True)
        w = free * torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
        return torch.autograd.grad(loss(rr.rotvec_to_matrix(w), EYE), free)[0].item()

    for side in (-1, 1):
        assert slope(rr.chordal_distance, side * 1e-6) == pytest.approx(side * 2**0.5)
        squared = slope(lambda a, b: rr.chordal_distance(a, b) ** 2, side * 1e-6)
        assert squared == pytest.approx(side * 4e-6)
    assert abs(slope(rr.chordal_distance, math.pi - 1e-6)) < 1e-6


def test_printed_3_19_is_wrong_for_half_of_all_pairs():
    first, second = quaternion_pairs(4000)
    angle = rr.quaternion_distance(first, second)
    printed = 2 * (first * second).sum(-1).clamp(-1, 1).acos()
    wrong = (printed - angle).abs() > 1e-6
    assert 0.47 < wrong.double().mean() < 0.53
    assert torch.equal(wrong, (first * second).sum(-1) < 0)
    torch.testing.assert_close(
        (first * second).sum(-1).abs(), (angle / 2).cos(), atol=1e-12, rtol=0
    )


def test_quaternion_chords_are_sines_of_a_quarter_of_the_angle():
    first, second = quaternion_pairs()
    dot = (first * second).sum(-1)
    minus, plus = (first - second).norm(dim=-1), (first + second).norm(dim=-1)
    least = torch.minimum(minus, plus)
    angle = rr.geodesic_distance(*(rr.quaternion_to_matrix(q) for q in (first, second)))
    same = {"atol": 1e-12, "rtol": 0}
    torch.testing.assert_close(least, 2 * (angle / 4).sin(), **same)
    assert (least**2 - 2 * (angle / 4).sin()).abs().max() > 0.4
    torch.testing.assert_close(minus**2, 2 - 2 * dot, **same)
    torch.testing.assert_close(minus, 2 * (dot.acos() / 2).sin(), **same)
    assert torch.equal(minus <= plus, dot >= 0)


def test_printed_3_17_and_3_13_charge_most_for_what_is_right():
    q = quaternion_pairs(1)[0]
    assert (q - -q).square().mean(-1).item() == pytest.approx(1)
    assert rr.quaternion_mse(q, -q).item() == 0
    one, other = (torch.tensor([s * (math.pi - 0.01), 0, 0], dtype=torch.float64) for s in (1, -1))
    assert (one - other).square().sum().item() == pytest.approx(39.2, abs=0.1)
    assert rr.euler_mse(one, other).item() == pytest.approx(0.02**2 / 3)
    apart = rr.geodesic_distance(rr.euler_to_matrix(one), rr.euler_to_matrix(other))
    assert apart.item() == pytest.approx(0.02)


def test_the_map_makes_rotations_valid_and_not_the_loss():
    for loss, through_map in ((printed_3_10, True), (rr.geodesic_distance, True)):
        free = torch.randn(3, 3, generator=torch.Generator().manual_seed(3)).double()
        for _ in range(10):
            free.requires_grad_()
            output = rr.special_procrustes(free)
            assert rr.is_rotation(output.detach()) == through_map
            (gradient,) = torch.autograd.grad(loss(output, EYE), free)
            free = (free - 0.05 * gradient).detach()
    free = torch.randn(3, 3, generator=torch.Generator().manual_seed(3)).double()
    for _ in range(10):
        assert not rr.is_rotation(free)
        free = free - 0.05 * 2 * (free - EYE)


def test_penalty_of_nearly_equal_vectors_is_finite_and_printed_product_undefined():
    near = torch.tensor([[1.0, 0, 0], [1.0, 1e-3, 0]]).double()
    near = near / near.norm(dim=-1, keepdim=True)
    assert rr.orthonormality_penalty(near).item() == pytest.approx(0.5, abs=1e-5)
    with pytest.raises(RuntimeError):
        near @ near


@pytest.mark.parametrize("n", [4, 16])
def test_trace_and_chord_formulas_leave_their_domain_in_more_dimensions(n):
    first, second = pairs(n)
    assert printed_3_10(first, first).min().item() == pytest.approx((n - 1) / 2)
    assert (rr.chordal_distance(first, second) / 8**0.5 > 1).any()
    assert rr.geodesic_distance(first, second).isfinite().all()
