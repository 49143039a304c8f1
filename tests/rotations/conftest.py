"""Float64 rotations, a generator, and hypothesis without deadlines."""

import pytest
import torch
from hypothesis import settings

settings.register_profile("rotations", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("rotations")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
