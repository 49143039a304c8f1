"""Reading a prepared store: splits, frames and fast batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from rigid_depth.data.frame import TRUTH_DEPTH_STEP_M
from rigid_depth.data.splits import SPLITS
from rigid_depth.data.store import checksum, read_manifest
from rigid_depth.errors import RigidDepthError

FIELDS = ("rgb", "points", "sky", "dense_depth_m")


class PreparedSplit:
    """One split of a store. The shards are mapped into memory, a batch copies only what it needs."""

    def __init__(self, manifest: dict, shards: list[dict[str, Tensor]], indices: list[int]):
        described = [frame for shard in manifest["shards"] for frame in shard["frames"]]
        places = [(s, i) for s, shard in enumerate(shards) for i in range(len(shard["rgb"]))]
        self.frames = [described[i] for i in indices]
        self._places = [places[i] for i in indices]
        self._shards = shards
        self._max_points = manifest["max_points"]

    def __len__(self) -> int:
        return len(self.frames)

    def batch(
        self, indices: Sequence[int] | Tensor, fields: Sequence[str] = FIELDS
    ) -> dict[str, Tensor]:
        """The frames at ``indices`` stacked: what the store lacks is 0, False and ``has_sky``
        False.

        rgb uint8 [B,3,H,W]; points float32 [B,P,3] (u px, v px, depth m), padded with zeros to the
        P of the whole store; sky bool [B,H,W] and has_sky bool [B]; dense_depth_m float32 [B,H,W],
        0 = no surface; index int64 [B]. ``fields`` leaves out what is not needed.
        """
        index = torch.as_tensor(indices, dtype=torch.int64)
        places = [self._places[i] for i in index.tolist()]
        readers = {"rgb": self._rgb, "points": self._points, "sky": self._sky}
        readers["dense_depth_m"] = self._dense_depth_m
        batch = {"index": index}
        for field in fields:
            batch[field] = readers[field](places)
        if "sky" in fields:
            batch["has_sky"] = torch.tensor(["sky" in self._shards[s] for s, _ in places])
        return batch

    def _rgb(self, places) -> Tensor:
        return torch.stack([self._shards[s]["rgb"][i] for s, i in places])

    def _points(self, places) -> Tensor:
        padded = torch.zeros(len(places), self._max_points, 3)
        for row, (s, i) in zip(padded, places, strict=True):
            start, end = self._shards[s]["offsets"][i : i + 2].tolist()
            row[: end - start] = self._shards[s]["points"][start:end]
        return padded

    def _sky(self, places) -> Tensor:
        return torch.stack([self._shards[s].get("sky", self._blank(bool))[i] for s, i in places])

    def _dense_depth_m(self, places) -> Tensor:
        blank = self._blank(torch.int16)
        bits = [self._shards[s].get("dense_depth", blank)[i] for s, i in places]
        return (torch.stack(bits).int() & 0xFFFF).float() * TRUTH_DEPTH_STEP_M

    def _blank(self, dtype) -> Tensor:
        shape = self._shards[0]["rgb"].shape[2:]
        return torch.zeros((), dtype=dtype).expand(10**9, *shape)


@dataclass(frozen=True)
class Store:
    """A finished prepared store: how it was made (``settings``), its ``fingerprint`` and its
    ``counts``.
    """

    path: Path
    settings: dict
    fingerprint: str
    counts: dict
    manifest: dict

    def split(self, name: str) -> PreparedSplit:
        """The split "train", "val" or "test"; raises RigidDepthError for another name."""
        if name not in SPLITS:
            raise RigidDepthError(f"split '{name}' does not exist; use {', '.join(SPLITS)}")
        shards = [load_file(self.path / shard["file"]) for shard in self.manifest["shards"]]
        return PreparedSplit(self.manifest, shards, self.manifest["splits"][name])


def open_store(path: str | Path, *, verify: bool = True) -> Store:
    """Open a finished prepared store; with ``verify`` every shard is checked against its SHA-256.

    Raises RigidDepthError for an unfinished store and for a missing or corrupted shard.
    """
    path = Path(path)
    manifest = read_manifest(path)
    for shard in manifest["shards"] if verify else ():
        found = checksum(path / shard["file"])
        if found != shard["sha256"]:
            problem = "is missing" if found is None else "does not match its checksum"
            raise RigidDepthError(
                f"shard {path / shard['file']} {problem}; remove the store and prepare it anew"
            )
    keys = ("settings", "fingerprint", "counts")
    return Store(path=path, manifest=manifest, **{key: manifest[key] for key in keys})
