"""Run the graph for make: settings from the variables of make, one call at a time, few words.

python workflow/build.py book|notebooks|experiments
"""

import argparse
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import report
from progress import Progress, duration
from selection import SETTINGS, Selection, read_selection, whole

from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[1]
LOG = Path("_build") / "log"
READING = """The book lies in _build/html. To look at it:
    python3 -m http.server --directory _build/html 8000
and open http://localhost:8000 in a browser."""


def settings(target: str) -> dict[str, str]:
    """Returns the settings for Snakemake: the variables of make that are not empty."""
    given = {name: os.environ[name.upper()] for name in SETTINGS if os.environ.get(name.upper())}
    if target == "experiments":
        given.setdefault("scale", "smoke")
    return given


def checked(target: str) -> tuple[Selection, str]:
    """Returns what is asked for and the number of cores; raises RigidDepthError on bad settings."""
    selection = read_selection(settings(target))
    if selection.dataroot and not Path(selection.dataroot).is_dir():
        raise RigidDepthError(f"DATAROOT is {selection.dataroot!r}, and there is no such folder")
    cores = os.environ.get("CORES") or "all"
    if cores != "all":
        whole("CORES", cores, least=1)
    return selection, cores


def run(target: str, selection: Selection, cores: str) -> int:
    """Runs Snakemake on the target: its output goes to the log, jobs are told in a line each."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", "workflow/Snakefile", "--nolock"]
    command += ["--cores", cores, "--rerun-incomplete", "--nocolor", target]
    if chosen := settings(target):
        command += ["--config", *(f"{name}={value}" for name, value in chosen.items())]
    progress = Progress(selection.records) if target == "experiments" else None
    LOG.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as graph:
        if progress:
            progress.start()
        with open(LOG / f"{target}.txt", "w") as log:
            report.follow(graph.stdout, log)
        if progress:
            progress.finish()
    return graph.returncode


def main(target: str) -> int:
    """Runs the graph for a target; a call at the same time waits, a killed one leaves no lock."""
    os.chdir(ROOT)
    try:
        selection, cores = checked(target)
    except RigidDepthError as error:
        sys.exit(f"make {target}: {error}")
    begin = time.monotonic()
    with open(".snakemake.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(f"{target}: full log in {LOG / f'{target}.txt'}", flush=True)
        code = run(target, selection, cores)
        if target == "notebooks" and code == 0:
            code = subprocess.run(
                [sys.executable, "workflow/store_notebooks.py"], check=False
            ).returncode
    done = "done" if code == 0 else "failed"
    print(f"{target}: {done} in {duration(time.monotonic() - begin)}")
    if target == "book" and code == 0:
        print(READING)
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=("book", "notebooks", "experiments"))
    sys.exit(main(parser.parse_args().target))
