"""Processes that write the scenes of a world side by side.

Each is a Python of its own that knows this package alone. `multiprocessing` would run the caller's
script a second time in every process: a script without a main guard would then write inside its
own workers, and wait for itself where it holds a lock.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

import cv2

from street_world.errors import StreetWorldError
from street_world.settings import Scene, Settings, as_stored, plan_scenes, read_settings

START = "import sys; sys.path[:] = sys.argv[1:]; from street_world import writing; writing.serve()"
"""A worker's program; it looks for packages where its parent does."""


def share_out(root: Path, settings: Settings, scenes: list[Scene], workers: int) -> Iterator[Scene]:
    """Has scenes written by several processes and yields each when its files are there.

    Raises StreetWorldError if a scene could not be written, or its process was ended.
    """
    idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    count = min(workers, len(scenes))
    with ThreadPoolExecutor(count) as pool, ExitStack() as processes:
        for _ in range(count):
            idle.put(processes.enter_context(_worker(root, settings)))
        jobs = [pool.submit(_have_written, idle, scene) for scene in scenes]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _worker(root: Path, settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for the numbers of scenes; it is gone when the context is left."""
    command = [sys.executable, "-c", START, *sys.path]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            _send(process, {"root": str(root), "settings": as_stored(settings)})
            yield process
        finally:
            process.kill()
            with suppress(BrokenPipeError):  # a worker that has ended did not read it all
                assert process.stdin is not None
                process.stdin.close()


def _send(process: subprocess.Popen[str], value: object) -> None:
    """Writes a line of JSON to a worker; one that has ended is noticed by its missing answer."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(value) + "\n")
        process.stdin.flush()


def _have_written(idle: "SimpleQueue[subprocess.Popen[str]]", scene: Scene) -> Scene:
    """Waits for a worker without work, has it write a scene, and returns the scene."""
    process = idle.get()
    try:
        assert process.stdout is not None
        _send(process, scene.index)
        answer = process.stdout.readline()
        if not answer:
            status = process.wait()
            reason = ", perhaps for want of memory" if status < 0 else ""
            raise StreetWorldError(
                f"{scene.name} is not written, for its process ended with status {status}{reason}; "
                "the same call goes on where this one stopped."
            )
        if error := json.loads(answer):
            raise StreetWorldError(f"{scene.name} is not written: {error}.")
    finally:
        idle.put(process)  # one that has ended too: who waits for it must not wait for ever
    return scene


def serve_scenes(write: Callable[[Path, Settings, Scene], None]) -> None:
    """Writes the scenes whose numbers are read from the input: what a worker does.

    The answer is a line of JSON: null, or what went wrong with the files.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends its workers
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    cv2.setNumThreads(1)
    task = json.loads(sys.stdin.readline())
    settings = read_settings(task["settings"])
    scenes = plan_scenes(settings)
    for line in sys.stdin:
        answer = None
        try:
            write(Path(task["root"]), settings, scenes[int(line)])
        except OSError as error:
            answer = str(error)
        print(json.dumps(answer), file=answers, flush=True)
