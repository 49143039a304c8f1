"""A kernel whose port another process has taken is started again, by pytest and by the build."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import execute
import jupytext
import kernels
import nbformat
import pytest
from jupyter_client.connect import LocalPortCache

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = """
from jupyter_client.connect import LocalPortCache

free, given = LocalPortCache.find_available_port, []

def taken_first(self, ip):
    given.append(PORT if not given else free(self, ip))
    return given[-1]

LocalPortCache.find_available_port = taken_first
"""


@pytest.fixture
def taken_port():
    """A port that this process listens on."""
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        mine.listen()
        yield mine.getsockname()[1]


def dying(times: int, words: str = kernels.DEAD_AT_START):
    """Returns a start that fails so many times, and the list of its tries."""
    tries = []

    def start(name: str) -> str:
        tries.append(name)
        if len(tries) <= times:
            raise RuntimeError(words)
        return name.upper()

    return start, tries


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_kernel_that_dies_at_its_start_is_started_again(times):
    start, tries = dying(times)
    assert kernels.persistent(start)("a") == "A"
    assert tries == ["a"] * (times + 1)


@pytest.mark.parametrize(("words", "tried"), [(kernels.DEAD_AT_START, 3), ("No memory", 1)])
def test_what_does_not_pass_is_told(words, tried):
    start, tries = dying(9, words)
    with pytest.raises(RuntimeError, match=words):
        kernels.persistent(start)("a")
    assert len(tries) == tried


def test_nbval_starts_a_kernel_again(tmp_path, taken_port):
    folder = tmp_path / "clone"
    for name in ("conftest.py", "pyproject.toml", "workflow", "tests/nbval_sanitize.cfg"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).symlink_to(ROOT / name)
    (tmp_path / "takes_a_port.py").write_text(PLUGIN.replace("PORT", str(taken_port)))
    output = nbformat.v4.new_output("stream", name="stdout", text="2\n")
    cell = nbformat.v4.new_code_cell("print(1 + 1)", execution_count=1, outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "a.ipynb")
    command = [sys.executable, "-m", "pytest", "-p", "takes_a_port", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-q", folder / "a.ipynb"],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_build_starts_a_kernel_again(tmp_path, taken_port, monkeypatch):
    free, given = LocalPortCache.find_available_port, []

    def taken_first(self, ip):
        given.append(taken_port if not given else free(self, ip))
        return given[-1]

    monkeypatch.setattr(LocalPortCache, "find_available_port", taken_first)
    path = tmp_path / "notebooks" / "chapter.md"
    path.parent.mkdir()
    cells = [nbformat.v4.new_code_cell("print(1 + 1)")]
    jupytext.write(nbformat.v4.new_notebook(cells=cells), path, fmt="md:myst")
    notebook = execute.run(path, {}, show_log=False)
    assert notebook.cells[-1].outputs[0].text == "2\n"
    assert len(given) == 10  # five ports a start
