"""Make the virtual environment that every make target uses; do nothing where it is up to date.

Runs under the system's Python with the standard library alone:

    python3 workflow/environment.py .venv

The environment is updated where pyproject.toml or constraints.txt changed and left alone where they
did not. It is removed and made anew in two cases only: its Python does not start, or this program
was interrupted while it made it. Calls at the same time wait for each other.

TORCH_INDEX names the extra package index that torch is taken from: by default the one with CPU
builds, used where it can be reached; a CUDA index for a GPU; "none" for none. It is remembered; an
environment with torch from another index is refused, not removed.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("pyproject.toml", "constraints.txt")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def fingerprint(venv: Path) -> str:
    """Returns the hash of what decides the installation: the two files and the place."""
    parts = [(ROOT / name).read_bytes() for name in SOURCES]
    return hashlib.sha256(b"\0".join([str(venv).encode(), *parts])).hexdigest()


def works(venv: Path) -> bool:
    """Tells whether the environment has an interpreter that starts and a pip that answers."""
    command = [venv / "bin" / "python", "-m", "pip", "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def create(venv: Path, unfinished: Path) -> None:
    """Makes an empty environment in place of whatever is there."""
    if venv.exists():
        print(f"{venv.name} is broken or half-made: making it anew", flush=True)
        shutil.rmtree(venv)
    unfinished.touch()
    print(f"making {venv.name} with Python {sys.version.split()[0]}", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", venv], check=False)
    if made.returncode:
        shutil.rmtree(venv, ignore_errors=True)
        sys.exit(
            f"{sys.executable} cannot make an environment; on Debian: apt install python3-venv"
        )


def reachable(index: str) -> bool:
    """Tells whether the package index answers for torch within five seconds."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=5):
            return True
    except (OSError, ValueError):
        return False


def torch_options(index: str) -> list[str]:
    """Returns pip's options for the index of torch; a named index that is away is an error."""
    if index == "none":
        return []
    if reachable(index):
        return ["--extra-index-url", index]
    if index != CPU_INDEX:
        sys.exit(f"TORCH_INDEX={index} does not answer; give another one, or TORCH_INDEX=none")
    print(f"{index} does not answer: taking torch from where pip looks by itself", flush=True)
    return []


def install(venv: Path, index: str) -> None:
    """Installs torch alone first, then the package in place with everything, all pinned."""
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check"]
    pinned = ["-c", ROOT / "constraints.txt"]
    bar = [] if sys.stdout.isatty() else ["--progress-bar", "off"]
    for what in (
        ["setuptools", "torch", *torch_options(index)],
        ["--no-build-isolation", "--editable", f"{ROOT}[book,test]"],
    ):
        if subprocess.run([*pip, *bar, *pinned, *what], check=False).returncode:
            sys.exit("the installation failed; pip's message above says why")


def main(venv: Path) -> None:
    """Brings the environment up to date, one process at a time."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        version = sys.version.split()[0]
        sys.exit(f"Python {version} is not supported: give 3.11 or 3.12, as in PYTHON=python3.11")
    with open(venv.with_name(f"{venv.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unfinished = venv.with_name(f"{venv.name}.unfinished")
        stamp = venv / "rigid-depth.json"
        made = json.loads(stamp.read_text()) if stamp.exists() else {}
        before = made.get("torch_index") or CPU_INDEX
        index = (os.environ.get("TORCH_INDEX") or before).rstrip("/")
        wanted = {"fingerprint": fingerprint(venv), "torch_index": index}
        usable = works(venv) and not unfinished.exists()
        if usable and made == wanted:
            return
        if usable and made and index != before:
            sys.exit(
                f"{venv.name} has torch from {before}: remove {venv.name} to take it from {index}"
            )
        if not usable:
            create(venv, unfinished)
        install(venv, index)
        stamp.write_text(json.dumps(wanted))
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".venv").absolute())
