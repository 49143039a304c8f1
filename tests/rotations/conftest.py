"""A generator, hypothesis without deadlines, and `rotation_cases` for the tests beside it."""

import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from rigid_depth.rotations import _solvers

settings.register_profile("rotations", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("rotations")
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(params=["closed form", "decomposition"])
def few_by(request, monkeypatch) -> str:
    """Which way few 3x3 matrices go to their nearest rotation; many go by the closed form."""
    monkeypatch.setattr(_solvers, "FEW", 0 if request.param == "closed form" else 128)
    return request.param
