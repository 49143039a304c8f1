"""What the graph does, in a line for each job: Snakemake's own output is for a file."""

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from progress import duration

TAIL = 30
COUNTED = {"execute": "notebooks to execute", "run": "runs to make"}
STARTS = re.compile(r"^Job (\d+): (.*)")
ENDS = re.compile(r"^Finished jobid: (\d+)")
STATS = re.compile(r"^(execute|run)\s+(\d+)$")
LOGGED = re.compile(r"^\s+log: (\S+) \(check log file")
MARKED = re.compile(r"\b(ERROR|WARNING): ")
MOST_MARKED = 10
SLOW = ("Synthetic world", "Prepared store", "Pages of")
"""Jobs told at their start, too, because nothing else goes on beside them."""


def follow(lines: Iterable[str], log: TextIO) -> None:
    """Copies Snakemake's output to the log and prints what began, what ended, and what failed."""
    begun: dict[str, tuple[str, float]] = {}
    seen, said = [], False
    for text in lines:
        log.write(text)
        log.flush()
        seen = [*seen[1 - TAIL :], text]
        if found := STARTS.match(text):
            begun[found[1]] = found[2].strip(), time.monotonic()
            if found[2].startswith(SLOW):
                print(f"  {found[2].strip()} ...", flush=True)
        elif (found := ENDS.match(text)) and found[1] in begun:
            message, at = begun.pop(found[1])
            print(f"  {message}: {duration(time.monotonic() - at)}", flush=True)
        elif found := STATS.match(text):
            print(f"  {found[2]} {COUNTED[found[1]]}", flush=True)
        elif found := LOGGED.match(text):
            said = True
            print(end_of(Path(found[1])), flush=True)
        elif text.startswith("Nothing to be done"):
            print("  nothing has changed", flush=True)
        said = said or text.startswith("Nothing to be done") or "(100%) done" in text
    if not said:
        print("".join(seen), end="", flush=True)


def end_of(path: Path) -> str:
    """The last lines of the file of a job that failed, and what was marked as wrong before them."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    marked = [line for line in lines[:-TAIL] if MARKED.search(line)][:MOST_MARKED]
    before = ["  and, before that:", *marked] if marked else []
    return "\n".join([f"  failed; the end of {path}:", *lines[-TAIL:], *before])
