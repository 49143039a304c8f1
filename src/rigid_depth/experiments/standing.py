"""Whether a published record still says what today's code would: current, confirmed or stale.

A record is *current* if the code that made it and its settings are today's. It is *confirmed* if
the code has changed since but was seen to give the same numbers: `rigid-depth confirm` leaves a
note of that in `confirmed.json` beside the seeds of a row. Otherwise it is *stale*. A record made
before a setting existed has that setting's default.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import find_experiment, find_scale, group_of
from rigid_depth.experiments.settings import WORLD, Experiment, Scale, override, parameters
from rigid_depth.experiments.sources import package_hash, repository
from rigid_depth.whole import write_whole

FILE = "confirmed.json"
READ = ("init_from", "encoder")
"""Parameters of a record that say what the files were which the run read; no command sets them."""


class Standing(NamedTuple):
    """One of the three states, and words for the reader that say why."""

    state: str  # "current", "confirmed" or "stale"
    words: str


def standing(record: dict, row: Path | None = None) -> Standing:
    """Where the record of a run stands; `row` is the folder of its seeds, by default the book's."""
    try:
        changes, today = parameter_changes(record), code_today(record["experiment"])
    except RigidDepthError as error:
        return Standing("stale", f"STALE: {error}")
    if changes:
        return Standing("stale", "STALE: " + "; ".join(changes))
    row = published_row(record) if row is None else row
    return judge(code_then(record), today, record["seed"], notes(row) if row else [])


def judge(then: dict, today: dict, seed: int, known: list[dict]) -> Standing:
    """Compares the code behind a record, by what it is the code of, with today's and the notes."""
    if matches(then, today):
        return Standing("current", "current: made by today's code and settings")
    for note in reversed(known):
        if note["code"] == today and note["seeds"].get(str(seed)) == then:
            return Standing("confirmed", f"confirmed {note['created'][:10]}: {_how(note)}")
    changed = " and ".join(
        text
        for part, text in (("package", "the code"), ("built_on", "that of the run it is built on"))
        if then.get(part) and then[part] != today.get(part)
    )
    return Standing("stale", f"STALE: {changed} changed since")


def matches(then: dict, code: dict) -> bool:
    """Whether code is that of a record; of a part it does not tell of, nothing is asked."""
    return all(code.get(part) == value for part, value in then.items() if value)


def code_then(record: dict) -> dict:
    """The hashes of the code that made a run, and of the code of the run it is built on."""
    return {
        "package": record["source"]["package"],
        "built_on": record.get("built_on", {}).get("package"),
    }


def code_today(experiment: str) -> dict:
    """The hashes that a record of this experiment would carry if it were made now."""
    chosen = find_experiment(experiment)
    needs = find_experiment(chosen.needs).method if chosen.needs else None
    return {
        "package": package_hash(chosen.method),
        "built_on": package_hash(needs) if needs else None,
    }


def parameter_changes(record: dict) -> list[str]:
    """What the same command would set otherwise today, in words.

    Raises RigidDepthError where today's experiments, scales or parameters do not know the command.
    """
    experiment, scale = find_experiment(record["experiment"]), find_scale(record["scale"])
    chosen, size, _ = override(experiment, scale, record["overrides"])
    today = parameters(chosen, size, record["data"]["dataset"])
    then = {name: value for name, value in record["parameters"].items() if name not in READ}
    if record["data"].get("given"):  # a world by its folder, which no setting of a scale draws
        then |= {name: today[name] for name in WORLD}
    return differences(with_defaults(then), today)


def differences(then: dict, today: dict) -> list[str]:
    """Settings that are others, in words."""
    words = [f"parameter '{n}' exists no longer" for n in then if n not in today]
    for name, value in today.items():
        if name not in then:
            words.append(f"parameter '{name}' is new and has no default")
        elif then[name] != value:
            words.append(f"parameter '{name}' is {value} today, was {then[name]}")
    return words


def with_defaults(settings: dict) -> dict:
    """The parameters of a record with the defaults of those that have come since."""
    fields = [f for kind in (Experiment, Scale) for f in dataclasses.fields(kind)]
    known = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
    never = {"starts_from", "needs"}  # they are no parameters of a run
    return {n: v for n, v in json.loads(json.dumps(known)).items() if n not in never} | settings


def published_row(record: dict) -> Path | None:
    """The folder of the book that holds the seeds of a run like this one."""
    root = repository()
    if root is None:
        return None
    group = group_of(find_scale(record["scale"]), record["data"]["dataset"])
    return root / "book" / "results" / group / record["label"]


def notes(row: Path) -> list[dict]:
    """The notes of confirmation beside the seeds of a row, the oldest first."""
    path = row / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def add_note(row: Path, note: dict) -> None:
    """Adds a note of confirmation to a row, whole or not at all."""
    text = json.dumps([*notes(row), note], indent=1) + "\n"
    write_whole(row / FILE, lambda path: path.write_text(text, encoding="utf-8"))


def _how(note: dict) -> str:
    """How close the numbers were that a note tells of."""
    if note["how"] == "smoke":
        runs = "the code was rearranged; smoke runs before and after are"
        if note["exact"]:
            return f"{runs} equal, bit for bit"
        return f"{runs} {note['difference']} apart (allowed: {note['allowed']})"
    if note["exact"]:
        return f"seed {note['seed']} run again gave the same numbers, bit for bit"
    return (
        f"seed {note['seed']} run again on another machine came within {note['difference']} "
        f"(allowed: {note['allowed']})"
    )
