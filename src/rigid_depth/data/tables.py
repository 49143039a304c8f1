"""The tables of a nuScenes v1.0 folder: where they lie, and the few records a listing needs.

The devkit keeps all 13 tables in memory, 8 GB for v1.0-trainval. A listing needs the keyframes of
LiDAR and cameras and their poses, one record in 39.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rigid_depth.errors import RigidDepthError

CHUNK = 1 << 24  # characters read at a time
KEYS = {  # the tables a listing reads, and the keys it needs
    "sensor": ("token", "channel"),
    "calibrated_sensor": ("token", "sensor_token", "translation", "rotation", "camera_intrinsic"),
    "scene": ("token", "name", "description"),
    "sample": ("token", "scene_token", "timestamp"),
    "sample_data": (
        *("token", "sample_token", "ego_pose_token", "calibrated_sensor_token"),
        *("timestamp", "is_key_frame", "filename"),
    ),
    "ego_pose": ("token", "translation", "rotation"),
}
_OPTIONAL = ("height", "width", "condition")


@dataclass(frozen=True)
class Tables:
    """Records by table and token; a sample's `data` is {channel: token of its keyframe}."""

    records: dict[str, dict[str, dict]]

    def get(self, table: str, token: str) -> dict:
        """The record of a token, as the devkit's method of that name gives it."""
        return self.records[table][token]


def read_tables(folder: Path, channels: Iterable[str]) -> Tables:
    """The records that keyframes of `channels` need, from the table folder `folder`.

    Raises RigidDepthError that names the table, the record and the key for tables that are broken.
    """
    try:
        return _read(folder, set(channels))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, OSError) as error:
        raise explain(folder, error) from error


def _read(folder: Path, channels: set[str]) -> Tables:
    def keep(table: str, wanted: Callable[[dict], bool] = lambda record: True) -> dict[str, dict]:
        kept = {}
        for record in read_records(folder / f"{table}.json"):
            if wanted(record):
                if _fault(record, table):
                    raise ValueError(_fault(record, table))
                known = (*KEYS[table], *_OPTIONAL)
                kept[record["token"]] = {key: record[key] for key in known if key in record}
        return kept

    small = {table: keep(table) for table in ("sensor", "calibrated_sensor", "scene", "sample")}
    channel_of = {
        token: small["sensor"][record["sensor_token"]]["channel"]
        for token, record in small["calibrated_sensor"].items()
    }
    data: dict[str, dict[str, str | None]] = defaultdict(dict)

    def is_wanted(record: dict) -> bool:
        if not record["is_key_frame"]:
            return False
        channel = channel_of[record["calibrated_sensor_token"]]
        chosen = channel in channels
        data[record["sample_token"]][channel] = record["token"] if chosen else None
        return chosen

    images = keep("sample_data", is_wanted)
    poses = {record["ego_pose_token"] for record in images.values()}
    ego_poses = keep("ego_pose", lambda record: record["token"] in poses)
    for token, record in small["sample"].items():
        record["data"] = data[token]
    return Tables({**small, "sample_data": images, "ego_pose": ego_poses})


def read_records(path: Path) -> Iterator[dict]:
    """The records of a table one after the other; the file is never in memory as a whole.

    Raises ValueError for a file that is no JSON list.
    """
    decode = json.JSONDecoder().raw_decode
    with path.open(encoding="utf-8") as file:
        text, at = _first_chunk(file), 1
        if text[:1] != "[":
            raise ValueError(f"{path} holds no list")
        while True:
            at = _skip(text, at, " \t\r\n,")
            if text[at : at + 1] == "]":
                return
            try:
                record, at = decode(text, at)
            except ValueError:  # cut by the end of the chunk, or broken
                more = file.read(max(CHUNK, len(text) - at))
                if not more:
                    raise
                text, at = text[at:] + more, 0
                continue
            yield record


def _first_chunk(file: TextIO) -> str:
    """The first characters that are not blank; empty for an empty file."""
    while chunk := file.read(CHUNK):
        if text := chunk.lstrip():
            return text
    return ""


def _skip(text: str, at: int, blank: str) -> int:
    while at < len(text) and text[at] in blank:
        at += 1
    return at


def table_folders(root: Path) -> dict[str, Path]:
    """The table folders of a dataroot by version.

    They lie in the dataroot; one archive level deeper, as where an archive was unpacked into a
    folder of its own; or the dataroot is itself one. Raises RigidDepthError for a missing folder,
    for one without tables, and where a version is there twice.
    """
    if not root.is_dir():
        raise RigidDepthError(f"dataroot {root} does not exist; give the folder that holds v1.0-*")
    found = _with_tables([*root.glob("v1.0-*")]) or _with_tables([root.resolve()])
    found = found or _with_tables([*root.glob("*/v1.0-*")])
    if not found:
        raise RigidDepthError(
            f"dataroot {root} holds no nuScenes tables; expected v1.0-*/scene.json"
        )
    named = {path.name: path for path in found}
    if twice := [path for path in found if named[path.name] != path]:
        raise RigidDepthError(
            f"dataroot {root} holds {twice[0].name} twice, in {twice[0].parent} and in "
            f"{named[twice[0].name].parent}; give one of them"
        )
    return named


def _with_tables(folders: list[Path]) -> list[Path]:
    return sorted(p for p in folders if p.name.startswith("v1.0-") and any(p.glob("*.json")))


def sample_folders(root: Path, tables: Path) -> list[Path]:
    """The folders that hold `samples/`: beside the tables, around them, and the blobs' own."""
    near = [tables.parent, root]
    if tables.parent.name.startswith("v1.0-"):
        near.append(tables.parent.parent)
    below = [child for folder in near if folder.is_dir() for child in sorted(folder.iterdir())]
    places = {path.resolve(): path for path in [*below, *near] if (path / "samples").is_dir()}
    return list(places.values()) or [tables.parent]


def file_finder(folders: list[Path]) -> Callable[[str], Path]:
    """A function that finds a table's `filename` in the folders that hold `samples/`."""
    index: dict[str, dict[str, Path]] = {}

    def find(filename: str) -> Path:
        directory, _, name = filename.rpartition("/")
        if directory not in index:
            index[directory] = {
                path.name: path
                for folder in folders
                if (folder / directory).is_dir()
                for path in (folder / directory).iterdir()
            }
        return index[directory].get(name, folders[-1] / filename)

    return (lambda filename: folders[0] / filename) if len(folders) == 1 else find


def explain(folder: Path, error: Exception) -> RigidDepthError:
    """The sentence for tables that cannot be read: which file, which record, which key."""
    for table in KEYS:
        path = folder / f"{table}.json"
        if not path.is_file():
            return RigidDepthError(
                f"table {path} is missing; a nuScenes v1.0 folder has {', '.join(KEYS)} and more"
            )
        try:
            records = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as bad:
            return RigidDepthError(f"table {path} is not readable JSON: {bad}")
        except OSError as bad:
            return RigidDepthError(f"table {path} cannot be read: {bad.strerror}")
        if not isinstance(records, list):
            return RigidDepthError(f"table {path} holds no list of records")
        for number, record in enumerate(records):
            if fault := _fault(record, table):
                return RigidDepthError(f"table {path}: record {number} {fault}")
    return RigidDepthError(f"tables in {folder} do not fit together: {error}")


def _fault(record: object, table: str) -> str | None:
    """What a record of a table lacks, in words."""
    if not isinstance(record, dict):
        return f"is {record!r}, no record"
    for key in KEYS[table]:
        if key not in record:
            return f"has no key '{key}'"
        if not _is_kind(record[key], key):
            return f"has {record[key]!r} as its {key}"
    return None


def _is_kind(value: object, key: str) -> bool:
    """Whether a value can be what its key says."""
    if key in ("translation", "rotation", "camera_intrinsic"):
        return isinstance(value, list)
    if key == "is_key_frame":
        return isinstance(value, bool)
    return isinstance(value, int if key == "timestamp" else str)
