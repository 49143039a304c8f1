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
    earlier call packed is replaced, file by file, so that a whole set lies there at any time.
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
    for number, heap in enumerate(heaps, 1):
        _write(out / NAME.format(number), heap, root)
    return left


def _write(path: Path, folders: list[Path], root: Path) -> None:
    """Writes an archive whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    with tarfile.open(partial, "w:gz") as archive:
        for folder in folders:
            for name in publish.check(folder):
                archive.add(folder / name, str((folder / name).relative_to(root)))
    partial.replace(path)


def unpack(packed: Path, results: Path, *, mixed: bool = False) -> list[str]:
    """Publishes the packed runs into `results`; why each run that is not there was left out.

    Left out are runs of other code or settings than today's, those the book holds already, and,
    unless `mixed`, seeds of a row of which the book holds seeds from another device.
    """
    left = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in sorted(packed.glob(NAME.format("*"))):
            with tarfile.open(path) as archive:
                # As an argument the filter came with Python 3.11.4, and 3.11.2 is promised.
                archive.extraction_filter = getattr(tarfile, "data_filter", lambda entry, _: entry)
                archive.extractall(root)
        found = [path.parent for path in sorted(root.glob(f"*/*/seed-*/{FILE}"))]
        reasons = [(run, _why_not(run, root, results, mixed)) for run in found]
        for run, reason in reasons:
            if reason:
                left.append(f"{run.relative_to(root)}: {reason}")
            else:
                publish.publish(run, results / run.relative_to(root))
    return left


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
