"""Number and title of a chapter, both as in the thesis."""

import re
from pathlib import Path

_FILE = re.compile(r"0?(\d+)([a-z]?)(?:_(\d+))?_")


def chapter_number(page: str) -> str:
    """The number of a chapter by the name of its file; empty for a page that is no chapter."""
    folder, _, name = page.rpartition("/")
    found = _FILE.match(name) if folder in ("", "notebooks") else None
    return "" if found is None else "".join((*found.group(1, 2), f".{found[3]}" * bool(found[3])))


def chapter_title(text: Path) -> str:
    """The title of a text notebook, with its number, as *7.8 Rotations*; its name without one."""
    titles = re.search(r"^# (\S.*)$", text.read_text(encoding="utf-8"), flags=re.M)
    return titles.group(1) if titles else text.stem
