"""The regime: equal starts, decay against rate, and what a switch trains."""

import math
from dataclasses import replace
from functools import partial

import networks
import pytest
import torch

from rigid_depth.experiments import EXPERIMENTS, SCALES
from rigid_depth.experiments.methods import METHODS, build_model
from rigid_depth.experiments.methods.dense import REACH_M
from rigid_depth.experiments.methods.starting import own_start
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training.feed import generator_at, network_batch
from rigid_depth.experiments.training.loop import Training, device_seed
from rigid_depth.experiments.training.objective import objective
from rigid_depth.models.two_branch import Outputs

SCALE = replace(networks.SCALE, stride=16)
TRAINED = [e for e in EXPERIMENTS.values() if e.method in METHODS]
CONVOLUTIONAL = [e for e in TRAINED if not e.method.startswith("transformer")]
network = partial(networks.network, scale=SCALE)
batch = partial(networks.batch, sky_share=0)


@pytest.mark.parametrize("experiment", CONVOLUTIONAL, ids=lambda e: e.name)
def test_rgb_starts_alike_in_every_experiment_of_a_seed(experiment):
    plain = network("rgb").rgb.state_dict()
    found = network(experiment.name).rgb.state_dict()
    assert plain.keys() == found.keys()
    assert all(torch.equal(plain[name], found[name]) for name in plain)


def test_another_seed_is_another_start_and_no_two_parts_are_twins():
    model = network("weight-maps")
    assert not torch.equal(
        model.rgb.encoder.latent.weight, network("rgb", seed=1).rgb.encoder.latent.weight
    )
    assert not torch.equal(model.decoder.logits.weight, model.control.logits.weight)


def test_a_part_leaves_the_generator_as_it_was():
    torch.manual_seed(3)
    with own_start("part"):
        inside = torch.rand(4)
    after = torch.rand(4)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(4))
    torch.rand(100)
    with own_start("part"):
        assert torch.equal(inside, torch.rand(4))


def test_the_share_of_the_weights_a_step_takes_away_is_the_same_at_every_scale():
    shares = []
    for factor in (1.0, 20.0):
        plan = plan_run("rgb", overrides={"learning_rate_factor": factor})
        training = Training(network("rgb"), {"train": range(8)}, plan, {})
        (group,) = training.configure_optimizers()["optimizer"].param_groups
        shares.append(group["max_lr"] * group["weight_decay"])
    assert shares == pytest.approx([1.5e-4 * 0.2] * 2)


def test_a_latent_at_stride_16_has_twice_the_sides_and_the_image_its_own():
    for stride, size in ((16, (4, 8)), (32, (2, 4))):
        model = build_model(EXPERIMENTS["rgb"], replace(SCALE, stride=stride))
        y, latent = model.rgb(batch()["rgb"])
        assert latent.shape[-2:] == size
        assert y.shape[-2:] == (64, 128)


def test_dense_truth_is_the_target_at_every_pixel_that_has_one():
    data = batch()
    data["dense_depth_m"][:, :10] = 0
    y = torch.full((2, 1, 64, 128), 0.5)
    experiment = replace(EXPERIMENTS["rgb-dense"], infinity=False)
    found = objective(Outputs({"rgb": y}), data, experiment, 0, 10)["rgb"]
    target = 1 - data["dense_depth_m"][:, 10:] / 100
    assert float(found) == pytest.approx(float((0.5 - target).square().mean()), rel=1e-5)


def test_dense_truth_within_the_cap_leaves_out_what_lies_beyond():
    model, data = network("rgb-dense-within-cap"), batch()
    data["dense_depth_m"][:, :10], data["dense_depth_m"][:, 10:20] = 0, 95
    data["dense_depth_m"][:, 20:] = 30
    outputs = model(data)
    y = outputs.depth["rgb"]
    y.retain_grad()
    experiment = replace(EXPERIMENTS["rgb-dense-within-cap"], infinity=False)
    loss = objective(outputs, data, experiment, 0, 10)["rgb"]
    errors = y[:, :, 20:] - 0.7  # the linear encoding of 30 m
    assert float(loss.detach()) == pytest.approx(float(errors.detach().square().sum() / y.numel()))
    loss.backward()
    assert not y.grad[:, :, :20].any()
    torch.testing.assert_close(y.grad[:, :, 20:], 2 * errors.detach() / y.numel())
    assert model.predict({"rgb": data["rgb"]})["rgb"].shape == y.shape


def test_labels_drawn_as_returns_thin_out_with_distance():
    model, data = network("rgb-dense-as-returned"), batch()
    shares = []
    for depth_m in (10.0, 65.0, 90.0, 101.0):
        data["dense_depth_m"] = torch.full_like(data["dense_depth_m"], depth_m)
        outputs = model(data)
        is_label = (outputs.target - outputs.depth["rgb"]).abs() > 1e-6
        shares.append(float(is_label.float().mean()))
    assert shares == pytest.approx([1.0, 0.5, 0.21, 0.0], abs=0.03)
    torch.testing.assert_close(model(data).target, model(data).depth["rgb"].detach())
    assert "lottery" not in model.state_dict()


def test_returns_of_the_world_thin_out_as_the_labels_of_the_ceiling_do():
    store = make_store(SCALES["smoke"], "synthetic")
    splits = [store.split(name) for name in ("train", "val", "test")]
    counts = {(10, 30): [0, 0], (55, 75): [0, 0], (80, 100): [0, 0]}
    for split in splits:
        raw = split.batch(list(range(len(split))), ("rgb", "points", "dense_depth_m"))
        data = network_batch(raw)
        height = data["rgb"].shape[-2]
        rows = slice(3 * height // 16, 9 * height // 16)  # around the horizon: all distances
        true_m, returned = data["dense_depth_m"][:, rows], data["depth_m"][:, 0, rows] > 0
        for (near, far), count in counts.items():
            surfaces = (true_m >= near) & (true_m < far)
            count[0] += int((surfaces & returned).sum())
            count[1] += int(surfaces.sum())
    near, *others = (returns / surfaces for returns, surfaces in counts.values())
    expected = [1 / (1 + (depth_m / REACH_M) ** 4) for depth_m in (65, 90)]
    assert [share / near for share in others] == pytest.approx(expected, abs=0.05)


def test_where_the_guide_leads_the_loss_of_rgb_is_as_large_as_its_own():
    data = batch()
    y = {"rgb": torch.full((2, 1, 64, 128), 0.5, requires_grad=True), "depth": data["guide"] + 0.1}
    experiment = replace(EXPERIMENTS["rotation-depth-leads"], infinity=False)
    terms = objective(Outputs(y), data, experiment, 0, 10)
    plain = objective(Outputs(y), data, replace(experiment, leading="rgb"), 0, 10)
    balanced_to = float(plain["depth"])  # up to the epsilon in the ratio
    assert float(terms["rgb"].detach()) == pytest.approx(balanced_to, rel=1e-3)
    assert float(plain["rgb"].detach()) > 2 * balanced_to


@pytest.mark.parametrize("coupled", [False, True])
def test_only_a_coupled_guide_is_trained_by_the_loss_on_rotations(coupled):
    model = network("rotation-global-3", detach_guide=not coupled)
    model(batch()).alignment.backward()
    touched = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert any(n.startswith("alignment.head") for n in touched)
    assert any(n.startswith("rgbd.") for n in touched) == coupled


def test_noise_on_the_points_at_inference_only_if_it_is_always_there():
    data = batch()
    for kind, equal in (("training", True), ("always", False)):
        model = network("rotation-global-3", point_noise=kind).eval()
        with torch.no_grad():
            first, second = (model.alignment(*model.latents(data)).rotations[0] for _ in range(2))
        assert torch.equal(first, second) == equal


def test_no_device_draws_what_another_stream_draws():
    steps, devices = range(20), range(8)
    drawn = [device_seed(0, step, rank) for step in steps for rank in devices]
    others = [generator_at(0, step, k).initial_seed() for step in steps for k in range(8) if k != 3]
    assert len({*drawn, *others}) == len(drawn) + len(others)


def test_both_latents_are_decoded_where_both_are_turned():
    model, data = network("rotation-local-both").eval(), batch()
    rgb, rgbd = model.latents(data)
    aligned = model.alignment(rgb, rgbd)
    assert aligned.depth.norm().item() == pytest.approx(rgbd.norm().item(), rel=1e-4)
    # turned back by R_rgbd the RGB-D latent lies nearer to the RGB latent than it did
    assert (aligned.depth - rgb).norm() < (rgbd - rgb).norm()


def test_a_guide_of_classes_is_trained_by_them_and_draws_rgb_along():
    model, data = network("mse-classes"), batch()
    data["classes"] = torch.randint(0, 12, (2, 64, 128), dtype=torch.uint8)
    outputs = model(data)
    assert float(outputs.guide) == pytest.approx(math.log(12), rel=0.3)
    terms = objective(outputs, data, EXPERIMENTS["mse-classes"], 5, 10)
    assert float(terms["guide"]) == pytest.approx(float(terms["rgb"]), rel=1e-3)
    outputs.guide.backward()
    touched = {n.split(".")[0] for n, p in model.named_parameters() if p.grad is not None}
    assert touched == {"rgbd", "decoder"}


@pytest.mark.parametrize("name", ["rgb-guide-output", "rgb-guide-latent"])
def test_a_frozen_guide_teaches_and_is_not_taught(name):
    model, trained, data = network(name), network("mse-unaligned", seed=1), batch()
    model.build_on(trained, dict)
    model.train()
    outputs = model(data)
    terms = objective(outputs, data, EXPERIMENTS[name], 5, 10)
    sum(terms.values()).backward()
    trained.eval()
    with torch.no_grad():
        known = trained.predict(data)["depth"]
    if outputs.target is not None:
        assert torch.equal(outputs.target, known)
        error = (outputs.depth["rgb"] - known).square().mean()
        assert float(terms["rgb"].detach()) == pytest.approx(float(error.detach()), rel=1e-5)
    else:
        assert "alignment" in terms
    touched = {n for n, p in model.named_parameters() if p.grad is not None}
    assert touched
    assert all(n.startswith("rgb.") for n in touched)
