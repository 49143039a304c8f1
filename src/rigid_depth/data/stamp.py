"""A cheap stamp of a dataroot, by which a finished store is known to be of the data as it is."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from rigid_depth.data.nuscenes import resolve_version
from rigid_depth.data.tables import sample_folders, table_folders


def stamp(
    dataset: str,
    root: Path,
    version: str | None = None,
    annotation_root: str | Path | None = None,
    masks: Path | None = None,
) -> str:
    """A digest of the sizes and times of tables and calibration and of the times of data folders.

    A folder's time changes when files come, go or are replaced, so no frame is listed. A file that
    was written over in its place is not noticed. In a folder of sky masks each file counts. Raises
    RigidDepthError for a folder that is not there.
    """
    files = _of_kitti(root, annotation_root) if dataset == "kitti" else _of_tables(root, version)
    if masks is not None:
        files = chain(files, masks.glob("*.png"), masks.glob("*/*.png"))
    return hashlib.sha256(json.dumps(sorted(_seen(files))).encode()).hexdigest()[:16]


def _seen(paths: Iterable[Path]) -> Iterator[list]:
    """Path, time and, for a file, size."""
    for path in paths:
        status = path.stat()
        yield [str(path), status.st_mtime_ns, 0 if path.is_dir() else status.st_size]


def _of_tables(root: Path, version: str | None) -> Iterator[Path]:
    folder = table_folders(root)[resolve_version(root, version)]
    yield from folder.glob("*.json")
    for place in (*sample_folders(root, folder), folder.parent):
        for kind in ("samples", "truth"):
            yield from (path for path in (place / kind).glob("*") if path.is_dir())


def _of_kitti(root: Path, annotation_root: str | Path | None) -> Iterator[Path]:
    yield from root.glob("*/calib_*.txt")
    yield from root.glob("*/*_drive_*/*/timestamps.txt")
    yield from root.glob("*/*_drive_*/*/data")
    if annotation_root is not None:
        yield from Path(annotation_root).glob("*/*/proj_depth/groundtruth/*")
