"""Where things lie and which sources a run was made from."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

from rigid_depth.sources import PACKAGE, code_files, code_hash

COMPUTES = ("rigid_depth.experiments.training", "rigid_depth.experiments.measuring")
OF_TWO_BRANCHES = "rigid_depth.experiments.alignment"
"""The modules that make the numbers of a run, beside the file of its method."""

SETTLED_ELSEWHERE = (
    "rigid_depth.experiments.settings",  # the record's parameters
    "rigid_depth.experiments.registry",
    "rigid_depth.experiments.methods",
    "rigid_depth.data.store",  # the record's fingerprint of the frames
    "rigid_depth.data.open",
    "rigid_depth.experiments.stores",
    "rigid_depth.experiments.sources",
    "rigid_depth.experiments.speed",
    "rigid_depth.rotations._procrustes3",
)
"""Modules whose outcome stands in the record itself: what was chosen, and from which frames. The
last two decide how fast something is computed; tests hold them to the plain way."""


def repository() -> Path | None:
    """The root of the repository the package is installed from, None for a plain installation."""
    root = PACKAGE.parents[1]
    return root if (root / "pyproject.toml").exists() else None


def data_home() -> Path:
    """The folder of worlds and stores: $RIGID_DEPTH_DATA, else `data/` in the repository."""
    return Path(os.environ.get("RIGID_DEPTH_DATA") or (repository() or Path.cwd()) / "data")


def blob(path: Path) -> str:
    """The id git gives to the content of a file, computed without git."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@cache
def package_hash(method: str) -> str:
    """Hash of the code that makes the numbers of a run, as it was when this process first asked.

    Only training, measuring, the method and what they import count, without comments and
    docstrings, so that a record does not go stale when another method, a command line or a page
    of the book changes.
    """
    own = "baselines" if method.endswith("-depth") else f"methods.{method.replace('-', '_')}"
    modules = (*COMPUTES, f"rigid_depth.experiments.{own}")
    if own not in ("baselines", "methods.rgb"):
        modules += (OF_TWO_BRANCHES,)
    return code_hash(code_files(*modules, skip=SETTLED_ELSEWHERE))


def source_state(notebook: str, package: str) -> dict:
    """The record's `source`: commit, whether the tree differs, package hash, notebook blob."""
    root = repository()
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    path = root / notebook if root and notebook else None
    return {
        "commit": commit,
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
