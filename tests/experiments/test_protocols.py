"""Every project's metrics against hand-computed cases and plain NumPy."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.metrics import depth_metrics
from rigid_depth.experiments.measuring.protocols import (
    PROTOCOLS,
    Protocol,
    example_maps,
    score,
    silog,
)

TRUE = torch.tensor([[[10.0, 20.0], [40.0, 0.0]]])
PRED = torch.tensor([[[11.0, 16.0], [50.0, 7.0]]])
PLAIN = Protocol(
    "none",
    ("rmse", "mae", "abs_rel", "sq_rel", "rmse_log", "log10", "silog", "irmse", "imae",
     "delta1", "delta2", "delta3"),
)  # fmt: skip


def numpy_log_errors(pred, true):
    pred, true = pred.numpy(), true.numpy()
    return np.log(pred[true > 0]) - np.log(true[true > 0])


def test_two_by_two_by_hand():
    found = score(PRED, TRUE, PLAIN)
    assert found["pixels"] == 3
    assert found["rmse"] == pytest.approx(math.sqrt((1 + 16 + 100) / 3))
    assert found["mae"] == pytest.approx((1 + 4 + 10) / 3)
    assert found["abs_rel"] == pytest.approx((0.1 + 0.2 + 0.25) / 3)
    assert found["sq_rel"] == pytest.approx((0.1 + 0.8 + 2.5) / 3)
    logs = [math.log(1.1), math.log(0.8), math.log(1.25)]
    assert found["rmse_log"] == pytest.approx(math.sqrt(sum(x * x for x in logs) / 3))
    assert found["log10"] == pytest.approx(sum(map(abs, logs)) / 3 / math.log(10))
    assert found["silog"] == pytest.approx(np.std(logs))
    inverse = [1 / 11 - 1 / 10, 1 / 16 - 1 / 20, 1 / 50 - 1 / 40]
    assert found["irmse"] == pytest.approx(math.sqrt(sum(x * x for x in inverse) / 3))
    assert found["imae"] == pytest.approx(sum(map(abs, inverse)) / 3)
    assert found["delta2"] == found["delta3"] == 1


def test_a_ratio_of_exactly_a_threshold_is_outside():
    true = torch.tensor([[[16.0, 16.0]]])
    assert score(torch.tensor([[[18.0, 24.0]]]), true, PLAIN)["delta1"] == 0.5


def test_this_book_is_depth_metrics():
    pred, true = example_maps()
    ours = depth_metrics(pred, true, true > 0)
    found = score(pred, true, PROTOCOLS["this book"])
    named = {"rmse": "rmse_m", "mae": "mae_m", "sq_rel": "sq_rel_m"}
    for name, value in found.items():
        assert value == pytest.approx(ours[named.get(name, name)], rel=1e-12)
    by_image = replace(PROTOCOLS["this book"], per_image=True)
    assert score(pred, true, by_image)["rmse"] == pytest.approx(ours["rmse_image_mean_m"])
    assert found["rmse"] > ours["rmse_image_mean_m"] + 0.2


def test_three_silogs_of_one_error_map():
    pred, true = (x[1:2] for x in example_maps())
    logs = numpy_log_errors(pred, true)
    kinds = {"AdaBins, ZoeDepth": 100 * logs.std(), "UniDepth": 100 * logs.std(ddof=1)}
    kinds["Depth Anything V2"] = math.sqrt(np.mean(logs**2) - 0.5 * np.mean(logs) ** 2)
    for name, expected in kinds.items():
        whole = replace(PROTOCOLS[name], crop=False, clamp=False, max_m=math.inf)
        assert score(pred, true, whole)["silog"] == pytest.approx(expected, rel=1e-9)


def test_only_a_weight_of_one_is_blind_to_scale():
    logs = torch.randn(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert silog(logs + math.log(1.22)) == pytest.approx(silog(logs))
    assert silog(10 * logs + 50, weight=0.5) > 3 * silog(10 * logs)
    assert silog(torch.zeros(5, dtype=torch.float64), 0.5, 100) == 0


def test_the_crop_is_garg_s():
    pred, true = (torch.full((1, 375, 1242), d) for d in (11.0, 10.0))
    rows, columns = slice(153, 371), slice(44, 1197)  # shares of 375 x 1242, cut to integers
    expected = torch.zeros(true.shape, dtype=torch.bool)
    expected[:, rows, columns] = True
    found = score(torch.where(expected, pred, 99.0), true, PROTOCOLS["monodepth2"])
    assert found["pixels"] == (371 - 153) * (1197 - 44)
    assert score(torch.where(expected, pred, 99.0), true, PROTOCOLS["packnet-sfm"])[
        "rmse"
    ] == pytest.approx(1)


@pytest.mark.parametrize("name", ["monodepth2", "SurroundDepth"])
def test_median_scaling_forgives_any_factor(name):
    pred, true = example_maps()
    first = score(pred, true, PROTOCOLS[name])
    assert score(3 * pred, true, PROTOCOLS[name]) == pytest.approx(first)
    assert score(3 * pred, true, PROTOCOLS["AdaBins, ZoeDepth"])["rmse"] > 20


def test_median_scaling_and_clamping_in_numpy():
    """The steps of monodepth2 on one image, written out."""
    pred, true = (x[2] for x in example_maps())
    p, t = pred.numpy(), true.numpy()
    inside = np.zeros(t.shape, bool)
    h, w = t.shape
    inside[int(0.40810811 * h) : int(0.99189189 * h), int(0.03594771 * w) : int(0.96405229 * w)] = 1
    valid = (t > 1e-3) & (t < 80) & inside
    p, t = p[valid] * np.median(t[valid]) / np.median(p[valid]), t[valid]
    p = np.clip(p, 1e-3, 80)
    found = score(pred[None], true[None], PROTOCOLS["monodepth2"])
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((p - t) ** 2)))
    assert found["abs_rel"] == pytest.approx(np.mean(np.abs(p - t) / t))


def test_an_image_without_truth_counts_as_zero_error_in_one_project():
    pred, true = example_maps()
    true[3] = 0
    some = score(pred[:3], true[:3], PROTOCOLS["packnet-sfm"])["rmse"]
    assert score(pred, true, PROTOCOLS["packnet-sfm"])["rmse"] == pytest.approx(0.75 * some)
    zoe = PROTOCOLS["AdaBins, ZoeDepth"]
    assert score(pred, true, zoe)["rmse"] == score(pred[:3], true[:3], zoe)["rmse"]


def test_flipped_relative_error_by_hand():
    found = score(PRED, TRUE, PROTOCOLS["CamRaDepth"])
    assert found["abs_rel"] == pytest.approx((1 / 90 + 4 / 80 + 10 / 60) / 3)
    assert found["rmse"] == pytest.approx(score(PRED, TRUE, PLAIN)["rmse"])


def test_millimetres_and_inverse_kilometres():
    plain, found = (
        score(PRED, TRUE, PLAIN),
        score(PRED, TRUE, PROTOCOLS["radar-camera-fusion"]),
    )
    for name in ("rmse", "mae", "irmse", "imae"):
        assert found[name] == pytest.approx(1000 * plain[name])
    assert found["imae"] == pytest.approx(
        np.mean([abs(1 / 0.011 - 1 / 0.010), abs(1 / 0.016 - 1 / 0.020), 5.0])
    )


@pytest.mark.parametrize(
    ("name", "pixels"),
    [("this book", 2), ("Depth Anything V2", 2), ("UniDepth", 1), ("monodepth2", 1), ("RC-PDA", 0)],
)
def test_ends_of_the_range(name, pixels):
    true = torch.tensor([[[80.0, 79.0, 80.1, 0.0]]])
    protocol = replace(PROTOCOLS[name], crop=False, min_pixels=1)
    if pixels:
        assert score(true + 1, true, protocol)["pixels"] == pixels
    else:
        with pytest.raises(RigidDepthError, match="no pixel counts"):
            score(true + 1, true, protocol)


def test_a_mask_leaves_pixels_out():
    mask = torch.tensor([[[True, False], [False, True]]])
    assert score(PRED, TRUE, PLAIN, mask)["rmse"] == pytest.approx(1)


def test_examples_do_not_change():
    pred, true = example_maps()
    assert (true == 0).any()
    assert true[true > 0].min() > 1
    assert true.max() == 95
    some = true > 0
    assert pred[some].mean().item() == pytest.approx(1.06 * true[some].mean().item(), rel=0.1)


def test_this_book_floors_predictions_as_its_own_evaluation_does():
    pred, true = torch.tensor([[[1e-6, 20.0]]]), torch.tensor([[[10.0, 20.0]]])
    own = depth_metrics(pred, true, true > 0)["rmse_log"]
    assert score(pred, true, PROTOCOLS["this book"])["rmse_log"] == pytest.approx(own, rel=1e-6)
