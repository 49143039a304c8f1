"""Who calls `write_world` with several workers: scripts, notebooks, and what ends a worker."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import street_world
from street_world import StreetWorldError, settings, workers, write_world

LIMIT_S = 240  # a second's work
SCRIPT = """
    import pathlib
    from street_world import write_world

    log = pathlib.Path(r"{log}")
    assert not log.exists(), "this script was run a second time"
    log.touch()
    write_world(r"{root}", scenes=2, frames_per_scene=1, seed=1, image_size=(90, 160), workers=2)
"""


@pytest.fixture
def script(tmp_path) -> str:
    """A script without a main guard, which may run once."""
    return textwrap.dedent(SCRIPT).format(log=tmp_path / "log", root=tmp_path / "w")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(street_world.__file__).parents[1])}


@pytest.mark.parametrize("how", ["file", "text", "stdin"])
def test_a_script_without_a_main_guard_works(script, how, tmp_path, whole, digests):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "script.py").write_text(script)
    arguments = {"file": ["../script.py"], "text": ["-c", script], "stdin": ["-"]}[how]
    done = subprocess.run(
        [sys.executable, *arguments], input=script if how == "stdin" else "", text=True,
        cwd=tmp_path / "elsewhere", env=environment(), capture_output=True, timeout=LIMIT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path / "w") == whole[1]


def test_a_notebook_works(script, tmp_path, whole, digests, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(script)])
    nbclient.NotebookClient(notebook, timeout=LIMIT_S, kernel_name="python3").execute()
    assert digests(tmp_path / "w") == whole[1]


@pytest.fixture
def started(monkeypatch) -> list[subprocess.Popen]:
    """The processes that are started as workers."""
    found, original = [], subprocess.Popen

    class Noted(original):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            found.append(self)

    monkeypatch.setattr(workers.subprocess, "Popen", Noted)
    return found


def test_a_worker_that_is_ended_is_named_and_the_call_goes_on(
    tmp_path, tiny, started, whole, digests
):
    def end_one():
        while len(started) < 2:
            time.sleep(0.01)
        started[0].send_signal(signal.SIGKILL)

    thread = threading.Thread(target=end_one)
    thread.start()
    with pytest.raises(StreetWorldError, match=r"^scene-000\d is not written, .* status -9, per"):
        write_world(tmp_path / "w", workers=2, **tiny)
    thread.join()
    assert all(process.poll() is not None for process in started)
    assert digests(write_world(tmp_path / "w", workers=2, **tiny)) == whole[1]


def test_a_worker_that_ends_before_it_reads_anything_is_named(tmp_path, tiny, monkeypatch):
    class Ended(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.kill()
            self.wait()

    monkeypatch.setattr(workers.subprocess, "Popen", Ended)
    with pytest.raises(StreetWorldError, match=r"^scene-000\d is not written, .* status -9, per"):
        write_world(tmp_path / "w", workers=2, **tiny)


def test_no_worker_is_left_when_the_caller_stops(tmp_path, started):
    chosen = settings.Settings(3, 1, ("CAM_FRONT",), 0, (32, 64))
    (tmp_path / ".parts").mkdir()
    scenes = workers.share_out(tmp_path, chosen, settings.plan_scenes(chosen), 2)
    next(scenes)
    scenes.close()
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_a_full_disk_is_said_in_one_sentence(tmp_path, tiny):
    (tmp_path / "w").mkdir()
    chosen = settings.Settings(2, 1, ("CAM_FRONT",), 1, (90, 160))
    (tmp_path / "w" / "samples").write_text("a file where a folder should be")
    (tmp_path / "w" / ".parts").mkdir()
    with pytest.raises(StreetWorldError, match=r"^scene-000\d is not written: .*samples"):
        list(workers.share_out(tmp_path / "w", chosen, settings.plan_scenes(chosen), 2))
