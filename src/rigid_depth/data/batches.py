"""Reading a prepared store: splits, frames and fast batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from rigid_depth.data.files import DEPTH_STEP_M
from rigid_depth.data.splits import SPLITS
from rigid_depth.data.store import checksum, read_manifest
from rigid_depth.errors import RigidDepthError

FIELDS = ("rgb", "points", "sky", "dense_depth_m")


class PreparedSplit:
    """One split of a store: ``frames`` says what each frame is, ``batch`` stacks some of them.

    The shards are mapped into memory: opening is cheap, and a batch copies just what it returns.
    """

    def __init__(self, frames: list[dict], columns: dict[str, list[Tensor]], max_points: int):
        self.frames = frames
        self._columns = columns
        self._max_points = max_points

    def __len__(self) -> int:
        return len(self.frames)

    def batch(
        self, indices: Sequence[int] | Tensor, fields: Sequence[str] = FIELDS
    ) -> dict[str, Tensor]:
        """The frames at ``indices``, stacked; ``fields`` leaves out what is not needed.

        rgb uint8 [B,3,H,W]; points float32 [B,P,3] (u px, v px, depth m), padded with zeros to the
        most returns P of any frame in the store; sky bool [B,H,W] and has_sky bool [B];
        dense_depth_m float32 [B,H,W], 0 = no surface; index int64 [B]. Where the store has no sky
        or no dense depth they are all False and all 0.
        """
        index = torch.as_tensor(indices, dtype=torch.int64)
        chosen = index.tolist()
        batch = {"index": index}
        for name in fields:
            batch[name] = getattr(self, f"_{name}")(chosen)
        if "sky" in fields:
            batch["has_sky"] = torch.full(index.shape, "sky" in self._columns)
        return batch

    def _rgb(self, chosen: list[int]) -> Tensor:
        return torch.stack([self._columns["rgb"][i] for i in chosen])

    def _points(self, chosen: list[int]) -> Tensor:
        padded = torch.zeros(len(chosen), self._max_points, 3)
        for row, i in zip(padded, chosen, strict=True):
            points = self._columns["points"][i]
            row[: len(points)] = points
        return padded

    def _sky(self, chosen: list[int]) -> Tensor:
        if "sky" not in self._columns:
            return self._zeros(chosen, torch.bool)
        return torch.stack([self._columns["sky"][i] for i in chosen])

    def _dense_depth_m(self, chosen: list[int]) -> Tensor:
        if "dense_depth" not in self._columns:
            return self._zeros(chosen, torch.float32)
        bits = torch.stack([self._columns["dense_depth"][i] for i in chosen])
        return (bits.int() & 0xFFFF).float() * DEPTH_STEP_M

    def _zeros(self, chosen: list[int], dtype: torch.dtype) -> Tensor:
        return torch.zeros(len(chosen), *self._columns["rgb"][0].shape[1:], dtype=dtype)


@dataclass(frozen=True)
class Store:
    """A finished store: how it was made, the fingerprint of its content, and what it counts.

    ``counts`` is {split: {"scenes": n, "frames": n}}.
    """

    path: Path
    settings: dict
    fingerprint: str
    counts: dict
    _manifest: dict = field(repr=False)

    def split(self, name: str) -> PreparedSplit:
        """The split "train", "val" or "test"; raises RigidDepthError for another name."""
        if name not in SPLITS:
            raise RigidDepthError(f"split '{name}' does not exist; use {', '.join(SPLITS)}")
        wanted = set(self._manifest["splits"][name])
        frames: list[dict] = []
        columns: dict[str, list[Tensor]] = {}
        start = 0
        for shard in self._manifest["shards"]:
            numbers = range(start, start + len(shard["frames"]))
            start = numbers.stop
            rows = [number - numbers.start for number in numbers if number in wanted]
            if not rows:
                continue
            frames += [shard["frames"][row] for row in rows]
            for key, values in _rows(load_file(self.path / shard["file"])).items():
                columns.setdefault(key, []).extend(values[row] for row in rows)
        return PreparedSplit(frames, columns, self._manifest["max_points"])


def open_store(path: str | Path, *, verify: bool = True) -> Store:
    """Open a finished prepared store; ``verify`` checks every shard against its SHA-256.

    Raises RigidDepthError for an unfinished store and for a missing or corrupted shard.
    """
    path = Path(path)
    manifest = read_manifest(path)
    for shard in manifest["shards"]:
        file = path / shard["file"]
        found = checksum(file) if verify else file.is_file() and shard["sha256"]
        if found != shard["sha256"]:
            problem = "does not match its checksum" if found else "is missing"
            raise RigidDepthError(f"shard {file} {problem}; remove the store and prepare it anew")
    named = {key: manifest[key] for key in ("settings", "fingerprint", "counts")}
    return Store(path=path, _manifest=manifest, **named)


def _rows(shard: dict[str, Tensor]) -> dict[str, Sequence[Tensor]]:
    """A shard's tensors by frame: views, nothing is copied."""
    rows = dict(shard)
    offsets = rows.pop("offsets").tolist()
    rows["points"] = [shard["points"][a:b] for a, b in pairwise(offsets)]
    return rows
