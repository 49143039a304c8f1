"""The manifest of a prepared store: what a finished one holds, and the sums that prove it whole."""

import hashlib
import json
import os
from pathlib import Path

from rigid_depth.data.splits import SPLITS
from rigid_depth.errors import RigidDepthError

FORMAT = 1


def read_manifest(path: str | Path) -> dict:
    """The manifest of a finished store; raises RigidDepthError if there is none or it is broken."""
    file = Path(path) / "manifest.json"
    if not file.is_file():
        raise RigidDepthError(f"{path} is no finished prepared store; run prepare into it (again)")
    try:
        manifest = json.loads(file.read_text())
        found = manifest["settings"]["format"]
        fits = found != FORMAT or _fits_itself(manifest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RigidDepthError(f"{file} is broken ({error!r}); prepare the store anew") from error
    if found != FORMAT:
        raise RigidDepthError(f"store {path} has format {found}, not {FORMAT}; prepare it anew")
    if not fits:
        raise RigidDepthError(
            f"{file} does not fit its own fingerprint: it was changed; prepare the store anew"
        )
    return manifest


def _fits_itself(manifest: dict) -> bool:
    """Whether fingerprint, counts and splits of a manifest belong together."""
    splits, frames = manifest["splits"], sum(len(s["frames"]) for s in manifest["shards"])
    counted = all(manifest["counts"][s]["frames"] == len(splits[s]) for s in SPLITS)
    within = all(0 <= index < frames for split in splits.values() for index in split)
    return counted and within and manifest["fingerprint"] == fingerprint(manifest)


def fingerprint(manifest: dict) -> str:
    """The digest of what a finished store holds: settings, shards, and which frames are whose."""
    shards = [shard["sha256"] for shard in manifest["shards"]]
    return digest([manifest["settings"], shards, manifest["splits"]])


def digest(value) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def checksum(path: Path) -> str | None:
    """The SHA-256 of a file, None if it is not there."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that a reader, also after a kill, sees all of it or nothing."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
