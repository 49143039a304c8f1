"""Writing the prepared store: every frame read once, kept in shards of safetensors files."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from rigid_depth.data.files import DEPTH_STEP_M
from rigid_depth.data.frame import Frame, FrameSource
from rigid_depth.data.kitti_lists import read_lists
from rigid_depth.data.manifest import (
    FORMAT,
    checksum,
    digest,
    fingerprint,
    read_manifest,
    write_atomic,
)
from rigid_depth.data.open import Listing, frame_reader, list_frames
from rigid_depth.data.resize import check_size
from rigid_depth.data.sky import mask_file, mask_folder, resolve_sky, sky_reader
from rigid_depth.data.splits import FRAME_SPLIT_SEED, SPLITS, assign
from rigid_depth.data.stamp import stamp
from rigid_depth.errors import RigidDepthError

SOURCE = "source.json"  # what a finished store was made from, for a quick look
SHARD_FRAMES = 100  # frames of one scene in one file at most
UNBEGUN = "settings.json.part"  # what a first write leaves that did not come to its end
WAY_OUT = "remove it, or prepare into another folder"


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
    files: Mapping[str, str | Path] | None = None,
    skip_missing: bool = False,
    only_scenes: Sequence[str] = (),
    classes: bool = False,
    workers: int | None = None,
    progress: bool = True,
    trust: bool = False,
) -> Path:
    """Write the prepared store of a data set into the folder `out`, once, and return the folder.

    A finished store with the same settings is returned as it is; an interrupted one is continued:
    its finished shards stay if they and their frames' files are unchanged. The parameters are those
    of `open_frames`; `workers` threads read (default: one per core). With `trust` a finished store
    of the same call is returned without a look at the frames, as long as the dataroot's `stamp` is
    the same. Raises RigidDepthError for bad input, which leaves no store that could be opened, and
    for an `out` that holds a store with other settings, frames of other data or something else.
    """
    check_size(size)
    out = Path(out)
    request = [dataset, size, cameras, version, split_by, sky, dict(drives or {})]
    request += [str(annotation_root), read_lists(files), skip_missing, only_scenes]
    request += ["classes"] if classes else []
    source = {
        "stamp": stamp(dataset, Path(root), version, annotation_root, mask_folder(sky)),
        "request": digest(request),
    }
    if trust and _is_of(out, source):
        return out
    listing = list_frames(
        dataset, root, cameras, version, drives, annotation_root, files, skip_missing, only_scenes
    )
    settings = store_settings(dataset, listing, size, split_by, sky, classes)
    splits = assign(listing.sources, listing.scenes, split_by)
    calibration = _calibration(listing.sources)
    if (out / "manifest.json").is_file():
        manifest = read_manifest(out)
        _refuse_other(out, manifest["settings"], settings)
        if manifest.get("calibration", calibration) != calibration:
            raise RigidDepthError(f"store {out} was made with another calibration; {WAY_OUT}")
        _note(out, source)
        return out
    read = frame_reader(sky_reader(settings["sky"], listing.sources), size, classes)
    _begin(out, settings)
    shards = []
    bar = tqdm(total=len(listing.sources), desc="prepare", unit="frame", disable=not progress)
    with bar, ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for name, part in _shards(listing.sources):
            known = digest([_identity(part, settings["sky"]), _calibration(part)])
            finished = _finished_shard(out, name, known)
            shards.append(finished or _write_shard(out, name, part, known, read, pool))
            bar.update(len(part))
    _finish(out, settings, shards, splits, calibration)
    _note(out, source)
    return out


def _is_of(out: Path, source: dict) -> bool:
    """Whether a finished store is known to be of this call and of the data as they are now."""
    try:
        noted = json.loads((out / SOURCE).read_text())
    except (OSError, ValueError):
        return False
    return noted == source and (out / "manifest.json").is_file()


def _note(out: Path, source: dict) -> None:
    """Write beside a finished store what it is of; a folder that is read-only goes without."""
    if not _is_of(out, source):
        with suppress(OSError):
            write_atomic(out / SOURCE, json.dumps(source).encode())


def store_settings(
    dataset: str, listing: Listing, size: tuple[int, int], split_by: str, sky: str | None,
    classes: bool = False,
) -> dict:  # fmt: skip
    """Everything a store depends on, as JSON: stores with equal settings hold the same frames.

    `frames` is a digest of the frames' descriptions, of the sizes of their files and of what a
    folder of sky masks holds for them; `classes` is there only if class maps were asked for. Raises
    RigidDepthError for a file that is missing.
    """
    present = {name for source in listing.sources for name in (source.scene, source.token)}
    sky = resolve_sky(sky, listing.sources)
    asked = {"classes": True} if classes else {}
    return {
        "format": FORMAT,
        "dataset": dataset,
        "version": listing.version,
        "size": list(size),
        "cameras": sorted({source.camera for source in listing.sources}),
        "split_by": split_by,
        "split_seed": FRAME_SPLIT_SEED,
        "splits": {split: sorted(present & set(listing.scenes[split])) for split in SPLITS},
        "sky": sky,
        "frames": _identity(listing.sources, sky),
        **asked,
    }


def _identity(sources: Sequence[FrameSource], sky: str | None) -> str:
    """A digest of what the frames are, of the sizes of their files and of masks in a folder."""
    known, masks = [], mask_folder(sky)
    for source in sources:
        files = (source.image, source.depth_file)
        for path in files:
            if not path.is_file():
                raise RigidDepthError(
                    f"frame {source.token} ({source.scene}): {path} is missing; of nuScenes, "
                    "--skip-missing takes the frames that are there"
                )
        known.append([*source.describe().values(), *(path.stat().st_size for path in files)])
        if masks is not None:  # which may change and keep its size
            known[-1].append(checksum(mask_file(masks, source)))
    return digest(known)


def _calibration(sources: Sequence[FrameSource]) -> str:
    """A digest of the matrices that bring the returns of the frames into their images."""
    matrices = ((source.intrinsics, *source.calibration) for source in sources)
    return digest([[matrix.tolist() for matrix in frame] for frame in matrices])


def _shards(sources: Sequence[FrameSource]) -> Iterator[tuple[str, list[FrameSource]]]:
    """(name, frames) of every shard: a scene's frames in pieces of at most SHARD_FRAMES."""
    by_scene: dict[str, list[FrameSource]] = {}
    for source in sources:
        by_scene.setdefault(source.scene, []).append(source)
    for scene, frames in by_scene.items():
        for start in range(0, len(frames), SHARD_FRAMES):
            suffix = "" if len(frames) <= SHARD_FRAMES else f"-{start // SHARD_FRAMES:03d}"
            yield f"{scene}{suffix}", frames[start : start + SHARD_FRAMES]


def _begin(out: Path, settings: dict) -> None:
    """Make `out` a store in the making with these settings, or refuse."""
    marker = out / "settings.json"
    if marker.is_file():  # its frames may have been repaired since
        try:
            there = dict(json.loads(marker.read_text()))
        except (ValueError, TypeError) as error:
            raise RigidDepthError(f"{marker} is broken ({error!r}); remove {out}") from error
        _refuse_other(out, {**there, "frames": settings["frames"]}, settings)
    elif out.exists() and (not out.is_dir() or any(p.name != UNBEGUN for p in out.iterdir())):
        raise RigidDepthError(f"{out} is not empty and no prepared store; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(marker, json.dumps(settings, indent=1).encode())
    (out / "shards").mkdir(exist_ok=True)


def _refuse_other(out: Path, there: dict, wanted: dict) -> None:
    different = [key for key in wanted | there if there.get(key) != wanted.get(key)]
    if different:
        key = different[0]
        what = f"{key} = {there.get(key)}, not {wanted.get(key)}"
        if key == "frames":
            what = "other frames: the data folder, or that of masks, is another one or has changed"
        raise RigidDepthError(f"store {out} was made with {what}; {WAY_OUT}")


def _write_shard(
    out: Path,
    name: str,
    part: Sequence[FrameSource],
    known: str,
    read: Callable[[FrameSource], Frame],
    pool: ThreadPoolExecutor,
) -> dict:
    """Write a shard, then its entry: a shard without an entry is not finished."""
    frames = list(pool.map(read, part))
    data = save(_tensors(frames))
    entry = {
        "file": f"shards/{name}.safetensors",
        "sha256": hashlib.sha256(data).hexdigest(),
        "source": known,
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
    """Frames stacked: all returns with offsets; dense depth as the bits of uint16 metres * 256."""
    counts = torch.tensor([0, *(len(frame.points) for frame in frames)])
    tensors = {
        "rgb": torch.stack([frame.rgb for frame in frames]),
        "points": torch.cat([frame.points for frame in frames]),
        "offsets": counts.cumsum(0),
    }
    if frames[0].sky is not None:
        tensors["sky"] = torch.stack([frame.sky for frame in frames])
    if frames[0].dense_depth_m is not None:
        steps = torch.stack([frame.dense_depth_m for frame in frames]) / DEPTH_STEP_M
        tensors["dense_depth"] = steps.round().clamp(0, 65535).int().to(torch.int16)
    if frames[0].classes is not None:
        tensors["classes"] = torch.stack([frame.classes for frame in frames])
    return tensors


def _finished_shard(out: Path, name: str, known: str) -> dict | None:
    """The entry of a shard that an interrupted run completed from the same files, or None."""
    try:
        entry = json.loads((out / "shards" / f"{name}.json").read_text())
        whole = checksum(out / entry["file"]) == entry["sha256"]
        return entry if whole and entry["source"] == known else None
    except (OSError, ValueError, KeyError, TypeError):  # none, or one that is damaged
        return None


def _finish(
    out: Path, settings: dict, shards: list[dict], splits: dict[str, list[int]], calibration: str
) -> None:
    """Write the manifest; the store is complete from here on."""
    frames = [frame for shard in shards for frame in shard["frames"]]
    counts = {
        split: {"scenes": len({frames[i]["scene"] for i in chosen}), "frames": len(chosen)}
        for split, chosen in splits.items()
    }
    manifest = {
        "settings": settings,
        "counts": counts,
        "max_points": max(shard["max_points"] for shard in shards),
        "splits": splits,
        "shards": shards,
        "calibration": calibration,
    }
    manifest["fingerprint"] = fingerprint(manifest)
    write_atomic(out / "manifest.json", json.dumps(manifest).encode())
    (out / "settings.json").unlink()
    for leftover in (out / "shards").iterdir():
        if leftover.suffix != ".safetensors":
            leftover.unlink()
