"""What makes training faster changes nothing but its time."""

import copy
from dataclasses import replace

import pytest
import torch

from rigid_depth.experiments import EXPERIMENTS, SCALES
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.training.feed import generator_at, guided
from rigid_depth.experiments.training.objective import objective
from rigid_depth.experiments.training.speed import dense_gradients
from rigid_depth.models.blocks import DenseBlock

SIZE = (64, 128)
EXPERIMENT = EXPERIMENTS["rotation-global-3"]


def build(experiment) -> torch.nn.Module:
    torch.manual_seed(0)
    built = build_model(experiment, replace(SCALES["smoke"], image_size=SIZE)).eval()
    return built.to(memory_format=torch.channels_last)


@pytest.fixture
def model():
    return build(EXPERIMENT)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    depth_m = 80 * torch.rand(2, 1, *SIZE, generator=generator)
    raw = {
        "rgb": torch.rand(2, 3, *SIZE, generator=generator),
        "depth_m": depth_m * (depth_m < 20),
        "sky": torch.zeros(2, *SIZE, dtype=torch.bool),
    }
    return guided(raw, EXPERIMENT, generator_at(0, 0))


def gradients(model, batch, experiment=EXPERIMENT) -> dict[str, torch.Tensor]:
    loss = sum(objective(model(batch), batch, experiment, 50, 100).values())
    loss.backward()
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def test_dense_gradients_are_the_same_gradients(batch):
    """In 64 bits: in 32 the order of sums alone makes some of them differ, by the processor.

    Of `mse`, as a PointNet gives its rotations in 32 bits; the blocks are those of all experiments.
    """
    mse = EXPERIMENTS["mse"]
    model = build(mse).double()
    batch = {k: v.double() if v.is_floating_point() else v for k, v in batch.items()}
    other = copy.deepcopy(model)
    dense_gradients(other)
    plain, dense = (gradients(each, batch, mse) for each in (model, other))
    assert plain.keys() == dense.keys()
    for name, expected in plain.items():
        torch.testing.assert_close(dense[name], expected, rtol=1e-9, atol=1e-12, msg=name)


@pytest.mark.parametrize("dense", [False, True])
def test_a_dense_block_works_on_slices_unless_told_not_to(model, batch, dense):
    """Looks at the gradient that GELU gets, the one that is dear."""
    layouts = []

    def look(_, __, output):
        output.register_hook(
            lambda g: layouts.append(g.is_contiguous(memory_format=torch.channels_last))
        )

    for block in model.modules():
        if isinstance(block, DenseBlock):
            block.first[-1].register_forward_hook(look)
    if dense:
        dense_gradients(model)
    gradients(model, batch)
    assert layouts
    assert all(layouts) == dense
