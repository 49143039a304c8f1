"""Transformers as encoders: as many parameters, the same latents, and weights of the field."""

import importlib
from dataclasses import replace
from functools import partial

import networks
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS, SCALES
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.methods.transformer import PUBLISHED, resized
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.predict import from_image
from rigid_depth.experiments.recording.weights import load_weights
from rigid_depth.experiments.standing import parameter_changes
from rigid_depth.models.autoencoder import count_parameters

RUN = importlib.import_module("rigid_depth.experiments.runner")
TINY = replace(SCALES["smoke"], image_size=(32, 64), stride=16, width=0.25)
PAIRS = {"rgb-infinity-transformer": "rgb-infinity", "mse-transformer": "mse"}
NAME = "vit_tiny"
network = partial(networks.network, scale=TINY)


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
    found, plain = (network(name, scale=scale) for name in ("mse-transformer", "mse"))
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
    assert not torch.equal(alone.encoder.positions, other.encoder.positions)
    decoder = network("rgb").rgb.decoder.state_dict()
    assert all(torch.equal(v, alone.decoder.state_dict()[n]) for n, v in decoder.items())


def test_the_losses_reach_every_weight_of_their_transformers():
    model = network("mse-transformer")
    outputs = model(batch())
    outputs.depth["rgb"].square().mean().backward()
    silent = {n for n, p in model.rgb.encoder.named_parameters() if p.grad is None}
    assert silent == set()
    assert all(p.grad.any() for n, p in model.rgb.encoder.named_parameters())
    assert all(p.grad is None for p in model.rgbd.parameters())
    outputs.depth["depth"].square().mean().backward()
    assert all(p.grad.any() for p in model.rgbd.parameters())


def test_every_block_starts_from_its_own_weights():
    first, second = network("rgb-infinity-transformer").rgb.encoder.blocks.layers[:2]
    for name, values in first.named_parameters():
        if values.dim() > 1:
            assert not torch.equal(values, second.get_parameter(name)), name


@pytest.mark.parametrize("name", PAIRS)
def test_only_the_encoders_differ_from_the_convolutional_row(name):
    ours, theirs = (vars(EXPERIMENTS[n]) for n in (name, PAIRS[name]))
    said = {"name", "label", "section", "notebook", "method"}
    assert {k for k in ours if ours[k] != theirs[k]} <= said


def test_a_finished_run_predicts_from_its_weights_alone(tiny, tmp_path):
    record = tiny("rgb-infinity-transformer", tmp_path, stride=16)
    trained = load_weights(record.folder)
    fresh = build_model(trained.experiment, trained.scale)
    fresh.load_state_dict(trained.model.state_dict())
    image = batch()["rgb"]
    depth_m = from_image(trained.model, trained.experiment)(image)
    assert torch.equal(depth_m, from_image(fresh, trained.experiment)(image))
    assert depth_m.shape == (2, 1, 32, 64)


def test_images_of_other_sizes_are_encoded_on_a_grid_of_positions_as_wide():
    encoder = network("rgb-infinity-transformer").rgb.encoder.eval()
    for height, width in [(64, 64), (96, 160), (32, 32)]:
        assert encoder(torch.rand(1, 3, height, width)).shape[2:] == (height // 16, width // 16)
    ramp = torch.linspace(0, 1, 4).expand(1, encoder.positions.shape[1], 2, 4)
    wider = resized(ramp, (4, 8))[0, 0]
    assert torch.allclose(wider, wider[:1].expand(4, -1), atol=1e-6), "rises along a row alone"
    assert (wider.diff(dim=1) > 0).all()
    assert wider.mean() == pytest.approx(0.5, abs=1e-6)
    with pytest.raises(RigidDepthError, match="40x64; height and width must be divisible by 32"):
        encoder(torch.rand(1, 3, 40, 64))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Weights in the layout they are published in: for 224x224, with a head."""
    torch.manual_seed(7)
    dim, depth, _ = PUBLISHED[NAME]
    shapes = {
        "cls_token": (1, 1, dim), "pos_embed": (1, 1 + 14 * 14, dim),
        "patch_embed.proj.weight": (dim, 3, 16, 16), "patch_embed.proj.bias": (dim,),
        "norm.weight": (dim,), "norm.bias": (dim,),
        "head.weight": (10, dim), "head.bias": (10,),
    }  # fmt: skip
    for k in range(depth):
        parts = {
            "norm1": (dim,), "attn.qkv": (3 * dim, dim), "attn.proj": (dim, dim),
            "norm2": (dim,), "mlp.fc1": (4 * dim, dim), "mlp.fc2": (dim, 4 * dim),
        }  # fmt: skip
        for part, shape in parts.items():
            shapes[f"blocks.{k}.{part}.weight"] = shape
            shapes[f"blocks.{k}.{part}.bias"] = shape[:1]
    tensors = {name: torch.randn(shape) * 0.1 for name, shape in shapes.items()}
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tensors, path)
    return path, tensors


def as_defined(tensors, image, depth, heads):
    """The tokens of a Vision Transformer by its definition (Dosovitskiy et al. 2021, eqs 1-4)."""

    def dense(x, part):
        return x @ tensors[f"{part}.weight"].T + tensors[f"{part}.bias"]

    def norm(x, part):
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-6).sqrt()
        return x * tensors[f"{part}.weight"] + tensors[f"{part}.bias"]

    kernel = tensors["patch_embed.proj.weight"].flatten(1)
    tokens = F.unfold(2 * image - 1, 16, stride=16).mT @ kernel.T + tensors["patch_embed.proj.bias"]
    first = tensors["cls_token"].expand(len(image), -1, -1)
    x = torch.cat([first, tokens], 1) + tensors["pos_embed"]
    for k in range(depth):
        y = dense(norm(x, f"blocks.{k}.norm1"), f"blocks.{k}.attn.qkv")
        q, k_, v = y.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        weights = (q @ k_.mT / q.shape[-1] ** 0.5).softmax(-1)
        x = x + dense((weights @ v).transpose(1, 2).flatten(2), f"blocks.{k}.attn.proj")
        y = dense(norm(x, f"blocks.{k}.norm2"), f"blocks.{k}.mlp.fc1")
        x = x + dense(F.gelu(y), f"blocks.{k}.mlp.fc2")
    return norm(x, "norm")


def test_published_weights_give_what_the_definition_says(published):
    path, tensors = published
    scale = replace(TINY, image_size=(224, 224))
    encoder = network("rgb-infinity-transformer", scale=scale, encoder_weights=f"{NAME}:{path}")
    encoder.build_on(None, dict)
    encoder = encoder.rgb.encoder.eval()
    image = torch.rand(2, 3, 224, 224)
    _, depth, heads = PUBLISHED[NAME]
    wanted = as_defined(tensors, image, depth, heads)[:, 1:]
    wanted = encoder.latent(wanted.mT.unflatten(2, (14, 14)))
    assert torch.allclose(encoder(image), wanted, rtol=1e-3, atol=1e-3 * wanted.std().item())


def test_named_weights_are_taken_by_both_encoders_at_the_size_of_the_scale(published, tmp_path):
    path, tensors = published
    torch.save({"model": tensors}, tmp_path / "tiny.pth")  # as DeiT and MAE publish them
    for file in (path, tmp_path / "tiny.pth"):
        ours = network("mse-transformer", encoder_weights=f"{NAME}:{file}")
        ours.build_on(None, dict)
        for encoder in (ours.rgb.encoder, ours.rgbd):
            taken = encoder.blocks.layers[5].linear1.weight
            assert torch.equal(taken, tensors["blocks.5.mlp.fc1.weight"])
            assert encoder.positions.shape == (1, 192, 2, 4)
        assert ours.eval().infer(batch()["rgb"]).shape == (2, 1, 32, 64)


def test_weights_that_do_not_fit_are_one_sentence_that_names_the_file(published, tmp_path):
    _, state = published
    broken = {
        "fewer": {n: v for n, v in state.items() if n != "blocks.3.norm1.weight"},
        "more": state | {"blocks.20.norm1.weight": torch.ones(3)},
        "coarser": state | {"patch_embed.proj.weight": torch.ones(192, 3, 32, 32)},
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
        ("mse-transformer", "vit_nano:b", "no transformer 'vit_nano'; allowed are vit_tiny, "),
    ],
)
def test_weights_that_no_encoder_can_take_are_refused(name, value, sentence):
    with pytest.raises(RigidDepthError, match=sentence):
        network(name, encoder_weights=value)


def test_no_folder_of_the_weights_gets_into_a_record():
    changes = {"encoder_weights": "vit_tiny:/a/b.safetensors"}
    plan = plan_run("mse-transformer", overrides=changes)
    assert plan.parameters()["encoder_weights"] == "vit_tiny:b.safetensors"


def test_weights_of_one_name_are_told_apart_by_what_they_hold(
    finished, tiny, tmp_path, monkeypatch
):
    plans = []

    def make(plan, store, identity):
        plans.append((plan, identity))
        return finished

    monkeypatch.setattr(RUN, "_make", make)
    for place, text in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "w.pth").write_text(text)
        changes = {"encoder_weights": f"vit_tiny:{tmp_path / place / 'w.pth'}"}
        tiny("rgb-infinity-transformer", tmp_path / "runs", **changes)
    (first, identity), (second, other), (same, again) = plans
    assert first.folder != second.folder
    assert identity["parameters"]["encoder"] != other["parameters"]["encoder"]
    assert (first.folder, identity) == (same.folder, again)
    record = {
        "experiment": first.experiment.name, "scale": "smoke", "overrides": first.overrides,
        "parameters": first.parameters(), "data": finished.data["data"],
    }  # fmt: skip
    assert parameter_changes(record) == []
    assert "encoder" not in plan_run("rgb-infinity-transformer").parameters()
    with pytest.raises(RigidDepthError, match="no weights for the encoder at nowhere"):
        tiny("rgb-infinity-transformer", tmp_path / "runs", encoder_weights="vit_tiny:nowhere")
