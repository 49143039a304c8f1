"""Where the repository of this book lies on the web, if it does."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote


def repository_url(root: Path, given: str = "") -> str:
    """The address of the repository: as `given`, of the workflow that builds it, or git's origin.

    Empty where there is none: pages then name files instead of linking to them.
    """
    if known := given or workflow_url():
        return known.rstrip("/")
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        origin = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.fullmatch(
        r"(?:https://|git@|ssh://git@)([\w.-]+)[:/]([\w./-]+?)(?:\.git)?/?", origin
    )
    return f"https://{found[1]}/{found[2]}" if found else ""


def workflow_url() -> str:
    """The address of the repository whose workflow builds the book; empty outside of one."""
    server, name = workflow_repository()
    return f"{server}/{name}" if server and name else ""


def workflow_repository() -> tuple[str, str]:
    """Server and OWNER/NAME that GitHub's own builds tell; each is empty where it is not told."""
    return os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")


def report_url(repository: str, page: str, title: str) -> str:
    """Where a reader reports an erratum of a page: the form for it, which then names the page."""
    query = f"template=erratum.yml&title={quote(f'Erratum: {title}')}&place={quote(page)}"
    return f"{repository}/issues/new?{query}"
