"""How far `make experiments` is: runs done, runs to come, time left."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path

EVERY_S = 5


def duration(seconds: float) -> str:
    """Writes a time as a person would say it: 40 s, 12 min, 1 h 05 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def line(done: int, total: int, since_start: int, elapsed_s: float) -> str:
    """One line: `since_start` of the `done` runs ended in the `elapsed_s` since the call began."""
    text = f"runs: {done} of {total} done"
    if done == total:
        return f"{text} in {duration(elapsed_s)}"
    if not since_start:
        return f"{text}, {total - done} to come"
    return f"{text}, about {duration(elapsed_s / since_start * (total - done))} left"


class Progress(threading.Thread):
    """Prints a line whenever another of the records is there, until `finish` is called."""

    def __init__(self, records: Iterable[str | Path]):
        super().__init__(daemon=True)
        self.records = [Path(record) for record in records]
        self.begin, self.began_at = time.monotonic(), time.time()
        self.over = threading.Event()

    def run(self) -> None:
        """Looks every few seconds."""
        shown = None
        while True:
            last = self.over.wait(EVERY_S) if shown is not None else False
            fresh = [p for p in self.records if p.exists()]
            new = sum(p.stat().st_mtime >= self.began_at for p in fresh)
            if len(fresh) != shown:
                shown = len(fresh)
                elapsed_s = time.monotonic() - self.begin
                print(line(shown, len(self.records), new, elapsed_s), flush=True)
            if last:
                return

    def finish(self) -> None:
        """Prints what came last and ends."""
        self.over.set()
        self.join()
