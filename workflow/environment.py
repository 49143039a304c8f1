"""Make the virtual environment that every make target uses; do nothing where it is up to date.

Runs under the system's Python with the standard library alone:

    python3 workflow/environment.py .venv         for the book, the experiments and the notebooks
    python3 workflow/environment.py .venv test    for the tests, linters and benchmarks as well

The environment is updated where pyproject.toml or constraints.txt changed or more is asked for, and
left alone where not; what it once got it keeps. It is removed and made anew in two cases only: its
Python does not start, or this program was interrupted while it made it. Calls at the same time wait
for each other.

TORCH_INDEX names the extra package index that torch is taken from: by default the one with CPU
builds, used where it can be reached; a CUDA index for a GPU; "none" for none. It is remembered; an
environment with torch from another index is refused, not removed.
"""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("pyproject.toml", "constraints.txt")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SYSTEMS = (("Linux", "x86_64"), ("Darwin", "arm64"))  # where every pin has a wheel


def unsupported() -> str:
    """Returns in one sentence why the pins cannot be installed here; nothing where they can."""
    here = (platform.system(), platform.machine())
    if here not in SYSTEMS:
        allowed = " and ".join(" ".join(system) for system in SYSTEMS)
        return f"{' '.join(here)} is not supported: there are packages for {allowed} alone"
    text = (ROOT / "pyproject.toml").read_text()
    lowest, above = re.search(r'^requires-python = ">=([\d.]+),<([\d.]+)"', text, re.M).groups()
    version = ".".join(map(str, sys.version_info[:3]))
    if not numbers(lowest) <= sys.version_info[:3] < numbers(above):
        return (
            f"Python {version} is not supported: give one from {lowest} on and below {above}, "
            "as in PYTHON=python3.11"
        )
    return ""


def numbers(version: str) -> tuple[int, ...]:
    """Returns the parts of a version, to be compared."""
    return tuple(map(int, version.split(".")))


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


def refused_pins(log: str) -> list[str]:
    """Returns the pins that pip's log blames for a failure."""
    conflict = log.rpartition("The conflict is caused by:")[2]
    found = re.findall(r"\(constraint\) (\S+==[^\s,]+)", conflict)
    found += re.findall(r"No matching distribution found for (\S+==[^\s,;]+)", log)
    return list(dict.fromkeys(found))


def pip_install(venv: Path, *what: str) -> None:
    """Runs pip with the pins; where it fails, the last words name the pins it refused."""
    log = venv / "pip.log"
    log.unlink(missing_ok=True)
    options = ["--disable-pip-version-check", "--log", log, "-c", ROOT / "constraints.txt"]
    options += [] if sys.stdout.isatty() else ["--quiet"]
    command = [venv / "bin" / "python", "-m", "pip", "install", *options, *what]
    if subprocess.run(command, check=False).returncode == 0:
        return
    reason = "pip's message above says why"
    if pins := refused_pins(log.read_text(errors="replace") if log.exists() else ""):
        here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
        reason = f"pip cannot have {' and '.join(pins)}, pinned in constraints.txt, with {here}"
    sys.exit(f"the installation failed: {reason} (all it said: {log})")


def install(venv: Path, index: str, extras: list[str]) -> None:
    """Installs torch alone first, then the package in place with the extras, all pinned."""
    print(f"installing torch and {' and '.join(extras)}, some minutes", flush=True)
    pip_install(venv, "setuptools", "torch", *torch_options(index))
    pip_install(venv, "--no-build-isolation", "--editable", f"{ROOT}[{','.join(extras)}]")


def main(venv: Path, *more: str) -> None:
    """Brings the environment up to date with at least these extras, one process at a time."""
    if reason := unsupported():
        sys.exit(reason)
    with open(venv.with_name(f"{venv.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unfinished = venv.with_name(f"{venv.name}.unfinished")
        stamp = venv / "rigid-depth.json"
        made = json.loads(stamp.read_text()) if stamp.exists() else {}
        before = made.get("torch_index") or CPU_INDEX
        index = (os.environ.get("TORCH_INDEX") or before).rstrip("/")
        usable = works(venv) and not unfinished.exists()
        extras = sorted({"book", *more, *(made.get("extras", []) if usable else [])})
        wanted = {"fingerprint": fingerprint(venv), "torch_index": index, "extras": extras}
        if usable and made == wanted:
            return
        if usable and made and index != before:
            sys.exit(
                f"{venv.name} has torch from {before}: remove {venv.name} to take it from {index}"
            )
        if not usable:
            create(venv, unfinished)
        install(venv, index, extras)
        stamp.write_text(json.dumps(wanted))
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".venv").absolute(), *sys.argv[2:])
