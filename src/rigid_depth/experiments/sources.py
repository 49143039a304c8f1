"""Where things lie and which sources a run was made from."""

from __future__ import annotations

import hashlib
import os
import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
DEPENDS_ON = ("losses", "models", "data", "experiments")
"""The folders of the package whose text decides what a run computes (the book does not)."""


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
def package_hash() -> str:
    """SHA-1 over the sources a run depends on, as they were when this process first asked."""
    return hash_sources(PACKAGE)


def hash_sources(package: Path) -> str:
    """SHA-1 over the names and blobs of the Python files that decide what a run computes."""
    files = sorted(p for folder in DEPENDS_ON for p in (package / folder).rglob("*.py"))
    lines = [f"{p.relative_to(package).as_posix()} {blob(p)}\n" for p in files]
    return hashlib.sha1("".join(lines).encode()).hexdigest()


def source_state(notebook: str) -> dict:
    """The record's `source`: commit, whether the tree differs, package and notebook blobs."""
    root = repository()
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    path = root / notebook if root and notebook else None
    return {
        "commit": commit,
        "dirty": None if commit is None else bool(changed),
        "package": package_hash(),
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
