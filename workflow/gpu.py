"""Measure a GPU, and run as much of the programme on it as some minutes hold, in one call.

    python workflow/gpu.py --out packed [--minutes 8] [--jobs 8] [--no-bench] [--commit HASH]
    python workflow/gpu.py --check                   what is installed, and what is missing
    python workflow/gpu.py --unpack packed           back at home: into book/results

One after the other, each with a time limit of its own: what the machine is; one training step and
one prediction at 384x768, batch 8; special_procrustes beside RoMa; the world and its store, on all
cores; the rows of programme.yml, most valuable first, several processes on the one card. What is
finished at the end lies in `packed`: report.txt, logs.tar.gz and at most six archives of records
below 16 MiB. Nothing is downloaded, and the package need not be installed: gpu-packages.txt lists
what must be. Without a GPU all of it runs on the processor.
"""

import argparse
import os
import platform
import re
import signal
import subprocess
import sys
import tarfile
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "workflow" / "gpu-packages.txt"
RESERVE_S = 20  # for ending the runs and packing
ON_CUDA = "computes on cuda"


def make_importable() -> None:
    """Lets this process and its children import the package where it is not installed."""
    paths = [str(ROOT / "src"), str(ROOT / "workflow")]
    sys.path[:0] = paths
    try:
        metadata.version("rigid-depth")
    except metadata.PackageNotFoundError:
        found = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
        home = ROOT / "_build" / "metadata"
        folder = home / f"rigid_depth-{found[1]}.dist-info"
        folder.mkdir(parents=True, exist_ok=True)
        text = f"Metadata-Version: 2.1\nName: rigid-depth\nVersion: {found[1]}\n"
        (folder / "METADATA").write_text(text)
        sys.path.insert(1, str(home))
        paths.append(str(home))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, *([before] if before else [])])


def needed() -> list[str]:
    """The names of the packages that must be there."""
    lines = PACKAGES.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def check() -> list[str]:
    """Prints the machine and the versions, and returns the packages that are missing."""
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    missing = []
    for name in needed():
        try:
            print(f"{name} {metadata.version(name)}", end="; ", flush=True)
        except metadata.PackageNotFoundError:
            missing.append(name)
    print()
    if "torch" not in missing:
        import torch

        if torch.cuda.is_available():
            card = torch.cuda.get_device_properties(0)
            memory = f"{card.total_memory / 2**30:.0f} GiB"
            print(f"{card.name}, {memory}, CUDA {torch.version.cuda}; {ON_CUDA}")
        else:
            print("no GPU; computes on the processor")
    return missing


class Report:
    """What the phases said, in one file and on the screen."""

    def __init__(self, path: Path):
        self.path, self.began = path, time.monotonic()
        path.write_text("")

    def say(self, text: str) -> None:
        """Adds a line, with the seconds since the beginning."""
        self.add(f"[{time.monotonic() - self.began:4.0f} s] {text}\n")

    def add(self, text: str) -> None:
        """Adds text as it is."""
        print(text, end="", flush=True)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(text)


def phase(report: Report, name: str, limit_s: float, *words: str) -> tuple[bool, str]:
    """Runs one command for at most so long; whether it did well, and what it said."""
    report.say(f"{name}: at most {limit_s:.0f} s")
    log = report.path.with_name(f".{name}.txt")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    try:
        code = process.wait(max(1, limit_s))
        ended = "done" if code == 0 else f"FAILED with status {code}"
    except subprocess.TimeoutExpired:
        ended = "stopped at its limit"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the workers it started, too
            process.wait()
    text = log.read_text(encoding="utf-8", errors="replace")
    log.unlink()
    report.add(text)
    report.say(f"{name}: {ended}")
    return ended == "done", text


def measure(report: Report, total_s: float, on_gpu: bool, scale: str | None) -> None:
    """The two benchmarks."""
    size = ["--scale", scale] if scale else []
    phase(report, "training", min(150, total_s / 4), "-m", "benchmarks.training", *size)
    words = ["--only", "special_procrustes", "--seconds", "0.1", "--clock", "wall"]
    words += ["--device", "cuda" if on_gpu else "cpu", "--sizes", "1", "100", "10000", "100000"]
    phase(report, "rotations", min(45, total_s / 8), "-m", "benchmarks.rotations", *words)


def run_programme(report: Report, asked: argparse.Namespace, until: float) -> None:
    """Draws the world, then runs what fits, and packs each run as it finishes."""
    import publish
    from packing import pack
    from programme import left, read_programme, work

    programme = read_programme(asked.programme, asked.runs)
    todo = list(programme) if asked.anew else left(programme)
    if not todo:
        report.say("the book holds all runs of the programme: nothing is left to run")
        return
    scales = dict.fromkeys(run.scale for run in todo)
    for scale in scales:
        words = ["-m", "rigid_depth", "prepare", "--scale", scale, "--no-progress"]
        if not phase(report, "world", until - time.monotonic(), *words)[0]:
            return
    finished = []

    def keep(run) -> None:
        publish.check(run.plan.folder)
        finished.append(run)
        in_order = sorted(finished, key=todo.index)
        too_many = pack([one.plan.folder for one in in_order], asked.runs, asked.out)
        report.say(f"{run.place}: finished, {len(finished)} of {len(todo)}")
        for folder in too_many:
            report.say(f"{folder.relative_to(asked.runs)}: left out, the archives are full")

    report.say(f"runs: {asked.jobs} at a time, {until - time.monotonic():.0f} s")
    try:
        failed = work(todo, asked.jobs, until, keep, only_whole=True)
        report.say(f"{len(finished)} runs finished, {failed} failed, of {len(todo)}")
    finally:
        pack_logs([run.log for run in todo if run.log.exists()], asked.out / "logs.tar.gz")


def pack_logs(logs: list[Path], path: Path) -> None:
    """What each run said, in one archive."""
    with tarfile.open(path, "w:gz") as archive:
        for log in logs:
            archive.add(log, "/".join(log.parts[-3:]))


def bring_home(packed: Path, mixed: bool) -> int:
    """Publishes what was packed and says what was left out; the exit status."""
    from packing import unpack

    from rigid_depth.errors import RigidDepthError

    try:
        left = unpack(packed, ROOT / "book" / "results", mixed=mixed)
    except RigidDepthError as error:
        print(error, file=sys.stderr)
        return 2
    for line in left:
        print(f"left out: {line}")
    return bool(left)


def main() -> int:
    """Reads the command line and works through the phases."""
    asked = read_arguments()
    if asked.check:
        missing = check()
        print(f"missing: {', '.join(missing)}" if missing else "nothing is missing")
        return bool(missing)
    if asked.unpack:
        return bring_home(asked.unpack, asked.mixed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.commit:
        os.environ["RIGID_DEPTH_COMMIT"] = asked.commit
    total_s = 60 * asked.minutes - RESERVE_S
    until = time.monotonic() + total_s
    report = Report(asked.out / "report.txt")
    whole, said = phase(report, "machine", min(90, total_s / 3), __file__, "--check")
    if not whole:
        return 1
    if asked.bench:
        measure(report, total_s, ON_CUDA in said, asked.bench_scale)
    run_programme(report, asked, until)
    report.say(f"the end; what is to be brought home lies in {asked.out.name}")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "gpu", help="for the result")
    parser.add_argument("--minutes", type=float, default=8, help="of all phases together")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1) // 2),
                        help="runs at a time; by default one for two cores")  # fmt: skip
    parser.add_argument("--bench", action=argparse.BooleanOptionalAction, default=True,
                        help="measure before the runs")  # fmt: skip
    parser.add_argument("--bench-scale", help="scale of the measured step; gpu on a GPU")
    parser.add_argument("--programme", type=Path, default=ROOT / "workflow" / "programme.yml")
    parser.add_argument("--anew", action="store_true", help="run what the book holds, too")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="working folder")
    parser.add_argument("--commit", help="of these files, where they were copied without git")
    parser.add_argument("--check", action="store_true", help="only say what is installed")
    parser.add_argument("--unpack", type=Path, help="publish what was brought home in this folder")
    parser.add_argument("--mixed", action="store_true",
                        help="unpack seeds of rows with seeds from another device")  # fmt: skip
    asked = parser.parse_args()
    if asked.jobs < 1:
        parser.error(f"--jobs is {asked.jobs}; allowed are whole numbers from 1 on")
    if not asked.programme.is_file():
        parser.error(f"there is no programme {asked.programme}")
    asked.out, asked.runs = asked.out.resolve(), asked.runs.resolve()
    return asked


if __name__ == "__main__":
    make_importable()
    sys.exit(main())
