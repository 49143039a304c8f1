"""Transformers as encoders: as many parameters, the same latents, and nothing from a network."""

import socket
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS, SCALES
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.methods.transformer import import_timm, named
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.predict import from_image
from rigid_depth.experiments.recording.weights import load_weights
from rigid_depth.models.autoencoder import count_parameters

pytest.importorskip("timm")

TINY = replace(SCALES["smoke"], image_size=(32, 64), stride=16, width=0.25)
PAIRS = {"rgb-infinity-transformer": "rgb-infinity", "mse-transformer": "mse"}
NAME = "vit_tiny_patch16_224"


def network(name, scale=TINY, seed=0, **changes):
    torch.manual_seed(seed)
    return build_model(replace(EXPERIMENTS[name], **changes), scale)


def batch(size=(32, 64)):
    generator = torch.Generator().manual_seed(1)
    shape = (2, 1, *size)
    return {
        "rgb": torch.rand(2, 3, *size, generator=generator),
        "guide": torch.rand(shape, generator=generator),
    }


CORE = SCALES["core"]


@pytest.mark.parametrize("scale", [CORE, replace(CORE, width=1.0), SCALES["paper"]])
def test_parameters_and_latents_are_those_of_the_convolutional_encoders(scale):
    found, plain = network("mse-transformer", scale), network("mse", scale)
    pairs = [(found.rgb.encoder, plain.rgb.encoder), (found.rgbd, plain.rgbd)]
    for transformer, convolutional in pairs:
        ratio = count_parameters(transformer) / count_parameters(convolutional)
        assert 0.95 < ratio < 1.05
        image = torch.rand(1, 3, *scale.image_size)
        with torch.no_grad():
            assert transformer(image).shape == convolutional(image).shape


def test_a_transformer_starts_alike_whatever_is_built_beside_it():
    alone, guided = network("rgb-infinity-transformer").rgb, network("mse-transformer").rgb
    other = network("rgb-infinity-transformer", seed=1).rgb
    for name, values in alone.state_dict().items():
        assert torch.equal(values, guided.state_dict()[name]), name
    assert not torch.equal(alone.encoder.vit.pos_embed, other.encoder.vit.pos_embed)
    decoder = network("rgb").rgb.decoder.state_dict()
    assert all(torch.equal(v, alone.decoder.state_dict()[n]) for n, v in decoder.items())


def test_the_loss_of_rgb_reaches_every_weight_of_its_transformer():
    model = network("mse-transformer")
    outputs = model(batch())
    outputs.depth["rgb"].square().mean().backward()
    silent = {n for n, p in model.rgb.named_parameters() if p.grad is None or not p.grad.any()}
    assert not {n for n in silent if n.startswith("encoder.")}
    assert all(p.grad is None for p in model.rgbd.parameters())
    outputs.depth["depth"].square().mean().backward()
    assert all(p.grad is not None for p in model.rgbd.parameters())


@pytest.mark.parametrize("name", PAIRS)
def test_only_the_encoders_differ_from_the_convolutional_row(name):
    ours, theirs = (vars(EXPERIMENTS[n]) for n in (name, PAIRS[name]))
    said = {"name", "label", "section", "notebook", "method"}
    assert {k for k in ours if ours[k] != theirs[k]} <= said


def test_building_and_computing_open_no_connection(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a connection was asked for")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for module in [m for m in sys.modules if m == "timm" or m.startswith("timm.")]:
        monkeypatch.delitem(sys.modules, module)
    network("rgb-infinity-transformer").infer(batch()["rgb"])
    named(NAME, TINY, 0.0)


def test_a_finished_run_predicts_from_its_weights_alone(tiny, tmp_path):
    record = tiny("rgb-infinity-transformer", tmp_path, stride=16)
    trained = load_weights(record.folder)
    fresh = build_model(trained.experiment, trained.scale)
    fresh.load_state_dict(trained.model.state_dict())
    image = batch()["rgb"]
    depth_m = from_image(trained.model, trained.experiment)(image)
    assert torch.equal(depth_m, from_image(fresh, trained.experiment)(image))
    assert depth_m.shape == (2, 1, 32, 64)


def test_another_image_size_is_refused():
    with pytest.raises(RigidDepthError, match="image size is 64x64; this transformer takes 32x64"):
        network("rgb-infinity-transformer").infer(torch.rand(1, 3, 64, 64))


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """Weights of timm's smallest plain transformer as published: for 224x224, with a head."""
    torch.manual_seed(7)
    model = import_timm().create_model(NAME, pretrained=False)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(model.state_dict(), path)
    return path, model


def test_named_weights_are_taken_by_both_encoders_at_the_size_of_the_scale(pretrained):
    path, model = pretrained
    ours = network("mse-transformer", encoder_weights=f"{NAME}:{path}")
    ours.build_on(None, dict)
    for encoder in (ours.rgb.encoder, ours.rgbd):
        assert torch.equal(encoder.vit.blocks[5].mlp.fc1.weight, model.blocks[5].mlp.fc1.weight)
        assert encoder.vit.pos_embed.shape == (1, 1 + 2 * 4, 192)
        assert encoder.mean.flatten().tolist() == list(model.pretrained_cfg["mean"])
    assert ours.eval().infer(batch()["rgb"]).shape == (2, 1, 32, 64)


def test_weights_that_do_not_fit_are_one_sentence_that_names_the_file(pretrained, tmp_path):
    _, model = pretrained
    state = model.state_dict()
    broken = {
        "fewer": {n: v for n, v in state.items() if n != "blocks.3.norm1.weight"},
        "more": state | {"blocks.20.norm1.weight": torch.ones(3)},
        "other": state | {"blocks.3.norm1.weight": torch.ones(3)},
    }
    for name, tensors in broken.items():
        save_file(tensors, tmp_path / f"{name}.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors")
    for name in (*broken, "text"):
        file = tmp_path / f"{name}.safetensors"
        given = network("rgb-infinity-transformer", encoder_weights=f"{NAME}:{file}")
        with pytest.raises(RigidDepthError, match=rf"{name}\.safetensors do not fit") as caught:
            given.build_on(None, dict)
        assert "\n" not in str(caught.value)
    gone = network("rgb-infinity-transformer", encoder_weights=f"{NAME}:{tmp_path / 'gone'}")
    with pytest.raises(RigidDepthError, match="no weights for the encoder at"):
        gone.build_on(None, dict)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("rgb", "a:b", "'rgb' has none"),
        ("mse-transformer", "file", "takes NAME:FILE"),
        ("mse-transformer", "vit_nano:b", "timm has no model 'vit_nano'"),
        ("mse-transformer", "resnet18:b", "no Vision Transformer with patches of 16 px"),
        ("mse-transformer", "vit_small_patch32_224:b", "no Vision Transformer with patches of 16"),
    ],
)
def test_weights_that_no_encoder_can_take_are_refused(name, value, sentence):
    with pytest.raises(RigidDepthError, match=sentence):
        network(name, encoder_weights=value)


def test_without_timm_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(RigidDepthError, match="pip install timm"):
        network("rgb-infinity-transformer")
    network("rgb-infinity")


def test_no_folder_of_the_weights_gets_into_a_record():
    changes = {"encoder_weights": "vit_tiny_patch16_224:/a/b.safetensors"}
    plan = plan_run("mse-transformer", overrides=changes)
    assert plan.parameters()["encoder_weights"] == "vit_tiny_patch16_224:b.safetensors"
