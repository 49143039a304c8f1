"""Where things lie and which sources a run was made from."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

from rigid_depth import PACKAGE
from rigid_depth.codehash.code import Code
from rigid_depth.errors import RigidDepthError

ENTRIES = "rigid_depth.experiments.entries"
"""The module that names where the computing of a run starts, and what is settled elsewhere."""


def repository() -> Path | None:
    """The root of the repository the package is installed from, None for a plain installation."""
    root = PACKAGE.parents[1]
    return root if (root / "pyproject.toml").exists() else None


def home(what: str) -> Path:
    """The root of the repository, in which `what` lie; raises RigidDepthError without one."""
    root = repository()
    if root is None:
        raise RigidDepthError(
            f"{what} lie in the book's repository, and rigid_depth is not installed from a clone "
            "of it: pip install --editable CLONE"
        )
    return root


def data_home() -> Path:
    """The folder of worlds and stores: $RIGID_DEPTH_DATA, else `data/` in the repository."""
    return Path(os.environ.get("RIGID_DEPTH_DATA") or (repository() or Path.cwd()) / "data")


def blob(path: Path) -> str:
    """The id git gives to the content of a file, computed without git."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@cache
def code() -> Code:
    """The code of this package, without what the records themselves settle."""
    return Code(settled=Code().names(f"{ENTRIES}:SETTLED"))


@cache
def package_hash(method: str) -> str:
    """Hash of the code that makes the numbers of a run, as it was when this process first asked.

    What is shown, said or typed does not count, nor do names and places of definitions, other
    methods, and settings, which stand in the record; see `rigid_depth.codehash.code`. `method` is
    that of an experiment: a network or a baseline.
    """
    kinds, network = ["OF_EVERY_RUN"], code().entry(f"{ENTRIES}:METHODS", method)
    if network is None:
        kinds.append("OF_BASELINES")
    else:
        kinds += ["OF_NETWORKS"] if method == "rgb" else ["OF_NETWORKS", "OF_TWO_BRANCHES"]
    starts = [start for kind in kinds for start in code().names(f"{ENTRIES}:{kind}")]
    return code().hash([*starts, network] if network else starts)


@cache
def function_hash(function: str) -> str:
    """The same hash of a single function "package.module:name" and of all it uses."""
    return code().hash([code().definition(function)])


def function_defaults(function: str) -> dict[str, object]:
    """The defaults of the parameters of a function "package.module:name"."""
    return code().defaults(code().definition(function))


def source_state(notebook: str, package: str) -> dict:
    """The record's `source`: commit, whether the code differs, package hash, notebook blob.

    `dirty` is about `src/` alone: a build rewrites notebooks and pages, and they compute nothing.
    Where files were copied to without git, $RIGID_DEPTH_COMMIT names the commit they are of.
    """
    root = repository()
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--", "src")
    path = root / notebook if root and notebook else None
    return {
        "commit": commit or os.environ.get("RIGID_DEPTH_COMMIT") or None,
        "dirty": None if commit is None else bool(changed),
        "package": package,
        "notebook": notebook or None,
        "notebook_blob": blob(path) if path and path.exists() else None,
    }


def _git(root: Path | None, *arguments: str) -> str | None:
    """What git says about the repository; None without git, a repository or a commit."""
    if root is None:
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
