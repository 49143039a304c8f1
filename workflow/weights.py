"""Collect the trained weights of published runs for a release, and check those of one.

    python workflow/weights.py collect [--seeds 0,1] [--out _build/weights]
    python workflow/weights.py check FOLDER

`collect` takes the weights in runs/ whose record is the published one, writes their sums beside the
records in book/results (to be committed) and the files, named as `rigid-depth fetch-weights` asks
for them, into a folder: `gh release upload TAG _build/weights/*`. `check` compares the files of a
folder with the sums.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from selection import whole, words

from rigid_depth.book.publishing.fetchweights import SUM, asset_name, digest
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import FILE, WEIGHTS

ROOT = Path(__file__).resolve().parents[1]


def same_run(first: Path, second: Path) -> bool:
    """Tells whether two records are of one run: the same moment, code, settings and curves.

    The commit does not count: a rebase renames it, and the hash of the code is compared.
    """
    one, other = (json.loads((f / FILE).read_text()) for f in (first, second))
    keys = ("experiment", "scale", "seed", "created", "parameters", "curves")
    same_code = one["source"].get("package") == other["source"].get("package")
    return same_code and all(one[key] == other[key] for key in keys)


def collect(root: Path, seeds: set[int], out: Path) -> list[Path]:
    """Copies the weights of published runs and notes their sums; returns the copies."""
    results, copied = root / "book" / "results", []
    for record in sorted(results.glob(f"*/*/seed-*/{FILE}")):
        published = record.parent
        name = published.relative_to(results).as_posix()
        made = root / "runs" / name
        if int(published.name.removeprefix("seed-")) not in seeds or not (made / WEIGHTS).is_file():
            continue
        if not same_run(published, made):
            print(f"{name}: the weights in runs/ are of another run than the published record")
            continue
        out.mkdir(parents=True, exist_ok=True)
        copied.append(Path(shutil.copyfile(made / WEIGHTS, out / asset_name(name))))
        (published / SUM).write_text(f"{digest(made / WEIGHTS)}  {WEIGHTS}\n")
    return copied


def check(root: Path, folder: Path) -> list[str]:
    """Returns a sentence for every file that is wrong, nobody's or missing."""
    results, faults = root / "book" / "results", []
    wanted = {
        asset_name(path.parent.relative_to(results).as_posix()): path.read_text().split()[0]
        for path in results.glob(f"*/*/seed-*/{SUM}")
    }
    found = {path.name: digest(path) for path in folder.glob("*.safetensors")}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            faults.append(f"{name} is missing")
        elif name not in wanted:
            faults.append(f"{name} has no published sum")
        elif found[name] != wanted[name]:
            faults.append(f"{name} is not the published file")
    return faults


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=("collect", "check"))
    parser.add_argument("folder", nargs="?", type=Path, help="of check")
    parser.add_argument("--seeds", default="0", help="of collect, separated by commas")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "weights")
    given = parser.parse_args()
    if given.task == "check":
        if given.folder is None:
            parser.error("check takes a folder")
        sys.exit("\n".join(check(ROOT, given.folder)) or 0)
    try:
        seeds = {whole("--seeds", seed) for seed in words(given.seeds)}
    except RigidDepthError as error:
        parser.error(str(error))
    copied = collect(ROOT, seeds, given.out)
    print(f"{len(copied)} files in {given.out}; their sums are in book/results")


if __name__ == "__main__":
    main()
