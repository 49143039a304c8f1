"""Renew constraints.txt: pin what the book and the tests need, as it is installed.

    python workflow/constraints.py

Needed is what pyproject.toml names and what that requires in turn, on any supported system and
Python. What only another system needs keeps its pin. Nothing is written where a pin asks for a
newer Python than the lowest that pyproject.toml promises.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "constraints.txt"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]
EXTRAS = ("book", "test")
SYSTEMS = (
    {"platform_system": "Linux", "sys_platform": "linux", "platform_machine": "x86_64"},
    {"platform_system": "Darwin", "sys_platform": "darwin", "platform_machine": "arm64"},
)


def lowest_python() -> Version:
    """Returns the lowest version of Python that is promised."""
    bounds = SpecifierSet(PROJECT["requires-python"])
    return next(Version(bound.version) for bound in bounds if bound.operator == ">=")


def environments() -> Iterator[dict[str, str]]:
    """Yields the markers of every supported system and version of Python."""
    lowest = lowest_python()
    for minor in range(lowest.minor, 20):
        python = f"{lowest.major}.{minor}"
        full = str(lowest) if minor == lowest.minor else f"{python}.0"
        if full not in SpecifierSet(PROJECT["requires-python"]):
            return
        for system in SYSTEMS:
            yield {**system, "python_version": python, "python_full_version": full}


def pins() -> dict[str, Requirement]:
    """Returns the pins that constraints.txt holds, by canonical name."""
    lines = [line for line in FILE.read_text().splitlines() if line and line[0] != "#"]
    return {canonicalize_name(pin.name): pin for pin in map(Requirement, lines)}


def requirements(wanted: Requirement, markers: dict[str, str]) -> list[Requirement]:
    """Returns what a package requires; nothing where it is not installed here."""
    try:
        texts = distribution(wanted.name).requires or []
    except PackageNotFoundError:
        return []
    extras = [{**markers, "extra": extra} for extra in ("", *wanted.extras)]
    found = [Requirement(text) for text in texts]
    return [r for r in found if not r.marker or any(r.marker.evaluate(e) for e in extras)]


def needed(where: Iterable[dict[str, str]]) -> set[str]:
    """Returns the names of all packages that the book and the tests need in these environments."""
    named = [*PROJECT["dependencies"]]
    named += [text for extra in EXTRAS for text in PROJECT["optional-dependencies"][extra]]
    names = set()
    for markers in where:
        waiting, seen = [Requirement(text) for text in named], set()
        while waiting:
            wanted = waiting.pop()
            key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
            if key not in seen:
                seen.add(key)
                waiting += requirements(wanted, markers)
        names |= {name for name, _ in seen}
    return names


def installed_pin(name: str) -> str | None:
    """Returns the installed package as a pin, without a build's local version."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return f"{found.name}=={Version(found.version).public}"


def too_new(names: set[str], lowest: Version) -> list[str]:
    """Returns the installed packages that refuse the lowest Python, with what they ask for."""
    found = []
    for name in sorted(names):
        pin = installed_pin(name)
        asked = distribution(name).metadata["Requires-Python"] if pin else None
        if asked and lowest not in SpecifierSet(asked):
            found.append(f"{pin} asks for Python {asked}")
    return found


def main() -> None:
    """Writes the pins, or says which package is at fault."""
    names, old, lowest = needed(environments()), pins(), lowest_python()
    if refusing := too_new(names, lowest):
        sys.exit(f"Python {lowest} is promised, but {'; '.join(refusing)}: pin an older version")
    kept = {name: str(old[name]) for name in names if name in old}
    lines = {name: installed_pin(name) or kept.get(name) for name in names}
    if missing := sorted(name for name, line in lines.items() if line is None):
        sys.exit(f"neither installed nor pinned: {', '.join(missing)}; add a pin by hand")
    head = re.match(r"(?:#.*\n)*", FILE.read_text())[0]
    FILE.write_text(head + "\n".join(lines[name] for name in sorted(lines)) + "\n")


if __name__ == "__main__":
    main()
