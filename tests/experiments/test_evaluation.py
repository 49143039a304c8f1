"""Depth metrics against cases by hand, a loop in NumPy, torchmetrics and kornia."""

import json
import math

import kornia
import numpy as np
import pytest
import torch
import torchmetrics.functional as TM
from torchmetrics.functional.regression import mean_absolute_percentage_error

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.metrics import CAPS_M, RANGES_M, Accumulator, depth_metrics

KEYS = {"rmse_m", "rmse_image_mean_m", "abs_rel", "sq_rel_m", "rmse_log", "log10", "silog", "mae_m"}
KEYS |= {"delta1", "delta2", "delta3", "pixels"}


def scenery(images=6, size=(9, 11), seed=0, share=0.3):
    """Predicted, sparse and dense depth, sky and frames: the last image has no return at all."""
    g = torch.Generator().manual_seed(seed)
    dense_m = 1 + 99 * torch.rand(images, *size, generator=g) ** 2
    dense_m[:, -1, :5] = torch.tensor([10.0, 20, 30, 50, 80])  # the ends of the ranges
    sky = torch.zeros(images, *size, dtype=torch.bool)
    sky[:, :2] = True
    dense_m[sky] = 0
    pred_m = (dense_m + 5 * torch.randn(images, *size, generator=g)).clamp(0.01, 99.9)
    pred_m[sky] = 60 + 39 * torch.rand(int(sky.sum()), generator=g)
    depth_m = dense_m * (torch.rand(images, *size, generator=g) < share)
    depth_m[0, -1, :5] = dense_m[0, -1, :5]
    depth_m[-1] = 0
    scenes, weather = ("scene-b", "scene-a", "scene-b"), ("day", "rain", "day")
    frames = [
        {"scene": scenes[i % 3], "condition": weather[i % 3], "token": f"t{i}"}
        for i in range(images)
    ]
    return pred_m[:, None], depth_m[:, None], dense_m, sky, frames


def brute_force(pairs, silog_lambda=1.0):
    """Everything from a list of (predictions, truths), one pair of arrays for each image."""
    pairs = [(p.astype(np.float64), d.astype(np.float64)) for p, d in pairs if len(d)]
    p, d = (np.concatenate(column) for column in zip(*pairs, strict=True))
    e = np.log(p) - np.log(d)
    ratio = np.maximum(p / d, d / p)
    return {
        "rmse_m": np.sqrt(np.mean((p - d) ** 2)),
        "rmse_image_mean_m": np.mean([np.sqrt(np.mean((a - b) ** 2)) for a, b in pairs]),
        "abs_rel": np.mean(np.abs(p - d) / d),
        "sq_rel_m": np.mean((p - d) ** 2 / d),
        "rmse_log": np.sqrt(np.mean(e**2)),
        "log10": np.mean(np.abs(np.log10(p) - np.log10(d))),
        "silog": np.sqrt(np.mean(e**2) - silog_lambda * np.mean(e) ** 2),
        "mae_m": np.mean(np.abs(p - d)),
        "delta1": np.mean(ratio < 1.25),
        "delta2": np.mean(ratio < 1.25**2),
        "delta3": np.mean(ratio < 1.25**3),
        "pixels": len(d),
    }


def chosen(pred_m, truth_m, low_m=0.0, high_m=80.0, pick=None):
    images = range(len(pred_m)) if pick is None else pick
    valid = (truth_m > 0) & (truth_m > low_m) & (truth_m <= high_m)
    return [(pred_m[i][valid[i]].numpy(), truth_m[i][valid[i]].numpy()) for i in images]


def test_two_by_two_by_hand():
    pred_m = torch.tensor([[[10.0, 20.0], [30.0, 40.0]]])
    target_m = torch.tensor([[[12.0, 16.0], [0.0, 90.0]]])
    found = depth_metrics(pred_m, target_m, target_m > 0)
    e = [math.log(10 / 12), math.log(20 / 16)]
    assert set(found) == KEYS
    assert found["pixels"] == 2
    assert found["rmse_m"] == pytest.approx(math.sqrt((4 + 16) / 2))
    assert found["mae_m"] == pytest.approx(3)
    assert found["abs_rel"] == pytest.approx((2 / 12 + 4 / 16) / 2)
    assert found["sq_rel_m"] == pytest.approx((4 / 12 + 16 / 16) / 2)
    assert found["rmse_log"] == pytest.approx(math.sqrt((e[0] ** 2 + e[1] ** 2) / 2))
    assert found["log10"] == pytest.approx((math.log10(1.2) + math.log10(1.25)) / 2)
    assert found["silog"] == pytest.approx(abs(e[0] - e[1]) / 2)
    assert (found["delta1"], found["delta2"], found["delta3"]) == (
        0.5,
        1.0,
        1.0,
    )  # 1.25 is not < 1.25


def test_cap_includes_its_own_depth_and_needs_no_fixed_value():
    target_m, pred_m = torch.tensor([[80.0, 80.01, 15.0]]), torch.tensor([[79.0, 0.0, 18.0]])
    mask = target_m > 0
    assert depth_metrics(pred_m, target_m, mask)["pixels"] == 2
    assert depth_metrics(pred_m, target_m, mask, cap_m=15.0)["rmse_m"] == pytest.approx(3)
    assert depth_metrics(pred_m, target_m, mask, cap_m=500.0)["pixels"] == 3


def test_image_mean_and_pooled_rmse_differ():
    """Errors 1 and 7 m: mean of images 4 m, pooled 5 m; more pixels weigh the pooled one alone."""
    target_m = torch.full((2, 3), 20.0)
    pred_m = target_m + torch.tensor([[1.0], [7.0]])
    mask = torch.tensor([[True, False, False]] * 2)
    found = depth_metrics(pred_m, target_m, mask)
    assert (found["rmse_image_mean_m"], found["rmse_m"]) == pytest.approx((4, 5))
    mask[1] = True
    found = depth_metrics(pred_m, target_m, mask)
    assert found["rmse_image_mean_m"] == pytest.approx(4)
    assert found["rmse_m"] == pytest.approx(math.sqrt((1 + 3 * 49) / 4))


@pytest.mark.parametrize("silog_lambda", [1.0, 0.85, 0.5])
def test_against_numpy(silog_lambda):
    pred_m, depth_m, *_ = scenery()
    found = depth_metrics(pred_m, depth_m, depth_m > 0, silog_lambda=silog_lambda)
    assert found == pytest.approx(brute_force(chosen(pred_m, depth_m), silog_lambda), rel=1e-12)


def test_against_torchmetrics_and_kornia():
    pred_m, depth_m, *_ = (x for x in scenery()[:2])
    valid = (depth_m > 0) & (depth_m <= 80)
    p, d = pred_m[valid].double(), depth_m[valid].double()
    found = depth_metrics(pred_m, depth_m, depth_m > 0)
    assert found["rmse_m"] == pytest.approx(TM.mean_squared_error(p, d, squared=False).item())
    assert found["mae_m"] == pytest.approx(TM.mean_absolute_error(p, d).item())
    assert found["abs_rel"] == pytest.approx(mean_absolute_percentage_error(p, d).item())
    logs = TM.mean_squared_error(p.log(), d.log(), squared=False).item()
    assert found["rmse_log"] == pytest.approx(logs)
    assert found["silog"] == pytest.approx((p.log() - d.log()).std(correction=0).item())
    error = kornia.metrics.aepe(p[:, None].expand(-1, 2), d[:, None].expand(-1, 2)) / math.sqrt(2)
    assert found["mae_m"] == pytest.approx(error.item())


def test_scale_invariance_of_silog_with_lambda_one():
    pred_m, depth_m, *_ = scenery()
    mask = depth_m > 0
    one, scaled = (depth_metrics(k * pred_m, depth_m, mask)["silog"] for k in (1.0, 1.3))
    assert scaled == pytest.approx(one, rel=1e-6)
    half = [depth_metrics(k * pred_m, depth_m, mask, silog_lambda=0.5) for k in (1.0, 1.3)]
    assert abs(half[0]["silog"] - half[1]["silog"]) > 0.01


def test_prediction_of_zero_is_raised_to_a_millimetre_for_logarithms():
    found = depth_metrics(torch.zeros(1, 1), torch.full((1, 1), 10.0), torch.ones(1, 1) > 0)
    assert found["rmse_m"] == pytest.approx(10)
    assert found["rmse_log"] == pytest.approx(math.log(1e4))


def test_nothing_to_measure_is_refused():
    target_m = torch.tensor([[90.0, 0.0]])
    with pytest.raises(RigidDepthError, match=r"no pixel has a true depth in \(0, 80\] m"):
        depth_metrics(target_m, target_m, target_m > 0)
    with pytest.raises(RigidDepthError, match="no image was evaluated"):
        Accumulator().compute()


def test_a_prediction_that_is_not_finite_is_refused():
    pred_m, depth_m, *_, frames = scenery()
    pred_m[1, 0, 5, 5] = float("nan")
    with pytest.raises(RigidDepthError, match="frame t1 of scene-a is not finite"):
        Accumulator().update(pred_m, depth_m, frames)
    with pytest.raises(RigidDepthError, match="not finite"):
        depth_metrics(pred_m, depth_m + 1, depth_m > -1)


def accumulate(order, batch_size, dtype=torch.float32):
    pred_m, depth_m, dense_m, sky, frames = scenery()
    accumulator = Accumulator()
    for start in range(0, len(order), batch_size):
        i = order[start : start + batch_size]
        accumulator.update(
            pred_m[i].to(dtype),
            depth_m[i],
            [frames[k] for k in i],
            sky=sky[i],
            has_sky=torch.ones(len(i), dtype=torch.bool),
            dense_depth_m=dense_m[i],
        )
    return accumulator.compute()


@pytest.mark.parametrize(
    ("order", "batch_size"), [((5, 2, 0, 4, 1, 3), 1), ((3, 4, 5, 0, 1, 2), 4)]
)
def test_order_and_batch_size_do_not_matter(order, batch_size):
    expected = accumulate(list(range(6)), 6)
    found = accumulate(list(order), batch_size)
    assert json.dumps(found) == json.dumps(expected)


def test_accumulator_against_brute_force():
    pred_m, depth_m, dense_m, sky, frames = scenery()
    found = accumulate(list(range(6)), 3)
    assert list(found) == ["caps", "ranges_m", "conditions", "scenes", "dense", "sky"]
    for cap in CAPS_M:
        expected = brute_force(chosen(pred_m, depth_m, high_m=cap))
        assert found["caps"][str(cap)] == pytest.approx(expected, rel=1e-12)
    for low, high in RANGES_M:
        expected = brute_force(chosen(pred_m, depth_m, low, high))
        expected = {key: expected[key] for key in ("rmse_m", "mae_m", "pixels")}
        assert found["ranges_m"][f"{low}-{high}"] == pytest.approx(expected, rel=1e-12)
    rain = [i for i, frame in enumerate(frames) if frame["condition"] == "rain"]
    expected = brute_force(chosen(pred_m, depth_m, pick=rain))
    assert found["conditions"]["rain"] == pytest.approx(expected, rel=1e-12)
    assert found["dense"] == pytest.approx(brute_force(chosen(pred_m[:, 0], dense_m)), rel=1e-12)
    above = pred_m[:, 0][sky].double().numpy()
    assert found["sky"] == pytest.approx(
        {
            "pixels": above.size,
            "share_beyond_80m": np.mean(above > 80),
            "mean_depth_m": above.mean(),
        }
    )


def test_scene_sums_pool_to_the_headline():
    found = accumulate(list(range(6)), 6)
    scenes = found["scenes"]
    assert list(scenes) == ["scene-a", "scene-b"]
    squared_m2, pixels = map(sum, zip(*scenes.values(), strict=True))
    assert pixels == found["caps"]["80"]["pixels"]
    assert math.sqrt(squared_m2 / pixels) == pytest.approx(found["caps"]["80"]["rmse_m"])


def test_what_the_data_lacks_is_left_out_or_none():
    pred_m, depth_m, dense_m, sky, frames = scenery(3)
    accumulator = Accumulator()
    depth_m[depth_m > 30] = 0
    nothing = torch.zeros(3, dtype=torch.bool)
    accumulator.update(pred_m, depth_m, frames, sky=sky, has_sky=nothing, dense_depth_m=dense_m * 0)
    found = accumulator.compute()
    assert "sky" not in found
    assert "dense" not in found
    assert found["ranges_m"]["50-80"] == {"rmse_m": None, "mae_m": None, "pixels": 0}
    json.dumps(found, allow_nan=False)


def test_sixteen_bit_predictions_are_summed_in_float64():
    found = accumulate(list(range(6)), 6, torch.bfloat16)
    pred_m, depth_m, *_ = scenery()
    expected = brute_force(chosen(pred_m.to(torch.bfloat16).float(), depth_m))
    assert found["caps"]["80"] == pytest.approx(expected, rel=1e-12)
