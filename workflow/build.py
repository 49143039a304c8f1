"""Run the graph for make: settings from the variables of make, one call at a time.

python workflow/build.py book|experiments|world
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from progress import Progress

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ("scale", "dataset", "dataroot", "experiments", "seeds", "publish", "threads")


def settings(target: str) -> list[str]:
    """Returns the settings for Snakemake: the variables of make that are not empty."""
    given = {name: os.environ[name.upper()] for name in SETTINGS if os.environ.get(name.upper())}
    if target == "experiments":
        given.setdefault("scale", "smoke")
    return [f"{name}={value}" for name, value in given.items()]


def records() -> list[Path]:
    """Returns the records that the runs asked for leave."""
    from selection import read_selection

    config = dict(pair.split("=", 1) for pair in settings("experiments"))
    return [ROOT / record for record in read_selection(config).records]


def main(target: str) -> int:
    """Runs Snakemake on the target; a call at the same time waits, a killed one leaves no lock."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", "workflow/Snakefile", "--nolock"]
    command += ["--cores", os.environ.get("CORES") or "all", "--rerun-incomplete", target]
    if chosen := settings(target):
        command += ["--config", *chosen]
    begin = time.monotonic()
    progress = Progress(records()) if target == "experiments" else None
    with open(ROOT / ".snakemake.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if progress:
            progress.start()
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if progress:
            progress.finish()
    print(f"{target}: {'done' if code == 0 else 'failed'} in {time.monotonic() - begin:.0f} s")
    if target == "book" and code == 0:
        print(
            "The book lies in _build/html. To look at it:\n"
            "    python3 -m http.server --directory _build/html 8000\n"
            "and open http://localhost:8000 in a browser."
        )
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
