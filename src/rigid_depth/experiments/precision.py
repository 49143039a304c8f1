"""Which arithmetic a training uses where its scale leaves it open."""

from __future__ import annotations

from pathlib import Path

import torch

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
