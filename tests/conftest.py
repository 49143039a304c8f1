"""What all tests share: shape checks, one thread, the real data and one tiny synthetic world."""

import os

os.environ["RIGID_DEPTH_TYPECHECK"] = "1"  # before the package is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
import torch
from filelock import FileLock
from hypothesis import settings

settings.register_profile("here", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("here")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder with the small real nuScenes and KITTI samples, or a skip with the reason."""
    folder = os.environ.get("RIGID_DEPTH_REAL")
    if not folder:
        pytest.skip("RIGID_DEPTH_REAL is not set: no real nuScenes and KITTI samples to test on")
    if not Path(folder).is_dir():
        pytest.skip(f"RIGID_DEPTH_REAL={folder} is not a folder")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny_world(tmp_path_factory) -> Path:
    """A tiny synthetic world, made once for all workers of a session: do not change it."""
    from street_world import write_world

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with FileLock(folder / "tiny-world.lock"):
        return write_world(
            folder / "tiny-world",
            scenes=6,
            frames_per_scene=2,
            image_size=(450, 800),
            workers=1,
            progress=False,
        )


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory):
    """Where worlds and stores of this test session lie."""
    return tmp_path_factory.mktemp("data")
