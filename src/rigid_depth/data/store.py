"""The prepared store: every frame read once, kept as safetensors shards beside a checksummed
manifest.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from rigid_depth.data.frame import TRUTH_DEPTH_STEP_M, Frame, FrameSource
from rigid_depth.data.open import frame_reader, list_sources
from rigid_depth.data.sky import resolve_sky
from rigid_depth.data.splits import FRAME_SPLIT_SEED, SPLITS, assign
from rigid_depth.errors import RigidDepthError

FORMAT = 1
SHARD_FRAMES = 100  # frames of one scene in one file at most


def prepare(
    dataset: str,
    root: str | Path,
    out: str | Path,
    *,
    size: tuple[int, int] = (384, 768),
    cameras: Sequence[str] = ("CAM_FRONT",),
    version: str | None = None,
    split_by: str = "scene",
    sky: str | None = "auto",
    drives: Mapping[str, Sequence[str]] | None = None,
    annotation_root: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Write the prepared store of a data set into the folder ``out``, once, and return the folder.

    A finished store with the same settings is returned as it is; an interrupted one is continued,
    its finished shards checked against their checksums. ``size`` is (height, width) in px,
    multiples of 32. ``workers`` threads read the files (default: one per core). Raises
    RigidDepthError for bad input and when ``out`` holds a store made with other settings, another
    folder's data or something else.
    """
    out = Path(out)
    sources, scenes = list_sources(dataset, root, cameras, version, drives, annotation_root)
    settings = store_settings(dataset, sources, scenes, size, split_by, sky)
    if (out / "manifest.json").is_file():
        _refuse_other(out, read_manifest(out)["settings"], settings)
        return out
    _begin(out, settings)
    read = frame_reader(root, sources, size, settings["sky"])
    shards = []
    bar = tqdm(total=len(sources), desc="prepare", unit="frame", disable=not progress)
    with bar, ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for name, part in _shards(sources):
            shard = _finished_shard(out, name) or _write_shard(out, name, part, read, pool)
            shards.append(shard)
            bar.update(len(part))
    _finish(out, settings, shards, assign(sources, scenes, split_by))
    return out


def store_settings(
    dataset: str,
    sources: Sequence[FrameSource],
    scenes: Mapping[str, Sequence[str]],
    size: tuple[int, int],
    split_by: str,
    sky: str | None,
) -> dict:
    """Everything a store depends on, as JSON values: two stores with equal settings hold the same
    frames.
    """
    present = {source.scene for source in sources}
    listed = [list(source.describe().values()) for source in sources]
    return {
        "format": FORMAT,
        "dataset": dataset,
        "size": list(size),
        "cameras": sorted({source.camera for source in sources}),
        "split_by": split_by,
        "split_seed": FRAME_SPLIT_SEED,
        "splits": {split: sorted(present & set(scenes[split])) for split in SPLITS},
        "sky": resolve_sky(sky, sources),
        "frames": digest(listed),
    }


def digest(value) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_manifest(path: str | Path) -> dict:
    """The manifest of a finished store; raises RigidDepthError if there is none or it is
    unreadable.
    """
    path = Path(path)
    if not (path / "manifest.json").is_file():
        raise RigidDepthError(f"{path} is no finished prepared store; run prepare (again) into it")
    try:
        manifest = json.loads((path / "manifest.json").read_text())
        format_number = manifest["settings"]["format"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise RigidDepthError(f"{path / 'manifest.json'} is not readable: {error!r}") from error
    if format_number != FORMAT:
        raise RigidDepthError(
            f"store {path} has format {format_number}, this program reads {FORMAT}; prepare it anew"
        )
    return manifest


def _shards(sources: Sequence[FrameSource]):
    """(name, frames) of every shard: the frames of a scene in pieces of at most SHARD_FRAMES."""
    by_scene: dict[str, list[FrameSource]] = {}
    for source in sources:
        by_scene.setdefault(source.scene, []).append(source)
    for scene, frames in by_scene.items():
        for start in range(0, len(frames), SHARD_FRAMES):
            suffix = "" if len(frames) <= SHARD_FRAMES else f"-{start // SHARD_FRAMES:03d}"
            yield f"{scene}{suffix}", frames[start : start + SHARD_FRAMES]


def _begin(out: Path, settings: dict) -> None:
    """Make ``out`` a store in the making with these settings, or refuse."""
    marker = out / "settings.json"
    if marker.is_file():
        _refuse_other(out, json.loads(marker.read_text()), settings)
    elif out.is_dir() and any(out.iterdir()):
        raise RigidDepthError(f"{out} is not empty and no prepared store; give a new folder")
    (out / "shards").mkdir(parents=True, exist_ok=True)
    write_atomic(marker, json.dumps(settings, indent=1).encode())


def _refuse_other(out: Path, there: dict, wanted: dict) -> None:
    different = [k for k in {**there, **wanted} if there.get(k) != wanted.get(k)]
    if different:
        key = different[0]
        raise RigidDepthError(
            f"store {out} was made with {key} = {there.get(key)}, not {wanted.get(key)}; give "
            f"another folder or remove this one"
        )


def _write_shard(out: Path, name: str, part: Sequence[FrameSource], read, pool) -> dict:
    frames = list(pool.map(read, part))
    data = save(_tensors(frames))
    entry = {
        "file": f"shards/{name}.safetensors",
        "sha256": hashlib.sha256(data).hexdigest(),
        "max_points": max(len(frame.points) for frame in frames),
        "frames": [
            {**source.describe(), "intrinsics": frame.intrinsics.tolist()}
            for source, frame in zip(part, frames, strict=True)
        ],
    }
    write_atomic(out / entry["file"], data)
    write_atomic(out / "shards" / f"{name}.json", json.dumps(entry).encode())
    return entry


def _tensors(frames: Sequence[Frame]) -> dict[str, Tensor]:
    """Frames stacked: returns one after the other with offsets, depth as the bits of uint16 metres
    * 256.
    """
    counts = torch.tensor([0, *(len(frame.points) for frame in frames)])
    tensors = {
        "rgb": torch.stack([frame.rgb for frame in frames]),
        "points": torch.cat([frame.points for frame in frames]),
        "offsets": counts.cumsum(0),
    }
    if frames[0].sky is not None:
        tensors["sky"] = torch.stack([frame.sky for frame in frames])
    if frames[0].dense_depth_m is not None:
        steps = torch.stack([frame.dense_depth_m for frame in frames]) / TRUTH_DEPTH_STEP_M
        tensors["dense_depth"] = steps.round().clamp(0, 65535).int().to(torch.int16)
    return tensors


def _finished_shard(out: Path, name: str) -> dict | None:
    """The entry of a shard that an interrupted run has completed, or None."""
    path = out / "shards" / f"{name}.json"
    if not path.is_file():
        return None
    entry = json.loads(path.read_text())
    return entry if checksum(out / entry["file"]) == entry["sha256"] else None


def _finish(out: Path, settings: dict, shards: list[dict], splits: dict[str, list[int]]) -> None:
    frames = [frame for shard in shards for frame in shard["frames"]]
    counts = {
        split: {"scenes": len({frames[i]["scene"] for i in chosen}), "frames": len(chosen)}
        for split, chosen in splits.items()
    }
    manifest = {
        "settings": settings,
        "fingerprint": digest([settings, [shard["sha256"] for shard in shards], splits]),
        "counts": counts,
        "max_points": max(shard["max_points"] for shard in shards),
        "splits": splits,
        "shards": shards,
    }
    write_atomic(out / "manifest.json", json.dumps(manifest).encode())
    for leftover in (out / "shards").glob("*.json"):
        leftover.unlink()
    (out / "settings.json").unlink()


def checksum(path: Path) -> str | None:
    """The SHA-256 of a file, None if it is not there."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a run after a kill, sees all of it or nothing."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
