"""Two branches: every experiment runs, terms train what they should, zero-shot is what it says."""

import math
from dataclasses import replace

import pytest
import torch
from networks import batch, network
from safetensors.torch import load_file

from rigid_depth.experiments import EXPERIMENTS
from rigid_depth.experiments.measuring import alignment
from rigid_depth.experiments.measuring.alignment import (
    _copying_sums,
    _nearest_sums,
    copying,
    measure_alignment,
    rotation_metrics,
)
from rigid_depth.experiments.measuring.complementarity import cell_depths, complementarity
from rigid_depth.experiments.training.objective import objective
from rigid_depth.latents import to_point_clouds
from rigid_depth.models.pointnet import RotationHead
from rigid_depth.models.two_branch import Outputs, TwoBranch
from rigid_depth.rotations import random_rotation

NETWORKS = [e for e in EXPERIMENTS.values() if not e.method.endswith("-depth")]
GUIDED = [e.name for e in NETWORKS if e.method != "rgb"]
SIZED = {"width": 0.25, "image_size": (64, 128), "steps": 2, "checkpoint_every": 2}

RGB, DECODER = {"rgb.encoder"}, {"rgb.decoder"}
TRAINS = {
    "mse": {"rgb": RGB | DECODER, "depth": {"rgbd", "decoder"}, "alignment": RGB},
    "mse-undetached": {
        "rgb": RGB | DECODER, "depth": {"rgbd", "decoder"}, "alignment": RGB | {"rgbd"},
    },
    "mse-fresh-decoder": {"rgb": DECODER, "depth": DECODER, "control": {"control"}},
    "coral": {
        "rgb": RGB | DECODER, "depth": DECODER | {"rgbd"}, "control": {"control"},
        "alignment": RGB | {"rgbd"},
    },
    "coral-normalised": {
        "rgb": RGB | DECODER, "depth": DECODER | {"rgbd"}, "control": {"control"},
        "alignment": RGB | {"rgbd"},
    },
    "weight-maps": {
        "rgb": RGB | DECODER | {"alignment.rgb"},
        "depth": RGB | {"rgbd", "decoder", "alignment.rgbd"},
        "control": {"control"},
        "alignment": RGB | {"rgbd", "alignment.rgb", "alignment.rgbd"},
    },
    "relative": {
        "rgb": RGB | DECODER | {"alignment.pool"},
        "depth": {"rgbd", "decoder", "alignment.pool"},
    },
    "relative-mse": {
        "rgb": RGB | DECODER | {"alignment.pool", "alignment.rgb"},
        "depth": {"rgbd", "decoder", "alignment.pool"},
        "alignment": RGB | {"rgbd", "alignment.pool", "alignment.rgb"},
    },
    "relative-mlp": {
        "rgb": RGB | DECODER | {"alignment.pool", "alignment.rgb"},
        "depth": {"rgbd", "decoder", "alignment.pool", "alignment.rgbd"},
    },
    "rotation-global-3": {
        "rgb": DECODER | {"alignment.head"}, "depth": RGB | {"rgbd", "decoder"},
        "control": {"control"}, "alignment": {"alignment.head"},
    },
    "rotation-identity": {
        "rgb": DECODER, "depth": RGB | {"decoder"}, "control": {"control"},
    },
    "shared-encoder": {"rgb": RGB | DECODER, "depth": RGB | {"decoder"}, "alignment": RGB},
}  # fmt: skip


@pytest.mark.parametrize("name", GUIDED)
def test_every_experiment_runs_to_its_record(name, tiny, tmp_path):
    method = EXPERIMENTS[name].method
    record = tiny(name, tmp_path, **SIZED)
    if method == "classes":  # no depth of the guide, so no zero-shot and no copying
        assert set(record.metrics["test"]) == {"rgb"}
        assert set(record.data["alignment"]) == {"raw", "decoded", "complementarity"}
        return
    if method in ("transformer", "dense-within-cap", "dense-as-returned"):  # RGB alone
        assert set(record.metrics["test"]) == {"rgb"}
        return
    if method == "distilled":  # RGB alone, beside a guide that no run changes
        assert set(record.metrics["test"]) == {"rgb", "depth"}
        return
    assert set(record.metrics["test"]) == {"rgb", "depth", "zero_shot", "zero_shot_control"}
    found = record.data["alignment"]
    assert {"raw", "decoded", "complementarity", "copying"} <= set(found)
    assert ("rotations" in found) == ("rotation" in method)
    assert len(record.data["curves"]["val"]["depth_rmse_m"]) == 1


@pytest.mark.parametrize("name", TRAINS)
def test_each_term_trains_exactly_what_it_should(name):
    model, data = network(name), batch()
    experiment = replace(EXPERIMENTS[name], infinity=False)
    terms = objective(model(data), data, experiment, 10, 100)
    assert set(terms) == set(TRAINS[name])
    for term, loss in terms.items():
        model.zero_grad(set_to_none=True)
        loss.backward(retain_graph=True)
        touched = {
            parameter_name
            for parameter_name, p in model.named_parameters()
            if p.grad is not None and p.grad.abs().max() > 0
        }
        for group in TRAINS[name][term]:
            assert any(found.startswith(group) for found in touched), (term, group)
        stray = {n for n in touched if not n.startswith(tuple(TRAINS[name][term]))}
        assert not stray, (term, stray)


@pytest.mark.parametrize("name", [n for n in GUIDED if n != "rotation-oracle"])
def test_the_rgb_branch_alone_gives_the_same_depth(name):
    model, data = network(name).eval(), batch()
    found = []
    with torch.no_grad():
        for alone in (True, False):
            torch.manual_seed(5)  # noise that is there at inference too
            found.append(model.infer(data["rgb"]) if alone else model.predict(data)["rgb"])
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("name", ["rotation-oracle", "rotation-identity"])
def test_zero_shot_is_depth_where_both_rotations_are_one(name):
    with torch.no_grad():
        found = network(name).eval().predict(batch())
    torch.testing.assert_close(found["zero_shot"], found["depth"], rtol=0, atol=0)
    assert not torch.allclose(found["rgb"], found["depth"])


@pytest.mark.parametrize(("context", "dim"), [("global", 3), ("local", 3), ("global", 16)])
def test_procrustes_finds_the_rotation_between_the_latents(context, dim):
    alignment = network("rotation-oracle", context=context, point_dim=dim).alignment
    generator = torch.Generator().manual_seed(0)
    rgb = torch.randn(2, 48, 3, 6, generator=generator)
    points = to_point_clouds(rgb, context, dim)
    if context == "local":
        turns = random_rotation(dim, 2 * 18, generator).view(2, 18, dim, dim)
    else:
        turns = random_rotation(dim, 2, generator)
    turned = torch.einsum("...nd,...ed->...ne", points, turns.float())
    rgbd = turned.reshape(2, 3, 6, 48).permute(0, 3, 1, 2)
    aligned = alignment(rgb, rgbd)
    torch.testing.assert_close(aligned.depth, rgbd, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(aligned.rotations[1], turns.float(), atol=1e-5, rtol=1e-4)


def test_parallel_anchors_ignore_a_rotation_and_shared_ones_do_not():
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(10, 48, 2, 4, generator=generator)
    turn = random_rotation(48, (), generator).float()
    turned = 2.5 * torch.einsum("bchw,dc->bdhw", latent, turn)
    parallel = network("relative-parallel").alignment
    shared = network("relative").alignment
    torch.testing.assert_close(parallel.codes(turned), parallel.codes(latent), atol=1e-5, rtol=0)
    assert (shared.codes(turned) - shared.codes(latent)).abs().max() > 0.1


def test_stored_anchors_of_the_own_place_meet_only_their_pixel():
    alignment = network("relative-pretrained-conv").alignment
    alignment.stored.normal_(generator=torch.Generator().manual_seed(0))
    latent = torch.randn(1, 48, 2, 4, generator=torch.Generator().manual_seed(1))
    codes = alignment.codes(latent)
    expected = torch.cosine_similarity(latent[0, :, 1, 2], alignment.stored[7, :, 1, 2], dim=0)
    torch.testing.assert_close(codes[0, 7, 1, 2], expected)


def test_a_fresh_decoder_stands_on_the_frozen_encoders_it_needs(tiny, tmp_path):
    record = tiny("mse-fresh-decoder", tmp_path, **SIZED)
    (base,) = tmp_path.glob("smoke/mse+*/seed-0")
    before, after = (load_file(f / "weights.safetensors") for f in (base, record.folder))
    for name in before:
        if name.startswith(("rgb.encoder", "rgbd")):
            assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["rgb.decoder.logits.weight"], after["rgb.decoder.logits.weight"])


def test_rgb_alone_in_two_stages_starts_from_the_trained_encoder(tiny, tmp_path, monkeypatch):
    started = []

    def keep(training, *_args, **_options):
        state = training.model.state_dict()
        started.append({name: values.clone() for name, values in state.items()})
        raise KeyboardInterrupt

    tiny("rgb-infinity", tmp_path, **SIZED)
    (base,) = tmp_path.glob("smoke/rgb-infinity+*/seed-0")
    monkeypatch.setattr("rigid_depth.experiments.runner.train", keep)
    with pytest.raises(KeyboardInterrupt):
        tiny("rgb-infinity-fresh-decoder", tmp_path, **SIZED)
    trained = load_file(base / "weights.safetensors")
    same = {name: torch.equal(values, started[0][name]) for name, values in trained.items()}
    encoder = {name for name in same if name.startswith("rgb.encoder")}
    assert all(same[name] for name in encoder)
    assert not same["rgb.decoder.logits.weight"]


def test_a_branch_that_copies_its_input_is_found_out(monkeypatch):
    model, data = network("mse"), batch()

    def copy(self, data):
        return Outputs({"depth": torch.where(data["guide"] > 0, data["guide"], 0.5)})

    monkeypatch.setattr(TwoBranch, "forward", copy)
    found = copying([_copying_sums(model, data, EXPERIMENTS["mse"])])
    seen = data["depth_m"][data["depth_m"] > 0]
    assert found["given_rmse_m"] < 1e-4
    assert math.isclose(
        found["withheld_rmse_m"], (seen - 50).square().mean().sqrt().item(), rel_tol=0.05
    )


def test_the_nearest_given_return_is_the_one_next_to_it():
    depth_m = torch.zeros(1, 1, 4, 8)
    depth_m[0, 0, 1] = torch.tensor([0.0, 10, 12, 0, 0, 30, 40, 0])
    given = torch.zeros_like(depth_m, dtype=torch.bool)
    given[0, 0, 1, 1] = given[0, 0, 1, 6] = True  # 10 m and 40 m
    asked = (depth_m > 0) & ~given
    assert _nearest_sums(depth_m, given, asked).tolist() == [2.0**2 + 10.0**2, 2.0]


def test_what_a_guide_adds_to_rgb_is_what_rgb_does_not_tell():
    generator = torch.Generator().manual_seed(0)
    shared, own, other = torch.randn(3, 4000, 2, generator=generator, dtype=torch.double)
    depth = shared.sum(1) + own.sum(1)
    depth[::7] = math.nan
    rgb, guide = torch.cat([shared, other], 1), torch.cat([shared, own], 1)
    found = complementarity(rgb, guide, depth)
    assert found["r2_rgb"] == pytest.approx(0.5, abs=0.04)
    assert found["r2_both"] == pytest.approx(found["r2_guide"], abs=1e-3)
    assert found["r2_guide"] > 0.999
    # two of four directions of equal variance are shared
    assert found["cka_rgb_guide"] == pytest.approx(0.5, abs=0.04)
    assert found["cka_guide_depth"] > found["cka_rgb_depth"]


def test_the_depth_of_a_latent_pixel_is_the_mean_of_its_returns():
    depth = torch.arange(32.0).view(1, 1, 4, 8)
    has_return = torch.zeros(1, 1, 4, 8, dtype=torch.bool)
    has_return[0, 0, 0, 1] = has_return[0, 0, 1, 3] = has_return[0, 0, 3, 7] = True
    cells = cell_depths(depth, has_return, (2, 2))
    assert cells.isnan().tolist() == [False, True, True, False]
    assert cells[[0, 3]].tolist() == [(1 + 11) / 2, 31.0]


def test_rotations_that_do_not_vary_have_no_spread():
    generator = torch.Generator().manual_seed(0)
    one = random_rotation(3, (), generator).expand(50, 3, 3)
    found = rotation_metrics(one, random_rotation(3, 50, generator))
    assert found["own_spread_rad"] < 1e-6
    assert found["guide_spread_rad"] > 1.0
    assert 1.5 < found["distance_rad"] < 2.7  # the mean over SO(3) is pi/2 + 2/pi = 2.21


@pytest.fixture
def measured(monkeypatch):
    """Measures a network on the frames of a batch; returns what was compared, and the record's."""

    def measure(model, data, name):
        seen = []

        class Split:
            frames = tuple({} for _ in range(4))

            def batch(self, indices):
                return {"indices": torch.tensor(indices)}

        monkeypatch.setattr(
            alignment, "compare", lambda a, b: seen.append((a, b)) or {"call": len(seen) - 1}
        )
        monkeypatch.setattr(
            "rigid_depth.experiments.measuring.measure.network_batch",
            lambda raw: {k: v[raw["indices"]] for k, v in data.items()},
        )
        found = measure_alignment(model, Split(), EXPERIMENTS[name], batch_size=2)
        return {part: seen[found[part]["call"]] for part in ("raw", "decoded")}

    return measure


def test_rows_are_measured_in_the_order_of_the_frames(measured):
    model, data = network("mse").eval(), batch(4)
    rgb, _ = measured(model, data, "mse")["raw"]
    with torch.no_grad():
        latent = model.latents(data)[0]
    torch.testing.assert_close(rgb.view(4, 8, 48)[3, 5], latent[3, :, 1, 1])


def test_latents_of_a_large_split_are_kept_of_some_of_its_frames(measured, monkeypatch):
    monkeypatch.setattr(alignment, "MOST_FRAMES", 2)
    model, data = network("mse").eval(), batch(4)
    depths = []
    monkeypatch.setattr(alignment, "complementarity", lambda *rows: depths.append(rows[2]) or {})
    rgb, _ = measured(model, data, "mse")["raw"]
    with torch.no_grad():
        latent = model.latents(data)[0]
    torch.testing.assert_close(rgb, latent[[0, 2]].flatten(2).mT.flatten(0, 1))
    assert len(depths[0]) == len(rgb)


def test_raw_is_of_the_encoders_and_decoded_of_what_decoders_are_given(measured):
    model, data = network("weight-maps").eval(), batch(4)
    found = measured(model, data, "weight-maps")
    with torch.no_grad():
        latents = model.latents(data)
        own = model.alignment.infer(latents[0])
    rows = [z.flatten(2).mT.flatten(0, 1) for z in (*latents, own)]
    torch.testing.assert_close(found["raw"], tuple(rows[:2]))
    torch.testing.assert_close(found["decoded"][0], rows[2])


def test_returns_that_were_given_are_not_judged_where_withheld_ones_are():
    data, experiment = batch(), replace(EXPERIMENTS["mse-withheld"], infinity=False)
    data["given"] = data["given"] & (torch.arange(128) < 64)
    y = {b: torch.full_like(data["depth_m"], 0.5).requires_grad_() for b in ("rgb", "depth")}
    terms = objective(Outputs(y), data, experiment, 0, 100)
    sum(terms.values()).backward()
    assert not y["depth"].grad[..., :64].any()
    assert y["depth"].grad[..., 64:].any()
    assert y["rgb"].grad[..., :64].any()


def test_without_balancing_the_weight_multiplies_the_loss_itself():
    data, alignment = batch(), torch.tensor(3.0)
    y = {"rgb": torch.full_like(data["depth_m"], 0.5)}
    experiment = replace(EXPERIMENTS["mse"], infinity=False, balancing=False)
    constant = replace(experiment, weight_schedule="constant")
    first = objective(Outputs(y, alignment), data, experiment, 0, 100)["alignment"]
    middle = objective(Outputs(y, alignment), data, constant, 0, 100)["alignment"]
    assert math.isclose(first.item(), 3 * 0.05, rel_tol=1e-6)
    assert math.isclose(middle.item(), 3 * 0.14, rel_tol=1e-6)


def test_the_rotation_head_forgets_the_order_and_gives_rotations():
    torch.manual_seed(0)
    head = RotationHead(3).eval()
    points = torch.randn(5, 40, 3)
    rotation = head(points)
    torch.testing.assert_close(rotation, head(points[:, torch.randperm(40)]))
    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(3).expand(5, 3, 3))
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(5))
    assert not torch.equal(head.train()(points), head(points))


def test_rows_are_compared_over_the_whole_split(monkeypatch):
    monkeypatch.setattr(alignment, "MOST_ROWS", 100)
    x = torch.randn(10_000, 3, generator=torch.Generator().manual_seed(0))
    y = x.clone()
    y[100:] += 5
    assert alignment.compare(x, y)["relative_distance"] > 1


def test_depth_is_explained_on_rows_the_map_was_not_fitted_on():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(80, 30, generator=generator).double()
    depth = torch.randn(80, generator=generator).double()
    assert complementarity(noise, noise, depth)["r2_rgb"] < 0  # on its own rows about 0.75
