"""The studies of section 3.6: their data, scores and losses against what is known without them."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from rigid_depth.rotations import (
    chordal_distance,
    geodesic_distance,
    gram_schmidt,
    jacobian_singular_values,
    orthogonality_loss,
    procrustes_alignment,
    random_rotation,
    sixd_to_matrix,
    special_procrustes,
)
from rigid_depth.studies import rotation_as_input, rotation_clouds
from rigid_depth.studies.rotation_as_input import learn_functions, random_bumps, random_waves
from rigid_depth.studies.rotation_autoencoding import autoencode_rotations
from rigid_depth.studies.rotation_clouds import align_clouds
from rigid_depth.studies.shared.rotation_networks import (
    ANGLE_EDGES_DEG,
    LEVELS_PERCENT,
    LOSSES,
    REPRESENTATIONS,
    error_statistics,
)
from rigid_depth.studies.shared.turned_clouds import cloud_pairs


def noisy(sigma, count, n=3):
    """Rotations and the same with normal noise on every entry."""
    generator = torch.Generator().manual_seed(1)
    rotation = random_rotation(n, count, generator, dtype=torch.float64)
    noise = torch.randn(rotation.shape, generator=generator, dtype=torch.float64)
    return rotation, rotation + sigma * noise


def mean_and_error(squares):
    return squares.mean().item(), squares.std().item() / math.sqrt(len(squares))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_noise_costs_procrustes_half_of_what_it_costs_gram_schmidt(n):
    sigma = 1e-3
    rotation, matrix = noisy(sigma, 20_000, n)
    degrees = n * (n - 1) / 2
    for project, expected in (
        (special_procrustes, degrees),
        (lambda m: gram_schmidt(m, rotation=True), 2 * degrees),
    ):
        squares = (project(matrix) - rotation).square().sum((-2, -1)) / sigma**2
        mean, error = mean_and_error(squares)
        assert abs(mean - expected) < 4 * error
        assert error < 0.02 * expected


def test_the_six_numbers_of_sixd_suffer_as_gram_schmidt_does():
    rotation, matrix = noisy(1e-3, 20_000)
    squares = (sixd_to_matrix(matrix[..., :2]) - rotation).square().sum((-2, -1)) / 1e-6
    mean, error = mean_and_error(squares)
    assert abs(mean - 6) < 4 * error


@pytest.mark.parametrize("values", [(3.0, 2.0, 1.0), (1.0, 0.4, -0.3), (5.0, 1.0, 1.0)])
def test_procrustes_jacobian_has_the_singular_values_of_the_theorem(values):
    s = torch.tensor(values, dtype=torch.float64)
    u, v = random_rotation(3, 2, torch.Generator().manual_seed(2), dtype=torch.float64)
    found = jacobian_singular_values(special_procrustes, u @ torch.diag(s) @ v)
    sums = torch.stack((s[1] + s[2], s[0] + s[2], s[0] + s[1]))
    assert torch.allclose(found[:3], 2 / sums, rtol=1e-9)
    assert found[3:].max() < 1e-12


@pytest.mark.parametrize("name", [n for n, r in REPRESENTATIONS.items() if r.from_matrix])
def test_numbers_of_a_rotation_give_it_back_and_have_no_loss(name, generator):
    rep, truth = REPRESENTATIONS[name], random_rotation(3, 500, generator, dtype=torch.float64)
    numbers = rep.from_matrix(truth)
    assert numbers.shape == (500, rep.size)
    assert geodesic_distance(rep.to_matrix(numbers), truth).max() < 1e-6
    for loss in ("mse", "geodesic", "pre-image"):
        assert LOSSES[loss](numbers, truth, rep).max() < 1e-6


def test_zero_numbers_of_the_shifted_5d_are_the_identity():
    at_zero = REPRESENTATIONS["5d from the identity"].to_matrix(torch.zeros(1, 5))
    assert torch.allclose(at_zero[0], torch.eye(3), atol=1e-6)


def test_pre_image_losses_forget_what_is_no_difference(generator):
    truth = random_rotation(3, 50, generator, dtype=torch.float64)
    euler, quaternion = REPRESENTATIONS["euler"], REPRESENTATIONS["quaternion"]
    turned = euler.from_matrix(truth) + 2 * math.pi
    assert LOSSES["pre-image, wrapped"](turned, truth, euler).max() < 1e-12
    assert LOSSES["pre-image"](turned, truth, euler).min() > 30
    other = -quaternion.from_matrix(truth)
    assert LOSSES["pre-image, either sign"](other, truth, quaternion).max() < 1e-12
    assert torch.allclose(
        LOSSES["pre-image"](other, truth, quaternion), torch.ones(50, dtype=torch.float64)
    )
    scaled = 7 * truth.flatten(-2)
    assert LOSSES["pre-image, cosine"](scaled, truth, REPRESENTATIONS["9d"]).max() < 1e-12


def test_corrected_orthogonality_norm_is_the_mean_square_where_the_target_is_a_rotation(generator):
    truth = random_rotation(3, 50, generator, dtype=torch.float64)
    numbers = torch.randn(50, 9, generator=generator, dtype=torch.float64)
    mean_square = LOSSES["pre-image"](numbers, truth, REPRESENTATIONS["9d"])
    assert torch.allclose(orthogonality_loss(numbers.unflatten(-1, (3, 3)), truth), mean_square)


def test_clouds_carry_the_rotation_that_closed_form_alignment_finds(generator):
    pairs, rotation = cloud_pairs(generator, 20, 32)
    assert pairs.shape == (20, 32, 6)
    x, y = pairs[..., :3], pairs[..., 3:]
    found = procrustes_alignment(x, y, with_scale=False).rotation
    assert geodesic_distance(found, rotation).max() < 1e-5
    assert torch.allclose(x.mean(1), torch.zeros(20, 3), atol=1e-6)
    assert torch.allclose(x.square().sum(-1).mean(-1), torch.ones(20))


def test_statistics_are_numpys_and_bins_follow_the_angle():
    rng = np.random.default_rng(0)
    angle_deg = rng.uniform(0, 180, 400)
    axis = rng.normal(size=(400, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    vectors = np.radians(angle_deg)[:, None] * axis
    truth = torch.from_numpy(Rotation.from_rotvec(vectors).as_matrix()).float()
    errors = angle_deg / 10
    stats = error_statistics(torch.from_numpy(errors), truth)
    assert stats["mean_deg"] == pytest.approx(errors.mean(), abs=1e-4)
    assert stats["max_deg"] == pytest.approx(errors.max(), abs=1e-4)
    assert stats["below_5_deg_percent"] == pytest.approx(100 * (errors < 5).mean(), abs=1e-4)
    percentiles = np.percentile(errors, LEVELS_PERCENT)
    np.testing.assert_allclose(stats["percentiles_deg"], percentiles, atol=1e-4)
    edges = np.array(ANGLE_EDGES_DEG) / 10
    for low, high, mean in zip(edges, edges[1:], stats["mean_by_angle_deg"], strict=False):
        assert low - 1e-3 <= mean <= high + 1e-3


def test_training_starts_at_chance_and_rows_meet_the_same_rotations():
    results = autoencode_rotations(0, steps=40, batch=64, tests=400)
    assert set(results) == set(REPRESENTATIONS)
    chance_deg = math.degrees(math.pi / 2 + 2 / math.pi)  # mean angle of a uniform rotation
    for losses in results.values():
        for row in losses.values():
            assert abs(row["curve"]["mean_deg"][0] - chance_deg) < 12
            assert len(row["curve"]["step"]) == len(row["curve"]["mean_deg"])
    for name in ("6d", "9d", "10d"):
        assert results[name]["mse"]["mean_deg"] < 40
    # one network and one set of rotations: before the first step the two 9D rows are one
    start, direct = (results["9d"][loss]["curve"]["mean_deg"][0] for loss in ("mse", "pre-image"))
    assert start == direct


def test_a_row_does_not_depend_on_the_rows_before_it(monkeypatch):
    clouds = {"steps": 3, "batch": 4, "points": 8, "tests": 20}
    inputs = {"epochs": 1, "samples": 64, "tests": 20, "functions": 1}
    among_others = align_clouds(0, **clouds), learn_functions(0, **inputs)
    monkeypatch.setattr(rotation_clouds, "MAPS_ROWS", ())
    monkeypatch.setattr(rotation_clouds, "LOSS_ROWS", (("6d", "geodesic"),))
    monkeypatch.setattr(rotation_as_input, "ENCODINGS", ("6d",))
    alone = align_clouds(0, **clouds), learn_functions(0, **inputs)
    assert alone[0]["6d"]["geodesic"] == among_others[0]["6d"]["geodesic"]
    for family, encodings in alone[1].items():
        assert encodings["6d"] == among_others[1][family]["6d"]


def test_studies_leave_the_global_random_numbers_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    align_clouds(0, steps=1, batch=2, points=8, tests=4)
    learn_functions(0, epochs=1, samples=64, tests=20, functions=1)
    assert torch.rand(1) == expected


def test_bumps_are_gaussians_of_the_angle():
    function = random_bumps(torch.Generator().manual_seed(4), 2, width_rad=0.7)
    again = torch.Generator().manual_seed(4)  # draws the same centres and amplitudes
    centres = Rotation.from_matrix(random_rotation(3, 32, again).numpy())
    amplitude = torch.randn(2, 16, generator=again).numpy()
    points = Rotation.random(5, rng=np.random.default_rng(0))
    for point in points:
        angle_rad = (centres.inv() * point).magnitude().reshape(2, 16)
        expected = (amplitude * np.exp(-((angle_rad / 0.7) ** 2) / 2)).sum(1)
        found = function(torch.from_numpy(point.as_matrix()).float()[None])[0]
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_waves_are_band_limited_functions_of_the_entries(generator):
    """A sum of cosines of frequencies 1 to 4 along |W| = 1 changes no faster than 4 |dR| |a|_1."""
    function = random_waves(torch.Generator().manual_seed(4), 3)
    again = torch.Generator().manual_seed(4)
    torch.randn(3, 4, 9, generator=again), torch.rand(3, 4, generator=again)
    bound = (torch.randn(3, 4, generator=again).abs() * torch.arange(1.0, 5.0)).sum(-1)
    first, second = random_rotation(3, (2, 500), generator)
    change = (function(first) - function(second)).abs()
    distance = chordal_distance(first, second)[:, None]
    assert (change <= bound * distance + 1e-5).all()
    assert (change / (bound * distance)).max() > 0.05


def test_learning_beats_a_constant():
    results = learn_functions(0, epochs=12, samples=320, tests=400, functions=2)
    assert results["bumps"]["9d"]["rmse_percent"] < 80
    for encodings in results.values():
        assert all(row["rmse_percent"] < 130 for row in encodings.values())
