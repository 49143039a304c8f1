"""Run what the book's tables are made of, in the order of `programme.yml`, several runs at a time.

    python workflow/programme.py [--jobs 2] [--minutes 100] [--publish] [--list]

A run that is published and not stale is left alone; one that was cut off goes on. With `--publish`
each run is copied to book/results as it finishes. After `--minutes` the runs in progress are ended;
the same call goes on with them. Every run has one thread and a low priority, and its own log.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from publish import publish

from rigid_depth.experiments.plan import Plan, plan_run
from rigid_depth.experiments.recording.record import FILE, read_record
from rigid_depth.experiments.standing import standing

ROOT = Path(__file__).resolve().parents[1]
PROGRAMME = ROOT / "workflow" / "programme.yml"
RUNS, RESULTS, LOGS = ROOT / "runs", ROOT / "book" / "results", ROOT / "_build" / "log" / "run"
PAUSE_S = 0.5


@dataclass(frozen=True)
class Run:
    """One run of the programme: a row of the tables, `experiment[+name=value...]`, and a seed."""

    row: str
    scale: str
    seed: int

    @property
    def plan(self) -> Plan:
        """The run resolved; raises RigidDepthError for unknown names and bad values."""
        experiment, *changes = self.row.split("+")
        overrides = dict(change.split("=", 1) for change in changes)
        return plan_run(experiment, scale=self.scale, seed=self.seed, overrides=overrides, out=RUNS)

    @property
    def place(self) -> Path:
        """The run's folder below runs/ and book/results."""
        return self.plan.folder.relative_to(RUNS)

    def is_published(self) -> bool:
        """Whether the book holds this run, made by code and settings of today."""
        folder = RESULTS / self.place
        return (folder / FILE).exists() and standing(read_record(folder).data).state != "stale"

    def start(self) -> subprocess.Popen:
        """Starts it, or goes on with it, as a process with one thread."""
        experiment, *changes = self.row.split("+")
        command = [Path(sys.executable).with_name("rigid-depth"), "run", experiment]
        command += ["--scale", self.scale, "--seed", str(self.seed), "--out", RUNS]
        command += ["--threads", "1", "--no-progress"]
        command += [word for change in changes for word in ("-p", change)]
        log = LOGS / f"{self.place}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            return subprocess.Popen(
                command, cwd=ROOT, stdout=out, stderr=out, preexec_fn=lambda: os.nice(10)
            )


def read_programme(path: Path = PROGRAMME) -> Iterator[Run]:
    """The runs in their order: stage by stage, row by row."""
    asked = yaml.safe_load(path.read_text(encoding="utf-8"))
    for stage in asked["stages"]:
        for row in stage["rows"]:
            for seed in stage["seeds"]:
                yield Run(row, asked["scale"], seed)


def work(todo: list[Run], jobs: int, until: float, to_book: bool) -> int:
    """Runs them, at most so many at a time, until the clock says so; the number that failed."""
    waiting, running, failed = list(todo), {}, 0
    try:
        while (waiting or running) and time.monotonic() < until:
            while waiting and len(running) < jobs:
                run = waiting.pop(0)
                running[run] = run.start()
            time.sleep(PAUSE_S)
            for run in [r for r, process in running.items() if process.poll() is not None]:
                failed += not _finish(run, running.pop(run).returncode, to_book)
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            process.wait()
    print(f"{len(running) + len(waiting)} runs are left", flush=True)
    return failed


def _finish(run: Run, code: int, to_book: bool) -> bool:
    """Says how a run ended, publishes it, and tells whether it did well."""
    print(f"{time.strftime('%H:%M')} {run.place}: {'done' if code == 0 else 'FAILED'}", flush=True)
    if code:
        print(f"   see {LOGS / f'{run.place}.txt'}", flush=True)
    elif to_book:
        publish(RUNS / run.place, RESULTS / run.place)
    return code == 0


def main() -> int:
    """Reads the command line and works through the programme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when to stop")
    parser.add_argument("--publish", action="store_true", help="copy each to book/results")
    parser.add_argument("--list", action="store_true", help="only say what is left to run")
    parser.add_argument("--programme", type=Path, default=PROGRAMME, help="another list of runs")
    asked = parser.parse_args()
    todo = [run for run in read_programme(asked.programme) if not run.is_published()]
    if asked.list:
        print(*(run.place for run in todo), sep="\n")
        return 0
    return work(todo, asked.jobs, time.monotonic() + 60 * asked.minutes, asked.publish) > 0


if __name__ == "__main__":
    sys.exit(main())
