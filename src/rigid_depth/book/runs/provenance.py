"""Where a number comes from: the badges of a run and of an executed notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from importlib import metadata
from pathlib import Path

from rigid_depth.experiments.sources import blob
from rigid_depth.experiments.standing import standing

KINDS = {"current": "good", "confirmed": "good", "stale": "warn"}
"""The colour of a badge that says where a record stands."""

DECISIVE = ("torch", "numpy")
"""Libraries whose version may change a result."""


def other_versions(record: dict) -> str:
    """Which libraries that decide results were of another version than here; empty if none was."""
    apart = []
    for library in DECISIVE:
        then, here = record["versions"].get(library), metadata.version(library)
        if then and then.split("+")[0] != here.split("+")[0]:
            apart.append(f"{library} {then}, here {here}")
    return "run with " + "; ".join(apart) if apart else ""


def device(record: dict) -> str:
    """Names what computed the run: the GPU, or the processor."""
    machine = record["machine"]
    return machine.get("gpu") or machine.get("processor") or "unknown device"


def commit(record: dict) -> str:
    """The first eight digits of the run's commit, with a plus where the tree differed from it."""
    source = record["source"]
    return (source.get("commit") or "unknown")[:8] + ("+" if source.get("dirty") else "")


def run_badge(record: dict, row: Path | None = None) -> str:
    """HTML of scale, seed, commit, date and device; current, confirmed or stale, and why.

    `row` is the folder of the run's row, where notes of confirmation lie; by default the book's.
    """
    parts = [
        ("info", f"scale {record['scale']}"),
        ("", f"seed {record['seed']}"),
        ("", f"commit {commit(record)}"),
        ("", record["created"][:10]),
        ("", device(record)),
    ]
    if record["scale"] == "smoke":
        parts.append(("warn", "smoke run: not a result"))
    state, words = standing(record, row)
    parts.append((KINDS[state], words))
    if apart := other_versions(record):
        parts.append(("info", apart))
    return badges(parts)


def notebook_badge(stamp: dict, text: Path, tables: str = "") -> str:
    """HTML for the top of an executed notebook: at which scale its cells ran, and what it shows.

    `tables` says which published records its tables show (`shown`), and which of them are stale.
    STALE where the text has changed since it ran.
    """
    parts = []
    if stamp.get("scale"):
        parts = [("info", f"code on this page ran at scale {stamp['scale']}")]
    if tables:
        parts.append(("warn" if "STALE" in tables else "info", f"tables: {tables}"))
    if text.is_file() and stamp.get("source_blob") != blob(text):
        parts.append(("bad", "STALE: the text changed since it ran"))
    return badges(parts)


def shown(records: Sequence[dict], kind: str) -> str:
    """What published records are shown, as *core, up to 5 seeds, 2026-11-22, commit 01234567*."""
    if not records:
        return ""
    of_rows = Counter(record.get("label") for record in records).values()
    seeds, up_to = max(of_rows), "up to " if len(set(of_rows)) > 1 else ""
    days = sorted({record["created"][:10] for record in records})
    commits = list(dict.fromkeys(map(commit, sorted(records, key=lambda r: r["created"]))))
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    which = f"commit {commits[0]}" if len(commits) == 1 else f"commits {commits[0]}..{commits[-1]}"
    return f"{kind}, {up_to}{seeds} seed{'s' * (seeds > 1)}, {when}, {which}"


def badges(parts: list[tuple[str, str]]) -> str:
    """HTML of a row of badges, each a kind (`good`, `bad`, `warn`, `info`, none) and a text."""
    return "".join(f'<span class="rd-badge rd-{k}">{escape(t)}</span>' for k, t in parts)
