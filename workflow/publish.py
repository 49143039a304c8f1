"""Publish a finished run: copy its record and pictures to book/results, whole or not at all.

The sum of its weights goes with them, so that whoever fetches these can check them.

Pictures of real data stay behind: their licences do not let us pass them on. Pictures are kept of
one seed, so that the repository does not grow by a third of a megabyte with every run.

python workflow/publish.py runs/cpu/rgb/seed-0 [book/results/cpu/rgb/seed-0]
"""

import json
import shutil
import sys
from pathlib import Path

from rigid_depth.book.publishing.fetchweights import FILE, SUM, digest

ROOT = Path(__file__).resolve().parents[1]
PICTURE_LIMIT_BYTES = 40_000
SEED_SHOWN = 0


def pictures(record: dict) -> list[str]:
    """Returns the names of the pictures that a record shows and that are kept."""
    if record["data"]["dataset"] != "synthetic" or record["seed"] != SEED_SHOWN:
        return []
    return sorted({name for p in record["predictions"] for name in p["images"].values()})


def check(folder: Path) -> list[str]:
    """Returns the files to publish; exits with a sentence where there is a fault."""
    path = folder / "record.json"
    if not path.exists():
        sys.exit(f"{folder} has no record.json: the run is not finished")
    text = path.read_text()
    record = json.loads(text)
    if record["source"]["dirty"]:
        print(f"note: {folder} was run from a tree with uncommitted changes; its record says so")
    if str(ROOT) in text or str(Path.home()) + "/" in text:
        sys.exit(f"{path} contains a path of this machine")
    for name in pictures(record):
        size = (folder / name).stat().st_size
        if size > PICTURE_LIMIT_BYTES:
            sys.exit(f"{folder / name} has {size} bytes; allowed are {PICTURE_LIMIT_BYTES}")
    return ["record.json", *pictures(record)]


def publish(folder: Path, target: Path) -> None:
    """Replaces the published folder by this run's."""
    names = check(folder)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in names:
        shutil.copyfile(folder / name, partial / name)
    record = json.loads((partial / "record.json").read_text())
    if record["predictions"] and len(names) == 1:
        text = json.dumps(record | {"predictions": []}, indent=1) + "\n"
        (partial / "record.json").write_text(text)
    if (folder / FILE).is_file():
        (partial / SUM).write_text(f"{digest(folder / FILE)}  {FILE}\n")
    former = target.with_name(f".{target.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    if target.exists():
        target.rename(former)
    partial.rename(target)
    shutil.rmtree(former, ignore_errors=True)
    print(f"published {folder} as {target}")


if __name__ == "__main__":
    source = Path(sys.argv[1])
    default = ROOT / "book" / "results" / Path(*source.resolve().parts[-3:])
    publish(source, Path(sys.argv[2]) if len(sys.argv) > 2 else default)
