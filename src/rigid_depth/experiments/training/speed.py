"""How fast a training computes, not what: arithmetic, memory layout, compilation.

What was chosen stands in the record (`machine.precision`), and a test holds the ways together;
so a change here does not make the records of finished runs stale.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.settings import Scale
from rigid_depth.models.blocks import DenseBlock

NATIVE = ("amx_bf16", "avx512_bf16")
"""Flags of processors that multiply in bf16; others would only imitate it, slowly."""


def resolve_precision(precision: str) -> str:
    """ "auto" is bf16-mixed on a GPU and on a processor that computes in bf16, else 32-true.

    Raises RigidDepthError for 16-mixed on a processor, which would compute in bf16 instead.
    """
    if precision == "16-mixed" and not torch.cuda.is_available():
        raise RigidDepthError("precision 16-mixed needs a GPU; bf16-mixed and 32-true do not.")
    if precision != "auto":
        return precision
    info = Path("/proc/cpuinfo")
    flags = info.read_text().split() if info.exists() else []
    native = torch.cuda.is_available() or any(flag in flags for flag in NATIVE)
    return "bf16-mixed" if native else "32-true"


def accelerate(model: nn.Module, scale: Scale) -> nn.Module:
    """The same network, channels last in memory and, on a GPU where the scale says so, compiled."""
    model = model.to(memory_format=torch.channels_last)
    if torch.cuda.is_available():
        if scale.compile:
            model.compile()
    else:
        dense_gradients(model)
    return model


def dense_gradients(model: nn.Module) -> None:
    """Lets no dense block work on slices of a gradient.

    What is concatenated gets back a slice of the channels. On a CPU the derivative of GELU takes
    ten times as long on a slice as on a copy of it, so that a copy first pays.
    """
    for block in model.modules():
        if isinstance(block, DenseBlock):
            block.register_forward_pre_hook(_at_entry)
            block.first.register_forward_hook(_at_exit)


def _at_entry(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (_DenseGradient.apply(inputs[0]),)


def _at_exit(_: nn.Module, __: tuple[Tensor], output: Tensor) -> Tensor:
    return _DenseGradient.apply(output)


class _DenseGradient(torch.autograd.Function):
    """The identity; its gradient comes back in memory of its own, channels last."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient.contiguous(memory_format=torch.channels_last)
