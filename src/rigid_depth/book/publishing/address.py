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
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    if given or (server and name):
        return (given or f"{server}/{name}").rstrip("/")
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        origin = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.fullmatch(
        r"(?:https://|git@|ssh://git@)([\w.-]+)[:/]([\w./-]+?)(?:\.git)?/?", origin
    )
    return f"https://{found[1]}/{found[2]}" if found else ""


def report_url(repository: str, page: str, title: str) -> str:
    """Where a reader reports an erratum of a page: the form for it, which then names the page."""
    query = f"template=erratum.yml&title={quote(f'Erratum: {title}')}&place={quote(page)}"
    return f"{repository}/issues/new?{query}"
