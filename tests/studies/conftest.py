"""One thread, worlds in a folder of the test session, and a generator."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _here(data_folder, monkeypatch):
    monkeypatch.setenv("RIGID_DEPTH_DATA", str(data_folder))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
