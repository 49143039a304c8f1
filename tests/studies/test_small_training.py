"""The small training harness: it learns, repeats, measures right, and leaves the rest alone."""

import numpy as np
import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import masked_mse
from rigid_depth.studies.shared.small_training import (
    SmallFrames,
    predict_small,
    small_frames,
    train_small,
)

ABOUT = {"scene": "s", "condition": "day", "token": "t"}


def depth_loss(y, batch):
    return masked_mse(y, batch["target"], batch["has_return"])


def part(count: int, seed: int) -> dict[str, torch.Tensor]:
    """Two grey walls, the brighter the farther, below a white sky; returns on a tenth of them."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.rand(count, 1, 1, 2, generator=generator).repeat_interleave(32, 3)
    level = level.expand(-1, 1, 32, 64)
    sky = (torch.arange(32) < 8).view(1, 1, 32, 1).expand(count, 1, 32, 64)
    dense_m = torch.where(sky, 0.0, 10 + 60 * level)
    kept = torch.rand(dense_m.shape, generator=generator) < 0.1
    rgb = torch.where(sky, 255, 200 * level).to(torch.uint8).expand(-1, 3, -1, -1)
    return {"rgb": rgb, "depth_m": dense_m * kept, "sky": sky, "dense_depth_m": dense_m}


@pytest.fixture(scope="module")
def frames() -> SmallFrames:
    return SmallFrames(part(16, 0), part(4, 1), (ABOUT,) * 4, row_mean_rmse_m=0.0)


def short(frames, **options):
    loss = options.pop("loss", depth_loss)
    return train_small(loss, frames, **{"steps": 4, "width": 0.1, "batch_size": 4, **options})


def test_a_network_learns_what_no_average_knows(frames):
    pixelwise = torch.nn.Sequential(torch.nn.Conv2d(3, 1, 1), torch.nn.Sigmoid())
    run = short(frames, model=pixelwise, steps=150, learning_rate=0.3, jitter=0.0)
    returns_m = frames.test["depth_m"][frames.test["depth_m"] > 0]
    assert returns_m.std() > 10
    assert run.metrics["rmse_m"] < 2
    assert run.model is pixelwise


def test_the_default_network_trains(frames):
    run = short(frames, steps=40)
    assert np.mean(run.losses[-5:]) < 0.7 * np.mean(run.losses[:5])


def test_the_same_seed_gives_the_same_run_and_touches_nothing(frames):
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first, other = (short(frames, seed=seed) for seed in (3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(8)
    again = short(frames, seed=3)
    assert torch.equal(first.pred_m, again.pred_m)
    assert first.losses == again.losses
    assert not torch.equal(first.pred_m, other.pred_m)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(("encoding", "depth_m"), [("linear", 75.0), ("reciprocal", 4.0)])
def test_predictions_are_decoded(encoding, depth_m):
    def quarter(rgb):
        return torch.full_like(rgb[:, :1], 0.25)

    rgb = torch.zeros(40, 3, 32, 64, dtype=torch.uint8)
    model = torch.nn.Module()
    model.forward = quarter
    pred_m = predict_small(model, rgb, encoding)
    assert pred_m.shape == (40, 1, 32, 64)
    assert (pred_m == depth_m).all()


def test_metrics_are_those_of_the_predictions(frames):
    run = short(frames)
    pred, test = run.pred_m.numpy(), {k: v.numpy() for k, v in frames.test.items()}
    for name, truth in (("rmse_m", test["depth_m"]), ("dense_rmse_m", test["dense_depth_m"])):
        valid = (truth > 0) & (truth <= 80)
        rmse = np.sqrt(np.mean((pred[valid].astype(float) - truth[valid]) ** 2))
        assert run.metrics[name] == pytest.approx(rmse, rel=1e-6)
    sky = pred[test["sky"]]
    assert run.metrics["sky_mean_m"] == pytest.approx(sky.mean(), rel=1e-5)
    assert run.metrics["sky_beyond_80m"] == pytest.approx((sky > 80).mean())


def test_a_loss_sees_aligned_maps_and_may_bring_parameters(frames):
    scale = torch.nn.Parameter(torch.zeros(()))
    steps = []

    def loss(y, batch):
        steps.append(int(batch["step"]))
        grey = batch["rgb"][:, :1] * 255 / 200
        shown = (batch["depth_m"] - 10) / 60
        assert (grey - shown).abs()[batch["has_return"]].max() < 0.01  # 8 bits, no jitter
        assert not (batch["sky"] & batch["has_return"]).any()
        target = torch.where(batch["depth_m"] > 0, 1 / batch["depth_m"].clamp(1, 100), 0)
        assert torch.allclose(batch["target"], target)
        return (y.mean() - scale) ** 2

    short(frames, loss=loss, encoding="reciprocal", jitter=0.0, also_train=[scale])
    assert steps == [0, 1, 2, 3]
    assert scale.item() > 0


def test_a_loss_that_is_not_finite_stops_the_run(frames):
    with pytest.raises(RigidDepthError, match="step 0 of 4"):
        short(frames, loss=lambda y, batch: y.mean() / 0)


def test_the_tiny_world_has_other_streets_held_out():
    frames = small_frames("tiny", (32, 64))
    assert frames.train["rgb"].shape == (2, 3, 32, 64)
    assert frames.test["depth_m"].shape == (2, 1, 32, 64)
    assert frames.test["sky"].any()
    assert frames.row_mean_rmse_m > 0
    with pytest.raises(RigidDepthError, match="tiny, smoke, cpu"):
        small_frames("gpu")
