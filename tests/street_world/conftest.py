"""One tiny world, written in this process, and the digests of its files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from street_world import write_world

TINY = {"scenes": 2, "frames_per_scene": 1, "seed": 1, "image_size": (90, 160), "progress": False}


@pytest.fixture(scope="session")
def tiny() -> dict:
    """The settings of the tiny world."""
    return dict(TINY)


@pytest.fixture(scope="session")
def digests() -> Callable[[Path], dict[str, str]]:
    """A function that gives the SHA-1 of every file of a folder, by its relative path."""

    def digests(root: Path) -> dict[str, str]:
        return {
            path.relative_to(root).as_posix(): hashlib.sha1(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    return digests


@pytest.fixture(scope="session")
def whole(tmp_path_factory, digests) -> tuple[Path, dict[str, str]]:
    """The tiny world and its digests: do not change it."""
    root = write_world(tmp_path_factory.mktemp("whole") / "w", workers=1, **TINY)
    return root, digests(root)
