"""Files that a reader sees whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, save: Callable[[Path], object]) -> None:
    """Puts a file in its place once `save` has written it to the path it is given.

    That path lies beside the place and has its ending. Where anything fails, nothing is left of it.
    """
    partial = path.with_name(f".part-{path.name}")
    try:
        save(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
