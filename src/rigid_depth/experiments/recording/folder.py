"""The folder of a run: one call at a time works in it, and nothing half-written is left there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from lightning.pytorch.utilities import rank_zero_only

from rigid_depth.errors import RigidDepthError


def make_folder(folder: Path) -> None:
    """Makes the folder of a run; raises RigidDepthError where none can be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        allowed = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise RigidDepthError(f"the run cannot be written to {folder}: {error.strerror}.") from None
    if not allowed:
        raise RigidDepthError(f"the run cannot be written to {folder}: Permission denied.")


@contextmanager
def alone_in(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Lets one call at a time work in the folder of a run; the processes of one run count as one.

    The second to come calls `waiting` once, waits, and finds the run finished.
    """
    if not is_first_process():
        yield
        return
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_first_process() -> bool:
    """Whether this is the first process of a run, whoever started it: Lightning, torchrun, Slurm.

    Lightning's own rank knows no machine before its trainer starts; NODE_RANK and GROUP_RANK do.
    """
    machine = int(os.environ.get("NODE_RANK") or os.environ.get("GROUP_RANK") or 0)
    return machine == 0 and not rank_zero_only.rank


@contextmanager
def leaving_nothing_half(checkpoint: Path) -> Iterator[None]:
    """Where a checkpoint cannot be written, removes what there is of it, and Lightning's own copy.

    Lightning writes to the system's temporary folder and copies. OSError names the checkpoint.
    """
    partial = checkpoint.with_suffix(".partial")
    try:
        yield
    except OSError as error:
        if str(partial) not in (str(error.filename), str(error.filename2)):
            raise
        partial.unlink(missing_ok=True)
        left = Path(str(error.filename))
        if left.parent == Path(tempfile.gettempdir()) and left.is_file():
            left.unlink()
        raise OSError(error.errno, error.strerror, str(checkpoint)) from None
