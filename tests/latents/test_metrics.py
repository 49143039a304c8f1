"""Alignment metrics: hand cases, independent implementations, and what leaves each as it is."""

import math

import numpy as np
import pytest
import scipy.spatial
import torch
from scipy.stats import ortho_group
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import label_ranking_average_precision_score

from rigid_depth.errors import RigidDepthError
from rigid_depth.latents import (
    alignment_metrics,
    linear_cka,
    probe_accuracy,
    procrustes_residual,
    relative_distance,
    retrieval,
)

N, D = 60, 5
ORTHOGONAL = torch.from_numpy(ortho_group.rvs(D, random_state=0))
OTHER = torch.from_numpy(ortho_group.rvs(D, random_state=1))


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LINEAR = randn(D, D, seed=7)


@pytest.fixture
def pairs():
    source = randn(N, D) * torch.tensor([3.0, 2.0, 1.0, 1.0, 0.5], dtype=torch.float64)
    return source, source + 0.5 * randn(N, D, seed=1) + 0.3


COMMON = {
    "rotation": lambda x: x @ ORTHOGONAL,
    "scale": lambda x: 1e-4 * x,
    "translation": lambda x: x + 5,
    "linear": lambda x: x @ LINEAR,
}
"""Applied to both sets alike."""

UNCHANGED = {  # metric -> the common maps that leave it as it is; every other must change it
    "relative_distance": {"rotation", "scale", "translation"},
    "latent_mse": {"rotation", "translation"},
    "cosine": {"rotation", "scale"},
    "cka": {"rotation", "scale", "translation"},
    "mrr": {"rotation", "scale", "translation"},
    "jaccard": {"rotation", "scale", "translation"},
    "procrustes_residual": {"rotation", "scale", "translation"},
    "probe_accuracy": {"rotation", "scale", "translation", "linear"},
}


@pytest.mark.parametrize("name", COMMON)
def test_what_a_common_map_leaves_unchanged(pairs, name):
    before = alignment_metrics(*pairs)
    after = alignment_metrics(*(COMMON[name](x) for x in pairs))
    for metric, maps in UNCHANGED.items():
        same = after[metric] == pytest.approx(before[metric], rel=1e-9)
        assert same == (name in maps), metric


@pytest.mark.parametrize("metric", [linear_cka, procrustes_residual])
def test_cka_and_procrustes_ignore_a_similarity_of_either_set_by_itself(pairs, metric):
    source, target = pairs
    moved = 7 * source @ ORTHOGONAL + 3, 0.1 * target @ OTHER - 2
    assert metric(*moved) == pytest.approx(metric(*pairs), rel=1e-9)
    assert metric(source @ LINEAR, target) != pytest.approx(metric(*pairs), rel=1e-3)
    assert metric(source, source @ ORTHOGONAL) == pytest.approx(metric(source, source), abs=1e-12)


def test_the_others_see_a_rotation_of_one_set(pairs):
    source, target = pairs
    before, after = alignment_metrics(source, target), alignment_metrics(source @ OTHER, target)
    for metric in ("relative_distance", "latent_mse"):
        assert after[metric] > 2 * before[metric]
    for metric in ("cosine", "mrr", "jaccard"):
        assert after[metric] < before[metric] / 1.5


def test_perfect_agreement(pairs):
    expected = {
        "relative_distance": 0,
        "latent_mse": 0,
        "cosine": 1,
        "cka": 1,
        "mrr": 1,
        "jaccard": 1,
        "procrustes_residual": 0,
        "probe_accuracy": 0.5,
    }
    assert alignment_metrics(pairs[0], pairs[0].clone()) == pytest.approx(expected, abs=1e-12)


def test_symmetry_of_what_is_symmetric(pairs):
    source, target = pairs
    for metric in (relative_distance, linear_cka, procrustes_residual, probe_accuracy):
        assert metric(source, target) == pytest.approx(metric(target, source))


def test_unrelated_sets_have_relative_distance_one_and_chance_retrieval():
    source, target = randn(2000, 4), randn(2000, 4, seed=1)
    assert relative_distance(source, target) == pytest.approx(1, abs=0.05)
    mrr, jaccard = retrieval(source, target)
    assert mrr < 0.01
    assert jaccard < 0.01
    assert linear_cka(source, target) < 0.01
    assert procrustes_residual(source, target) > 0.99
    assert probe_accuracy(source, target) == pytest.approx(0.5, abs=0.03)


def test_relative_distance_by_hand():
    source = torch.tensor([[0.0], [2.0]])
    target = torch.tensor([[1.0], [3.0]])
    assert relative_distance(source, target) == pytest.approx(2 / (2 + 2))


def test_cka_is_the_centred_kernel_form(pairs):
    source, target = (x.numpy() for x in pairs)
    centring = np.eye(N) - 1 / N
    k, m = (centring @ x @ x.T @ centring for x in (source, target))
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert linear_cka(*pairs) == pytest.approx(expected)
    assert linear_cka(pairs[0], pairs[1][:, :2]) <= 1  # dimensions may differ


def test_procrustes_residual_is_scipys(pairs):
    _, _, disparity = scipy.spatial.procrustes(*(x.numpy() for x in pairs))
    assert procrustes_residual(*pairs) == pytest.approx(disparity)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_mrr_is_the_ranking_precision_of_scikit_learn(pairs, distance):
    found = -scipy.spatial.distance.cdist(*(x.numpy() for x in pairs), distance)
    expected = label_ranking_average_precision_score(np.eye(N, dtype=int), found)
    assert retrieval(*pairs, distance=distance)[0] == pytest.approx(expected)


def test_jaccard_by_sets(pairs):
    to_source, to_target = (
        scipy.spatial.distance.cdist(x.numpy(), pairs[1].numpy()).argsort(1)[:, :7] for x in pairs
    )
    shares = [
        len(set(a) & set(b)) / len(set(a) | set(b))
        for a, b in zip(to_source, to_target, strict=True)
    ]
    assert retrieval(*pairs, k=7)[1] == pytest.approx(np.mean(shares))


def test_retrieval_by_hand():
    source = torch.tensor([[0.0], [1.0], [5.0]])
    target = torch.tensor([[0.1], [4.0], [1.2]])  # ranks 1, 3, 2
    assert retrieval(source, target, k=1) == pytest.approx(((1 + 1 / 3 + 1 / 2) / 3, 1 / 3))


def test_a_collapsed_set_is_no_alignment():
    """Equal points tie: the shared rank is the middle one, and there is nothing to divide by."""
    n = 101
    metrics = alignment_metrics(torch.ones(n, 3), torch.ones(n, 3))
    assert metrics["mrr"] == pytest.approx(1 / 51)
    assert metrics["latent_mse"] == 0
    assert metrics["probe_accuracy"] == 0.5
    for name in ("relative_distance", "cka", "procrustes_residual"):
        assert math.isnan(metrics[name])


def test_a_large_common_mean_makes_the_cosine_and_nothing_else_look_good():
    source, target = randn(500, 8) + 20, randn(500, 8, seed=1) + 20
    metrics = alignment_metrics(source, target)
    assert metrics["cosine"] > 0.99
    assert metrics["mrr"] < 0.03
    assert metrics["cka"] < 0.05


@pytest.mark.parametrize("offset", [1e-1, 1e-3, 1e-4])
def test_a_tiny_distance_does_not_mean_the_sets_cannot_be_told_apart(offset):
    """Section 7.4's "1e-4": the latent's own scale is smaller still, so a probe is never wrong."""
    spread = 0.1 * offset * randn(400, 8)
    metrics = alignment_metrics(spread + offset, spread - offset)
    assert metrics["latent_mse"] == pytest.approx(4 * offset**2)
    assert metrics["probe_accuracy"] == 1
    assert metrics["relative_distance"] > 100


def test_probe_is_the_discriminant_of_scikit_learn_on_unseen_rows():
    source, target = randn(80, 4), randn(80, 4, seed=1) + 0.5
    right = 0
    for fit, test in ((slice(0, 40), slice(40, 80)), (slice(40, 80), slice(0, 40))):
        model = LinearDiscriminantAnalysis(solver="lsqr")
        model.fit(torch.cat([source[fit], target[fit]]), [0] * 40 + [1] * 40)
        right += model.score(torch.cat([source[test], target[test]]), [0] * 40 + [1] * 40) / 2
    assert probe_accuracy(source, target) == pytest.approx(right)


def test_probe_does_not_profit_from_memorising():
    source, target = randn(40, 30), randn(40, 30, seed=1)
    assert probe_accuracy(source, target) == pytest.approx(0.5, abs=0.15)


def test_blocks_give_the_same_as_one_piece(monkeypatch, pairs):
    whole = retrieval(*pairs)
    monkeypatch.setattr("rigid_depth.latents.metrics.BLOCK", 7)
    assert retrieval(*pairs) == pytest.approx(whole)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_low_precision_input_is_measured_in_float64(pairs, dtype):
    low = [x.to(dtype) for x in pairs]
    assert alignment_metrics(*low) == alignment_metrics(*(x.double() for x in low))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: alignment_metrics(x[:9], x[:9]), "9 pairs"),
        (lambda x: alignment_metrics(x / 0, x), "finite"),
        (lambda x: retrieval(x, x, k=N + 1), "k is 61"),
        (lambda x: retrieval(x, x, distance="hamming"), "hamming"),
    ],
)
def test_bad_calls_are_named(pairs, call, said):
    with pytest.raises(RigidDepthError, match=said):
        call(pairs[0])
