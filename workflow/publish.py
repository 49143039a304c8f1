"""Publish a finished run: copy its record and pictures to book/results, whole or not at all.

The sum of its weights goes with them, so that whoever fetches these can check them.

Pictures of real data stay behind: their licences do not let us pass them on. Pictures are kept of
one seed, so that the repository does not grow by a third of a megabyte with every run.

python workflow/publish.py runs/cpu/rgb/seed-0 [book/results/cpu/rgb/seed-0]
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from rigid_depth.book.publishing.fetchweights import SUM, digest
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.pictures import MAX_BYTES
from rigid_depth.experiments.recording.record import FILE, WEIGHTS, as_json

ROOT = Path(__file__).resolve().parents[1]
SEED_SHOWN = 0


def pictures(record: dict) -> list[str]:
    """Returns the names of the pictures that a record shows and that are kept."""
    if record["data"]["dataset"] != "synthetic" or record["seed"] != SEED_SHOWN:
        return []
    return sorted({name for p in record["predictions"] for name in p["images"].values()})


def check(folder: Path) -> list[str]:
    """Returns the files to publish; raises RigidDepthError where there is a fault."""
    path = folder / FILE
    if not path.exists():
        raise RigidDepthError(f"{folder} has no {FILE}: the run is not finished")
    text = path.read_text()
    record = json.loads(text)
    if record["source"]["dirty"]:
        print(f"note: {folder} was run from a tree with uncommitted changes; its record says so")
    if str(ROOT) in text or str(Path.home()) + "/" in text:
        raise RigidDepthError(f"{path} contains a path of this machine")
    for name in pictures(record):
        size = (folder / name).stat().st_size
        if size > MAX_BYTES:
            raise RigidDepthError(f"{folder / name} has {size} bytes; allowed are {MAX_BYTES}")
    return [FILE, *pictures(record)]


def publish(folder: Path, target: Path) -> None:
    """Replaces the published folder by this run's; raises RigidDepthError where it may not be."""
    restore(target)
    names = check(folder)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in names:
        shutil.copyfile(folder / name, partial / name)
    record = json.loads((partial / FILE).read_text())
    if record["predictions"] and len(names) == 1:
        (partial / FILE).write_text(as_json(record | {"predictions": []}))
    if (folder / WEIGHTS).is_file():
        (partial / SUM).write_text(f"{digest(folder / WEIGHTS)}  {WEIGHTS}\n")
    try:
        if target.exists():
            target.rename(aside(target))
        partial.rename(target)
    finally:
        restore(target)
    print(f"published {folder} as {target}")


def aside(target: Path) -> Path:
    """Where a published folder lies while another takes its place."""
    return target.with_name(f".{target.name}.former")


def restore(target: Path) -> None:
    """Puts a folder back that lies aside because a kill came between; removes it otherwise."""
    if target.exists():
        shutil.rmtree(aside(target), ignore_errors=True)
    elif aside(target).exists():
        aside(target).rename(target)


def restore_all(results: Path) -> None:
    """Does so for every published run."""
    for former in sorted(results.glob("*/*/.seed-*.former")):
        restore(former.with_name(former.name[1:].removesuffix(".former")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="its folder, as runs/cpu/rgb/seed-0")
    parser.add_argument("target", type=Path, nargs="?", help="by default below book/results")
    given = parser.parse_args()
    default = ROOT / "book" / "results" / Path(*given.run.resolve().parts[-3:])
    try:
        publish(given.run, given.target or default)
    except RigidDepthError as error:
        sys.exit(str(error))
