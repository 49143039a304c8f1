"""Carry finished runs from a machine to the book: a few files of a limited size, and back.

Only what is published is packed: the record and its pictures (see publish.py).
"""

import tarfile
import tempfile
from pathlib import Path

import publish

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import FILE, read_record
from rigid_depth.experiments.standing import standing

LIMIT_BYTES = 16 * 2**20
MOST_FILES = 6
OF_TAR_BYTES = 2048  # at most, of a file's header and padding; compression takes more than that off
NAME = "records-{}.tar.gz"


def pack(folders: list[Path], root: Path, out: Path, limit: int = LIMIT_BYTES) -> list[Path]:
    """Packs runs below `root` into `out`/records-N.tar.gz, the first first; those left out.

    No file is larger than `limit` bytes, uncompressed, and there are at most `MOST_FILES`. What an
    earlier call packed is replaced, the last file first: what is added to its runs can only move
    these to the same or a later file, so that each lies in some file at any time.
    """
    heaps: list[list[Path]] = [[]]
    room, left = limit, []
    for folder in folders:
        size = sum((folder / n).stat().st_size + OF_TAR_BYTES for n in publish.check(folder))
        if size > limit or (size > room and len(heaps) == MOST_FILES):
            left.append(folder)
            continue
        if size > room:
            heaps.append([])
            room = limit
        heaps[-1].append(folder)
        room -= size
    paths = [out / NAME.format(number) for number in range(1, len(heaps) + 1)]
    partials = [_write(path, heap, root) for path, heap in zip(paths, heaps, strict=True)]
    for path, partial in reversed(list(zip(paths, partials, strict=True))):
        partial.replace(path)
    return left


def _write(path: Path, folders: list[Path], root: Path) -> Path:
    """Writes an archive beside the place where it is to lie."""
    partial = path.with_name(f"{path.name}.partial")
    with tarfile.open(partial, "w:gz") as archive:
        for folder in folders:
            for name in publish.check(folder):
                archive.add(folder / name, str((folder / name).relative_to(root)))
    return partial


def unpack(packed: Path, results: Path, *, mixed: bool = False) -> list[str]:
    """Publishes the packed runs into `results`; why each run that is not there was left out.

    Left out are runs of other code or settings than today's, those the book holds already, and,
    unless `mixed`, seeds of a row of which the book holds seeds from another device. Raises
    RigidDepthError where nothing is packed.
    """
    left, paths = [], sorted(packed.glob(NAME.format("*")))
    if not paths:
        raise RigidDepthError(f"{packed} holds no {NAME.format('*')}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in paths:
            with tarfile.open(path) as archive:
                # As an argument the filter came with Python 3.11.4, and 3.11.2 is promised.
                archive.extraction_filter = getattr(tarfile, "data_filter", lambda entry, _: entry)
                archive.extractall(root)
        found = [path.parent for path in sorted(root.glob(f"*/*/seed-*/{FILE}"))]
        reasons = [(run, _why_not(run, root, results, mixed)) for run in found]
        for run, reason in reasons:
            if not reason:
                reason = _publish(run, results / run.relative_to(root))
            if reason:
                left.append(f"{run.relative_to(root)}: {reason}")
    return left


def _publish(run: Path, target: Path) -> str:
    """Publishes a run; why not, where it may not be."""
    try:
        publish.publish(run, target)
    except RigidDepthError as error:
        return str(error)
    return ""


def _why_not(run: Path, root: Path, results: Path, mixed: bool) -> str:
    """Why a run is not to be published; nothing where it is."""
    target = results / run.relative_to(root)
    try:
        record = read_record(run).data
    except RigidDepthError as error:
        return str(error)
    state, words = standing(record, target.parent)
    if state == "stale":
        return words
    held = [read_record(path.parent).data for path in target.parent.glob(f"seed-*/{FILE}")]
    others = {device(r) for r in held if r["seed"] != record["seed"]} - {device(record)}
    if others and not mixed:
        return (
            f"computed on {device(record)}, while the book holds seeds of this row from "
            f"{', '.join(sorted(others))}; remove those, or give --mixed"
        )
    same = [r for r in held if r["seed"] == record["seed"]]
    if same and standing(same[0], target.parent).state != "stale":
        return "the book holds this run already; remove it to replace it"
    return ""


def device(record: dict) -> str:
    """The kind of device that computed a run: the GPU by its name, or a processor."""
    return record["machine"].get("gpu") or "a processor"
