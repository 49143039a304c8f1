"""The thirteen nuScenes tables."""

import hashlib
import itertools
import json
import os
import shutil
from pathlib import Path

from rigid_depth.data.synthetic.settings import VERSION

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


def token(*parts) -> str:
    """The token (32 hexadecimal digits) of whatever these words name, the same in every run."""
    return hashlib.md5("/".join(map(str, parts)).encode()).hexdigest()


def fixed_tables(sensors: dict[str, str]) -> dict[str, list[dict]]:
    """The tables that are the same for every scene; ``sensors`` maps channel to modality."""

    def named(kind, entries):
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


def link(records: list[dict]) -> list[dict]:
    """Set ``prev`` and ``next`` of records that follow one another."""
    for before, after in itertools.pairwise(records):
        before["next"], after["prev"] = after["token"], before["token"]
    return records


def write_json(path: Path, value) -> None:
    """Write JSON so that the file is either whole or absent."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=0))
    os.replace(partial, path)


def write_tables(root: Path, tables: dict[str, list[dict]], splits: dict[str, list[str]]) -> None:
    """Write all tables and ``splits.json`` into ``root``/v1.0-synthetic, which appears when
    complete."""
    partial = root / f"{VERSION}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in TABLES:
        (partial / f"{name}.json").write_text(json.dumps(tables[name], indent=0))
    (partial / "splits.json").write_text(json.dumps(splits, indent=0))
    os.replace(partial, root / VERSION)
