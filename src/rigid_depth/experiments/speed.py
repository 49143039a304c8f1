"""How fast a training computes, not what: arithmetic, memory layout, compilation.

What was chosen stands in the record (`machine.precision`), and a test holds the ways together;
so a change here does not make the records of finished runs stale.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from rigid_depth.experiments.settings import Scale

NATIVE = ("amx_bf16", "avx512_bf16")
"""Flags of processors that multiply in bf16; others would only imitate it, slowly."""


def resolve_precision(precision: str) -> str:
    """ "auto" is bf16-mixed on a GPU and on a processor that computes in bf16, else 32-true."""
    if precision != "auto":
        return precision
    info = Path("/proc/cpuinfo")
    flags = info.read_text().split() if info.exists() else []
    native = torch.cuda.is_available() or any(flag in flags for flag in NATIVE)
    return "bf16-mixed" if native else "32-true"


def accelerate(model: nn.Module, scale: Scale) -> nn.Module:
    """The same network, channels last in memory and, on a GPU where the scale says so, compiled."""
    model = model.to(memory_format=torch.channels_last)
    if scale.compile and torch.cuda.is_available():
        model.compile()
    return model
