"""What each method trains and compares, by formulas of other libraries."""

import numpy as np
import pytest
import torch
from networks import batch, network
from scipy.spatial.transform import Rotation

from rigid_depth.experiments import EXPERIMENTS
from rigid_depth.experiments.training.feed import anchor_frames


def test_the_control_learns_from_the_guide_and_is_judged_on_rgb_alone():
    model, data = network("coral").eval(), batch()
    blind = {**data, "guide": torch.zeros_like(data["guide"])}
    with torch.no_grad():
        learned = [model(given).depth["control"] for given in (data, blind)]
        judged = [model.predict(given)["zero_shot_control"] for given in (data, blind)]
        wanted = model.control(model.latents(data)[0])
    assert not torch.allclose(*learned)
    torch.testing.assert_close(*judged)
    torch.testing.assert_close(judged[0], wanted)


@pytest.mark.parametrize("kind", ["matrix", "geodesic", "latent"])
def test_the_loss_between_rotations_is_the_one_it_is_called(kind):
    rgb, rgbd = torch.randn(2, 2, 48, 3, 6, generator=torch.Generator().manual_seed(0))
    model = network("rotation-global-3", rotation_loss=kind).eval()
    with torch.no_grad():
        found = model.alignment(rgb, rgbd)
    own, guide = found.rotations
    angle = Rotation.from_matrix((guide @ own.mT).reshape(-1, 3, 3).numpy()).magnitude()
    wanted = {
        "geodesic": angle.mean(),
        "matrix": (8 / 9 * np.sin(angle / 2) ** 2).mean(),
        "latent": (found.rgb - found.depth).square().mean().item(),
    }[kind]
    assert found.loss.item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(("name", "axis"), [("coral", 1), ("coral-pixels", 2)])
def test_covariances_are_of_channels_or_of_pixels(name, axis):
    generator = torch.Generator().manual_seed(0)
    views = torch.randn(2, 2, 48, 2, 4, dtype=torch.double, generator=generator)
    loss = network(name).alignment(*views).loss.item()
    first, second = (np.cov(v.flatten(2).movedim(axis, 0).flatten(1).numpy()) for v in views)
    wanted = ((first - second) ** 2).sum() / (4 * len(first) ** 2)
    assert loss == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", ["relative-pretrained", "relative-pretrained-conv"])
def test_stored_anchors_are_latents_of_the_trained_guide(name):
    trained, frames, model = network("mse", seed=1).eval(), batch(100), network(name)
    model.build_on(trained, lambda: frames)
    with torch.no_grad():
        rgb, rgbd = trained.latents(frames)
    torch.testing.assert_close(model.alignment.stored, rgbd)
    assert not torch.allclose(rgb, rgbd)


def test_seventy_of_a_hundred_anchors_are_of_the_day():
    class Split:
        def __init__(self):
            self.frames = [{"condition": name} for name in ["day"] * 80 + ["night"] * 80]

        def __len__(self):
            return len(self.frames)

        def batch(self, indices, fields):
            numbers = torch.tensor(indices)
            rgb = numbers.view(-1, 1, 1, 1).expand(-1, 3, 32, 64).to(torch.uint8)
            return {"rgb": rgb, "points": torch.zeros(len(numbers), 1, 3)}

    found = anchor_frames(Split(), EXPERIMENTS["mse"], 0)["rgb"][:, 0, 0, 0] * 255
    assert len(found) == 100
    assert (found.round() < 80).sum() == 70
