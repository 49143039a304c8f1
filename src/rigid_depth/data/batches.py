"""Reading a prepared store: splits, frames and fast batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from rigid_depth.data.files import DEPTH_STEP_M
from rigid_depth.data.manifest import checksum, read_manifest
from rigid_depth.data.splits import SPLITS
from rigid_depth.errors import RigidDepthError

FIELDS = ("rgb", "points", "sky", "dense_depth_m")


class Shard:
    """A file of frames, mapped into memory and checked against its SHA-256 when first read."""

    def __init__(self, path: Path, sha256: str, count: int, *, verify: bool = True):
        self.path, self.sha256, self.count, self.verify = path, sha256, count, verify

    @cached_property
    def rows(self) -> dict[str, Sequence[Tensor]]:
        """The tensors by frame: views, nothing is copied.

        Raises RigidDepthError for a shard that is missing, changed or of another length.
        """
        if self.verify:
            _verify(self.path, self.sha256)
        tensors = load_file(self.path)
        if len(tensors["rgb"]) != self.count:
            raise RigidDepthError(
                f"shard {self.path} holds {len(tensors['rgb'])} frames, its manifest says "
                f"{self.count}; prepare the store anew"
            )
        return _rows(tensors)


class PreparedSplit:
    """One split of a store: `frames` says what each frame is, `batch` stacks some of them.

    `places` says in which shard, and where in it, each frame lies. A shard is opened when the
    first of its frames is read, and a batch copies just what it returns.
    """

    def __init__(
        self,
        frames: list[dict],
        places: list[tuple[Shard, int]],
        max_points: int,
        size: Sequence[int],
    ):
        self.frames = frames
        self._places = places
        self._max_points = max_points
        self._size = size

    def __len__(self) -> int:
        return len(self.frames)

    def batch(
        self, indices: Sequence[int] | Tensor, fields: Sequence[str] = FIELDS
    ) -> dict[str, Tensor]:
        """The frames at `indices`, stacked; `fields` leaves out what is not needed.

        rgb uint8 [B,3,H,W]; points float32 [B,P,3] (u px, v px, depth m), padded with zeros to the
        most returns P of any frame in the store; sky bool [B,H,W] and has_sky bool [B];
        dense_depth_m float32 [B,H,W], 0 = no surface; index int64 [B]. Where the store has no sky
        or no dense depth they are all False and all 0. A field more, "classes" uint8 [B,H,W], is in
        stores that were prepared with class maps. Raises RigidDepthError for a shard that is
        missing or corrupted, and for class maps that the store has not.
        """
        index = torch.as_tensor(indices, dtype=torch.int64)
        chosen = index.tolist()
        batch = {"index": index}
        for name in fields:
            batch[name] = getattr(self, f"_{name}")(chosen)
        if "sky" in fields:
            has_sky = [self._row("sky", i) is not None for i in chosen]
            batch["has_sky"] = torch.tensor(has_sky, dtype=torch.bool)
        return batch

    def _row(self, name: str, i: int) -> Tensor | None:
        """The tensor of a frame, None where its shard has none of that name."""
        shard, row = self._places[i]
        rows = shard.rows.get(name)
        return None if rows is None else rows[row]

    def _stack(self, name: str, chosen: list[int], dtype: torch.dtype) -> Tensor:
        """The tensors of some frames [B,H,W], zeros where there is none."""
        stacked = torch.zeros(len(chosen), *self._size, dtype=dtype)
        for place, i in zip(stacked, chosen, strict=True):
            row = self._row(name, i)
            if row is not None:
                place.copy_(row)
        return stacked

    def _rgb(self, chosen: list[int]) -> Tensor:
        return torch.stack([self._row("rgb", i) for i in chosen])

    def _points(self, chosen: list[int]) -> Tensor:
        padded = torch.zeros(len(chosen), self._max_points, 3)
        for row, i in zip(padded, chosen, strict=True):
            points = self._row("points", i)
            row[: len(points)] = points
        return padded

    def _sky(self, chosen: list[int]) -> Tensor:
        return self._stack("sky", chosen, torch.bool)

    def _classes(self, chosen: list[int]) -> Tensor:
        rows = [row for i in chosen if (row := self._row("classes", i)) is not None]
        if len(rows) < len(chosen):
            raise RigidDepthError(
                "this store has no class maps; prepare it with classes=True, from a synthetic world"
            )
        return torch.stack(rows)

    def _dense_depth_m(self, chosen: list[int]) -> Tensor:
        bits = self._stack("dense_depth", chosen, torch.int16)
        return (bits.int() & 0xFFFF).float() * DEPTH_STEP_M


@dataclass(frozen=True)
class Store:
    """A finished store: how it was made, the fingerprint of its content, and what it counts.

    `counts` is {split: {"scenes": n, "frames": n}}.
    """

    path: Path
    settings: dict
    fingerprint: str
    counts: dict
    _manifest: dict = field(repr=False)
    _verify: bool = field(default=True, repr=False)

    def split(self, name: str) -> PreparedSplit:
        """The split "train", "val" or "test"; raises RigidDepthError for another name.

        No shard is opened before a frame of it is read.
        """
        if name not in SPLITS:
            raise RigidDepthError(f"split '{name}' does not exist; use {', '.join(SPLITS)}")
        wanted = set(self._manifest["splits"][name])
        frames: list[dict] = []
        places: list[tuple[Shard, int]] = []
        start = 0
        for entry in self._manifest["shards"]:
            count = len(entry["frames"])
            rows = [row for row in range(count) if start + row in wanted]
            start += count
            path = self.path / entry["file"]
            shard = Shard(path, entry["sha256"], count, verify=self._verify)
            frames += [entry["frames"][row] for row in rows]
            places += [(shard, row) for row in rows]
        most = self._manifest["max_points"]
        return PreparedSplit(frames, places, most, self.settings["size"])


def open_store(path: str | Path, *, verify: bool = True) -> Store:
    """Open a finished prepared store; its manifest is read, and no shard.

    With `verify` every shard is checked against its SHA-256 when the first of its frames is read,
    once in a process. Raises RigidDepthError for an unfinished store and for a missing shard.
    """
    path = Path(path)
    manifest = read_manifest(path)
    present = {file.name for file in (path / "shards").glob("*")}
    for shard in manifest["shards"]:
        if Path(shard["file"]).name not in present:
            raise RigidDepthError(_broken(path / shard["file"], "is missing"))
    named = {key: manifest[key] for key in ("settings", "fingerprint", "counts")}
    return Store(path=path, _manifest=manifest, _verify=verify, **named)


def _verify(path: Path, sha256: str) -> None:
    """Raises for a shard that is not what its manifest says; looks at each once in a process."""
    if not path.is_file():
        raise RigidDepthError(_broken(path, "is missing"))
    status = path.stat()
    _verify_once(path, sha256, status.st_mtime_ns, status.st_size)


@cache
def _verify_once(path: Path, sha256: str, mtime_ns: int, size: int) -> None:
    if checksum(path) != sha256:
        raise RigidDepthError(_broken(path, "does not match its checksum"))


def _broken(path: Path, problem: str) -> str:
    return f"shard {path} {problem}; remove the store and prepare it anew"


def _rows(shard: dict[str, Tensor]) -> dict[str, Sequence[Tensor]]:
    """A shard's tensors by frame: views, nothing is copied."""
    rows = dict(shard)
    offsets = rows.pop("offsets").tolist()
    rows["points"] = [shard["points"][a:b] for a, b in pairwise(offsets)]
    return rows
