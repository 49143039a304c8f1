"""A tiny world and the smallest runs: a few frames, an eighth of the width, a handful of steps.

Lends `networks` to the tests beside it.
"""

import sys
from pathlib import Path

import pytest
import torch

from rigid_depth.experiments import run
from street_world import write_world

sys.path.insert(0, str(Path(__file__).parent))

TINY = {
    "width": 0.1,
    "steps": 6,
    "batch_size": 2,
    "image_size": (32, 64),
    "validate_every": 3,
    "checkpoint_every": 2,
    "log_every": 3,
    "val_frames": 2,
    "train_frames": 2,
}


@pytest.fixture(scope="session")
def world(data_folder):
    """A synthetic world of three scenes with two small frames each."""
    root = data_folder / "world"
    return write_world(
        root, scenes=3, frames_per_scene=2, image_size=(112, 200), workers=1, progress=False
    )


@pytest.fixture(autouse=True)
def _here(data_folder, monkeypatch):
    monkeypatch.setenv("RIGID_DEPTH_DATA", str(data_folder))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def settings():
    """The parameters of the smallest runs."""
    return dict(TINY)


@pytest.fixture(scope="session")
def tiny(world):
    """Runs an experiment on the tiny world; settings of `TINY` may be changed."""

    def start(name, out, **changes):
        return run(name, dataroot=world, out=out, progress=False, **{**TINY, **changes})

    return start


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory, data_folder):
    """One finished run of `rgb`, shared by the tests that only look at it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("RIGID_DEPTH_DATA", str(data_folder))
    record = tiny("rgb", tmp_path_factory.mktemp("runs"))
    patch.undo()
    return record
