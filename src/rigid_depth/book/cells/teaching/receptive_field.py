"""What part of the image one cell of a latent sees (thesis, section 4.1)."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError


class ReceptiveField(NamedTuple):
    """In pixels of the input, along one axis."""

    size: int
    """How many pixels reach a cell."""
    step: int
    """Distance between neighbouring cells."""
    centre: float
    """Position of the first cell's middle, 0 = middle of the first pixel."""


def receptive_field(layers: Sequence[tuple[int, ...]]) -> list[ReceptiveField]:
    """The receptive field after each layer `(kernel, stride=1, padding=0, dilation=1)`.

    r_l = r_(l-1) + (s_1 ... s_(l-1)) dilation_l (k_l - 1): thesis eq. 4.1 with s_i the stride of
    layer i; the example beside thesis Figure 4.6 drops the product. Holds for a chain; of parallel
    paths take the largest. Raises RigidDepthError for numbers a layer cannot have.
    """
    size, step, centre, fields = 1, 1, 0.0, []
    for number, layer in enumerate(layers, 1):
        kernel, stride, padding, dilation = (*layer, *(1, 0, 1)[len(layer) - 1 :])
        if min(kernel, stride, dilation) < 1 or padding < 0:
            raise RigidDepthError(
                f"layer {number} is {tuple(layer)}; allowed are a kernel, stride and dilation of "
                "at least 1 and a padding of at least 0"
            )
        reach = dilation * (kernel - 1)
        centre += step * (reach / 2 - padding)
        size += step * reach
        step *= stride
        fields.append(ReceptiveField(size, step, centre))
    return fields


def convolution_chain(module: nn.Module) -> list[tuple[int, int, int, int]]:
    """(kernel, stride, padding, dilation) of the convolutions and poolings of a module, in order.

    In the order they are registered, along the height: right for a chain of layers. Leave out what
    is no part of it (such as attention) first.
    """
    kinds = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    chain = [layer for layer in module.modules() if isinstance(layer, kinds)]
    return [
        tuple(
            _first(getattr(m, name, 1)) for name in ("kernel_size", "stride", "padding", "dilation")
        )
        for m in chain
    ]


def without_normalisation(module: nn.Module) -> nn.Module:
    """A copy without its group, layer, instance and batch norms, which join all pixels."""
    norms = (nn.GroupNorm, nn.LayerNorm, nn.modules.batchnorm._NormBase)
    local = copy.deepcopy(module)
    for parent in list(local.modules()):
        for name, child in parent.named_children():
            if isinstance(child, norms):
                setattr(parent, name, nn.Identity())
    return local


class Influence(NamedTuple):
    """How strongly each pixel acts on one cell of the output."""

    strength: Float[Tensor, "H W"]
    extent: tuple[int, int]
    """Height and width in pixels of the box around all pixels that act at all."""
    share: float
    """Part of all pixels that act at all."""


def measure_receptive_field(
    module: nn.Module,
    shape: tuple[int, int, int],
    cell: tuple[int, int] | None = None,
    *,
    images: int = 1,
    generator: torch.Generator | None = None,
) -> Influence:
    """The pixels of an input `[C, H, W]` that act on a cell of the module's output, by autograd.

    The absolute gradient of a random mixture of the cell's channels, over normal random images,
    summed over the input's channels. `cell` is a row and a column, by default the middle. The
    module's own mode holds: call `eval()` first where it has dropout. Global steps (attention,
    normalisation over the image) reach every pixel, which thesis eq. 4.1 does not count. Raises
    RigidDepthError for a cell outside the output.
    """
    first = next(module.parameters(), torch.empty(0))
    noise = torch.randn(images, *shape, generator=generator)
    image = noise.to(first.device, first.dtype).requires_grad_()
    output = module(image)
    h, w = output.shape[-2:]
    row, column = cell or (h // 2, w // 2)
    if not (0 <= row < h and 0 <= column < w):
        raise RigidDepthError(f"cell {(row, column)} is outside the module's output of {h}x{w}")
    mixture = torch.randn(output.shape[1], generator=generator).to(output)
    (gradient,) = torch.autograd.grad((output[:, :, row, column] @ mixture).sum(), image)
    strength = gradient.abs().sum((0, 1)) / images
    extent = tuple(_length(strength.amax(axis) > 0) for axis in (1, 0))
    return Influence(strength, extent, float((strength > 0).double().mean()))


def _length(touched: Tensor) -> int:
    where = touched.nonzero()
    return int(where[-1] - where[0]) + 1 if len(where) else 0


def _first(value: int | tuple[int, ...]) -> int:
    return value[0] if isinstance(value, tuple) else value
