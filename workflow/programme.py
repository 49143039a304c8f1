"""Run what the book's tables are made of, in the order of `programme.yml`, several runs at a time.

    python workflow/programme.py [--jobs 2] [--minutes 100] [--publish] [--list]
                                 [--dataroot kitti=/data/kitti]

A run that is published and not stale is left alone; one that was cut off goes on. A run that starts
from the weights of another one waits for it, and that one is run again where its weights are not
kept. With `--publish` each run is copied to book/results as it finishes. After `--minutes` the runs
in progress are ended; the same call goes on with them. Every run has one thread and a low priority,
and its own log. Stages on real data are left out unless a data root is given.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import median

import yaml

sys.path.insert(0, str(Path(__file__).parent))

from publish import publish, restore_all

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import Plan, plan_run
from rigid_depth.experiments.recording.record import FILE, WEIGHTS, read_record
from rigid_depth.experiments.standing import standing
from rigid_depth.experiments.stores import check_dataset

ROOT = Path(__file__).resolve().parents[1]
PROGRAMME = ROOT / "workflow" / "programme.yml"
RUNS, RESULTS, LOGS = ROOT / "runs", ROOT / "book" / "results", ROOT / "_build" / "log" / "run"
PAUSE_S = 0.5
GRACE_S = 10
ALLOCATOR = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Environment of a run: the C library takes huge pages. A step takes 5 to 9 % less time so, and its
numbers stay the same. Memory is still given back: an allocator that keeps all of it fills a machine
where shapes differ from step to step, as those of rotations do. Other systems ignore the name."""


@dataclass(frozen=True)
class Run:
    """One run of the programme: a row of the tables, `experiment[+name=value...]`, and a seed."""

    row: str
    scale: str
    seed: int
    out: Path = RUNS
    dataset: str = ""  # empty: the scale's own
    dataroot: Path | None = None
    starts_from: str = ""  # the experiment of the same scale and seed whose weights it starts from

    @property
    def plan(self) -> Plan:
        """The run resolved; raises RigidDepthError for unknown names and bad values."""
        experiment, *changes = self.row.split("+")
        overrides = dict(change.split("=", 1) for change in changes)
        plan = plan_run(
            experiment, scale=self.scale, seed=self.seed, dataset=self.dataset or None,
            overrides=overrides, out=self.out,
        )  # fmt: skip
        origin = self.origin  # whose weights need not be there yet
        return replace(plan, init={"origin": origin.place.as_posix()}) if origin else plan

    @property
    def weights(self) -> Path | None:
        """The folder of the run it starts from."""
        return self.out / self.origin.place if self.origin else None

    @property
    def origin(self) -> Run | None:
        """The run it starts from, on the scale's own data."""
        if not self.starts_from:
            return None
        return Run(self.starts_from, self.scale, self.seed, self.out)

    def is_ready(self) -> bool:
        """Whether the weights it starts from are there."""
        return self.weights is None or (self.weights / WEIGHTS).exists()

    @property
    def place(self) -> Path:
        """The run's folder below runs/ and book/results."""
        return self.plan.folder.relative_to(self.out)

    @property
    def log(self) -> Path:
        """What the run says while it runs."""
        return LOGS / f"{self.place}.txt"

    def is_published(self) -> bool:
        """Whether the book holds this run, made by code and settings of today."""
        folder = RESULTS / self.place
        return (folder / FILE).exists() and standing(read_record(folder).data).state != "stale"

    def start(self) -> subprocess.Popen:
        """Starts it, or goes on with it, as a process with one thread."""
        experiment, *changes = self.row.split("+")
        command = [sys.executable, "-m", "rigid_depth", "run", experiment]
        command += ["--scale", self.scale, "--seed", str(self.seed), "--out", self.out]
        command += ["--threads", "1", "--no-progress"]
        options = (
            ("dataset", self.dataset),
            ("dataroot", self.dataroot),
            ("init-from", self.weights),
        )
        command += [word for name, v in options if v for word in (f"--{name}", v)]
        command += [word for change in changes for word in ("-p", change)]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            return subprocess.Popen(
                command, cwd=ROOT, env=ALLOCATOR | os.environ, stdout=out, stderr=out,
                preexec_fn=lambda: os.nice(10),
            )  # fmt: skip


def read_programme(
    path: Path = PROGRAMME, out: Path = RUNS, dataroots: Mapping[str, Path] | None = None
) -> Iterator[Run]:
    """The runs in their order: stage by stage, row by row; `out` is the folder they go to.

    A stage on a data set without a root in `dataroots` is left out.
    """
    if not path.is_file():
        raise RigidDepthError(f"there is no programme {path}")
    asked = yaml.safe_load(path.read_text(encoding="utf-8"))
    for stage in asked["stages"]:
        dataset = stage.get("dataset", "")
        root = (dataroots or {}).get(dataset)
        if dataset and root is None:
            continue
        for row in stage["rows"]:
            for seed in stage["seeds"]:
                yield Run(row, asked["scale"], seed, out, dataset, root, stage.get("from", ""))


def left(runs: Iterable[Run]) -> list[Run]:
    """Those to be run: not published yet, each behind the run whose missing weights it needs."""
    todo: dict[Run, None] = {}
    for run in runs:
        if not run.is_published():
            if run.origin and not run.is_ready():
                todo[run.origin] = None
            todo[run] = None
    return list(todo)


def expected_s(run: Run) -> float | None:
    """Seconds of training that it will take by the median of its row's published seeds.

    Of a row without any, that of all runs published at its scale; None where there is none.
    """
    return _usual_s(RESULTS / run.place.parent) or _usual_s(RESULTS / run.scale)


@cache
def _usual_s(folder: Path) -> float | None:
    """Median of the seconds that the runs published below a folder took."""
    costs = [read_record(path.parent).data["cost"] for path in folder.rglob(FILE)]
    seconds = [cost["seconds"] for cost in costs if cost.get("seconds")]
    return median(seconds) if seconds else None


def cost(todo: Sequence[Run], jobs: int) -> str:
    """How many runs are to come, and how long they will take as far as that is known."""
    known = [seconds for run in todo if (seconds := expected_s(run)) is not None]
    text = f"{len(todo)} {'run' if len(todo) == 1 else 'runs'} to go"
    if known:
        hours = sum(known) / 3600
        text += f", about {hours:.1f} hours of one core, {hours / jobs:.1f} with {jobs} at a time"
    return text


def work(
    todo: list[Run],
    jobs: int,
    until: float,
    done: Callable[[Run], None] | None = None,
    only_whole: bool = False,
) -> int:
    """Runs them, at most so many at a time, until the clock says so; the number that failed.

    A run waits for the weights it starts from. `done` is called with each that ends well, and may
    refuse it. With `only_whole` none is begun when less time is left than the longest has taken so
    far: for a machine on which none can go on another day.
    """
    waiting, running, failed, longest_s = list(todo), {}, 0, 0.0
    try:
        while (waiting or running) and time.monotonic() < until:
            while waiting and len(running) < jobs:
                if only_whole and time.monotonic() + longest_s > until:
                    break
                run = next((run for run in waiting if run.is_ready()), None)
                if run is None:
                    break
                waiting.remove(run)
                running[run] = run.start(), time.monotonic()
            if not running:
                break
            time.sleep(PAUSE_S)
            for run in [r for r, (process, _) in running.items() if process.poll() is not None]:
                process, began = running.pop(run)
                longest_s = max(longest_s, time.monotonic() - began)
                failed += not _finish(run, process.returncode, done)
    finally:
        _end([process for process, _ in running.values()])
    print(f"{len(running) + len(waiting)} runs are left", flush=True)
    return failed


def _end(processes: list[subprocess.Popen]) -> None:
    """Ends the runs in progress, by force where they do not end by themselves."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    for process in processes:
        try:
            process.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _finish(run: Run, code: int, done: Callable[[Run], None] | None) -> bool:
    """Says how a run ended, hands it on, and tells whether it did well."""
    fault = f"see {run.log}" if code else ""
    if done and not fault:
        try:
            done(run)
        except (RigidDepthError, OSError) as error:
            fault = str(error)
    print(f"{time.strftime('%H:%M')} {run.place}: {'FAILED' if fault else 'done'}", flush=True)
    if fault:
        print(f"   {fault}", flush=True)
    return not fault


def to_book(run: Run) -> None:
    """Publishes a run that is finished, unless the book holds it: it was run for its weights."""
    if not run.is_published():
        publish(run.plan.folder, RESULTS / run.place)


def read_dataroots(words: Iterable[str]) -> dict[str, Path]:
    """Data set -> its folder, of words as kitti=/data/kitti; raises RigidDepthError for others."""
    found = dict(word.split("=", 1) if "=" in word else (word, "") for word in words)
    for dataset, folder in found.items():
        check_dataset(dataset)
        if not folder:
            raise RigidDepthError(f"--dataroot {dataset} names no folder: {dataset}=FOLDER")
    return {dataset: Path(folder) for dataset, folder in found.items()}


def _leave(*_: object) -> None:
    """Leaves as at the end of the time: the runs in progress are ended with the programme."""
    sys.exit(128 + signal.SIGTERM)


def main() -> int:
    """Reads the command line and works through the programme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="when to stop")
    parser.add_argument("--publish", action="store_true", help="copy each to book/results")
    parser.add_argument("--list", action="store_true", help="only say what is left to run")
    parser.add_argument("--programme", type=Path, default=PROGRAMME, help="another list of runs")
    parser.add_argument("--dataroot", action="append", default=[], metavar="DATASET=FOLDER")
    asked = parser.parse_args()
    if asked.jobs < 1:
        parser.error(f"--jobs is {asked.jobs}; allowed are whole numbers from 1 on")
    if asked.publish:
        restore_all(RESULTS)
    try:
        roots = read_dataroots(asked.dataroot)
        todo = left(read_programme(asked.programme, dataroots=roots))
    except RigidDepthError as error:
        parser.error(str(error))
    print(cost(todo, asked.jobs), file=sys.stderr)
    if asked.list:
        print(*(run.place for run in todo), sep="\n")
        return 0
    signal.signal(signal.SIGTERM, _leave)
    until = time.monotonic() + 60 * asked.minutes
    return work(todo, asked.jobs, until, to_book if asked.publish else None) > 0


if __name__ == "__main__":
    sys.exit(main())
