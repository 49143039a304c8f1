"""The curves of a run are what their names say."""

import pytest
import torch

from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.training.loop import Training


def test_a_point_of_the_training_curve_is_the_mean_of_its_window():
    plan = plan_run("mse", scale="smoke", overrides={"steps": 4, "log_every": 2})
    training = Training(torch.nn.Conv2d(3, 1, 1), {"train": [0] * 8}, plan, {})
    steps = [(1, 0.4, 90, 10), (3, 0.2, 10, 40), (5, 0.1, 8, 1), (5, 0.3, 8, 3)]
    for step, (loss, alignment, squared_m2, pixels) in enumerate(steps):
        sums = {"alignment": alignment, "rgb": squared_m2, "depth": 4 * squared_m2}
        sums = {k: torch.tensor(float(v)) for k, v in (sums | {"pixels": pixels}).items()}
        training.pending.append((step, torch.tensor(float(loss)), sums))
    training.look()
    found = training.curves["train"]
    assert (found["step"], found["loss"]) == ([2, 4], [2, 5])
    assert found["alignment"] == pytest.approx([0.3, 0.2])
    assert found["rmse_m"] == pytest.approx([2**0.5, 2])
    assert found["depth_rmse_m"] == pytest.approx([8**0.5, 4])


def test_the_curve_of_the_guide_ends_at_its_measured_validation_error(tiny, tmp_path):
    record = tiny("mse", tmp_path, width=0.25, image_size=(64, 128), precision="32-true")
    curve = record.data["curves"]["val"]["depth_rmse_m"]
    assert curve[-1] == pytest.approx(record.rmse_m("val", "depth"), rel=1e-5)
