"""The thirteen nuScenes tables."""

import hashlib
import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

from street_world.settings import VERSION

TABLES = [
    "category",
    "attribute",
    "visibility",
    "instance",
    "sensor",
    "calibrated_sensor",
    "ego_pose",
    "log",
    "scene",
    "sample",
    "sample_data",
    "sample_annotation",
    "map",
]
CATEGORIES = {
    "human.pedestrian.adult": "A person on foot.",
    "vehicle.car": "Sedan, hatchback, estate, van or SUV.",
    "vehicle.truck": "A vehicle that carries cargo.",
    "vehicle.bus.rigid": "A bus without a joint.",
    "vehicle.bicycle": "A bicycle, with its rider.",
    "movable_object.trafficcone": "A traffic cone.",
    "movable_object.barrier": "A temporary road barrier.",
}
ATTRIBUTES = {
    "vehicle.moving": "The vehicle moves.",
    "vehicle.stopped": "The vehicle stands, with a driver in it.",
    "vehicle.parked": "The vehicle stands, and means to.",
    "cycle.with_rider": "Somebody rides the bicycle.",
    "pedestrian.standing": "The person stands.",
    "pedestrian.moving": "The person walks.",
}
VISIBILITY = (("1", "v0-40"), ("2", "v40-60"), ("3", "v60-80"), ("4", "v80-100"))


Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Rows of tables, by the table's name."""


def token(*parts: object) -> str:
    """The token (32 hexadecimal digits) of whatever these words name, the same in every run."""
    return hashlib.md5("/".join(map(str, parts)).encode()).hexdigest()


def empty_tables() -> Rows:
    """All tables without rows."""
    return {name: [] for name in TABLES}


def fixed_tables(sensors: dict[str, str]) -> Rows:
    """The tables that are the same for every scene; `sensors` maps channel to modality."""

    def named(kind: str, entries: dict[str, str]) -> list[Row]:
        return [{"token": token(kind, n), "name": n, "description": d} for n, d in entries.items()]

    return {
        "category": named("category", CATEGORIES),
        "attribute": named("attribute", ATTRIBUTES),
        "visibility": [
            {
                "token": key,
                "level": level,
                "description": f"{level[1:]} % of the object can be seen.",
            }
            for key, level in VISIBILITY
        ],
        "sensor": [
            {"token": token("sensor", c), "channel": c, "modality": m} for c, m in sensors.items()
        ],
    }


def link(rows: list[Row]) -> None:
    """Sets `prev` and `next` of rows that follow one another."""
    for before, after in itertools.pairwise(rows):
        before["next"], after["prev"] = after["token"], before["token"]


def write_json(path: Path, value: object) -> None:
    """Writes JSON so that the file is either whole or absent."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=0))
    os.replace(partial, path)


def write_tables(root: Path, tables: Rows, splits: dict[str, list[str]]) -> None:
    """Writes all tables and `splits.json` into the version's folder, which appears whole."""
    partial = root / f"{VERSION}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in TABLES:
        (partial / f"{name}.json").write_text(json.dumps(tables[name], indent=0))
    (partial / "splits.json").write_text(json.dumps(splits, indent=0))
    os.replace(partial, root / VERSION)
