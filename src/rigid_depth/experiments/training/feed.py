"""Frames on the way to the network: held in memory, drawn by seed and step, changed by chance."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.data import add_noise, dilute, encode_depth, rasterise
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.settings import Experiment

Batch = dict[str, Tensor]
MEMORY_SHARE = 0.3
TRAINED_ON = ("rgb", "points", "sky")
"""What training needs of a stored frame; dense depth is for evaluation, but in a ceiling."""


def trained_on(experiment: Experiment) -> tuple[str, ...]:
    """What the training of an experiment needs of a stored frame."""
    dense = ("dense_depth_m",) if experiment.target == "dense" else ()
    classes = ("classes",) if experiment.guide_task == "classes" else ()
    return (*TRAINED_ON, *dense, *classes)


def generator_at(seed: int, step: int, stream: int = 0) -> torch.Generator:
    """A generator that depends on seed, step and stream alone: a resumed run draws the same."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) * 8 + stream)


def draw_indices(seed: int, step: int, batch_size: int, count: int) -> list[int]:
    """The frames of a step: every pass over the `count` frames goes through a fresh permutation.

    A batch may span two passes; nothing is dropped, so epoch e ends at step e * count / batch_size.
    """
    start = step * batch_size
    passes = range(start // count, (start + batch_size - 1) // count + 1)
    order = torch.cat([_permutation(seed, p, count) for p in passes])
    first = start - passes[0] * count
    return order[first : first + batch_size].tolist()


@lru_cache(maxsize=4)
def _permutation(seed: int, number: int, count: int) -> Tensor:
    return torch.randperm(count, generator=generator_at(seed, number, 1))


def augment(
    rgb: Float[Tensor, "b 3 h w"],
    maps: dict[str, Tensor],
    *,
    flip: float,
    jitter: float,
    generator: torch.Generator,
    rank: int = 0,
    ranks: int = 1,
) -> tuple[Float[Tensor, "b 3 h w"], dict[str, Tensor]]:
    """Mirrors frames left to right with chance `flip`, image and maps `[B, ..., W]` alike, and
    multiplies brightness, contrast and saturation by factors drawn from 1 +- `jitter`.

    The draws are made on the CPU for all `ranks` devices together, of which this one, number
    `rank`, takes its part: the same for any number of devices. Values stay in [0, 1].
    """
    draws = torch.rand(len(rgb) * ranks, 4, generator=generator)[rank::ranks].to(rgb.device)
    mirrored = draws[:, 0] < flip
    brightness, contrast, saturation = (1 + jitter * (2 * draws[:, 1:] - 1)).T.view(3, -1, 1, 1, 1)
    if flip:
        rgb = _mirror(rgb, mirrored)
        maps = {name: _mirror(values, mirrored) for name, values in maps.items()}
    if jitter:
        rgb = rgb * brightness
        rgb = torch.lerp(rgb.mean((1, 2, 3), keepdim=True), rgb, contrast)
        rgb = torch.lerp(rgb.mean(1, keepdim=True), rgb, saturation).clamp(0, 1)
    return rgb, maps


def guided(
    batch: Batch,
    experiment: Experiment,
    generator: torch.Generator,
    rank: int = 0,
    ranks: int = 1,
) -> Batch:
    """The batch with what the RGB-D branch is given of its returns (thesis 7 and 7.1).

    `guide` `[B, 1, H, W]` is their encoded depth, 0 where none is given; `given` says where one is.
    Each return is given with chance `lidar_share`; noise of `lidar_noise` is added to those that
    are, and the sum kept in [0, 1]. The draws are made as `augment` makes them.
    """
    depth_m = batch["depth_m"]
    given = depth_m > 0
    if experiment.lidar_share < 1:
        given = dilute(given, experiment.lidar_share, generator, rank, ranks)
    guide = encode_depth(depth_m, experiment.encoding, experiment.max_depth_m)
    if experiment.lidar_noise:
        guide = add_noise(guide, experiment.lidar_noise, generator, rank, ranks)
    return {**batch, "guide": torch.where(given, guide, 0.0), "given": given}


def anchor_frames(split, experiment: Experiment, seed: int, count: int = 100) -> Batch:
    """Training frames to take anchors from, 70 % by day and 30 % in harder conditions (7.7).

    Drawn by the seed; drawn again from the start where a split has too few.
    """
    generator = generator_at(seed, 0, 6)
    day = [i for i, frame in enumerate(split.frames) if frame["condition"] in ("day", "unknown")]
    groups = (day, sorted(set(range(len(split))) - set(day)))
    chosen = []
    for group, share in zip(groups, (0.7, 0.3), strict=True):
        group = group or groups[0] or groups[1]
        order = torch.randperm(len(group), generator=generator).tolist()
        number = round(share * count)
        chosen += [group[order[k % len(group)]] for k in range(number)]
    mixed = torch.randperm(count, generator=generator).tolist()
    raw = split.batch([chosen[k] for k in mixed], TRAINED_ON)
    return guided(network_batch(raw), experiment, generator)


def network_batch(raw: Batch) -> Batch:
    """Stored frames as a network takes them: rgb in [0, 1], depth_m (0 = no return), the rest."""
    rgb = raw["rgb"].float().div_(255).contiguous(memory_format=torch.channels_last)
    size = tuple(rgb.shape[-2:])
    depth_m = rasterise(raw["points"], size)
    rest = {name: values for name, values in raw.items() if name not in ("rgb", "points")}
    return {"rgb": rgb, "depth_m": depth_m, **rest}


def _mirror(values: Tensor, mirrored: Tensor) -> Tensor:
    if values.ndim == 1:  # a number for each frame, not a map
        return values
    return torch.where(mirrored.view(-1, *[1] * (values.ndim - 1)), values.flip(-1), values)


class Feed:
    """The training batches of a run on one device; batch `step` depends on (seed, step) alone.

    The split is held as tensors on the device if it takes less than `MEMORY_SHARE` of the memory
    there; otherwise the next batch is read by a thread while the present one is worked on.
    `waited_s` adds up the time `batch` took on the caller's clock.
    """

    def __init__(self, split, plan: Plan, device: torch.device, rank: int = 0, ranks: int = 1):
        self.split, self.plan = split, plan
        self.arrays = trained_on(plan.experiment)
        self.device, self.rank, self.ranks = device, rank, ranks
        self.waited_s = 0.0
        self.resident = self._hold()
        self.reader = None if self.resident else ThreadPoolExecutor(1)
        self.ahead = (-1, None)

    def indices(self, step: int) -> list[int]:
        """The frames of all devices at a step."""
        return draw_indices(self.plan.seed, step, self.plan.scale.batch_size, len(self.split))

    def batch(self, step: int) -> Batch:
        """On the device: rgb `[B,3,H,W]` in [0, 1], depth_m `[B,1,H,W]`, sky `[B,H,W]`; with two
        branches also what `guided` adds.
        """
        began = time.perf_counter()
        experiment, seed = self.plan.experiment, self.plan.seed
        batch = network_batch(self._raw(step))
        rgb, maps = augment(
            batch.pop("rgb"),
            batch,
            flip=experiment.flip,
            jitter=experiment.jitter,
            generator=generator_at(seed, step, 2),
            rank=self.rank,
            ranks=self.ranks,
        )
        batch = {"rgb": rgb, **maps}
        if experiment.method != "rgb":
            generator = generator_at(seed, step, 4)
            batch = guided(batch, experiment, generator, self.rank, self.ranks)
        self.waited_s += time.perf_counter() - began
        return batch

    def _mine(self, step: int) -> list[int]:
        """The frames of a step that this device works on: every `ranks`-th."""
        return self.indices(step)[self.rank :: self.ranks]

    def _raw(self, step: int) -> Batch:
        if self.resident:
            index = torch.tensor(self._mine(step), device=self.device)
            return {name: values[index] for name, values in self.resident.items()}
        wanted, future = self.ahead
        raw = future.result() if wanted == step else self._read(step)
        self.ahead = (step + 1, self.reader.submit(self._read, step + 1))
        return {name: values.to(self.device, non_blocking=True) for name, values in raw.items()}

    def _read(self, step: int) -> Batch:
        batch = self.split.batch(self._mine(step), self.arrays)
        cuda = self.device.type == "cuda"
        return {name: v.pin_memory() for name, v in batch.items()} if cuda else batch

    def _hold(self) -> Batch | None:
        """All frames on the device, or None if they are too many."""
        frame_bytes = sum(v.nbytes for v in self.split.batch([0], self.arrays).values())
        memory = (
            torch.cuda.mem_get_info(self.device)[0]
            if self.device.type == "cuda"
            else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        )
        if frame_bytes * len(self.split) > MEMORY_SHARE * memory:
            return None
        return load(self.split, range(len(self.split)), self.device, self.arrays)


def load(
    split, indices: Sequence[int], device: torch.device, arrays: tuple[str, ...] = TRAINED_ON
) -> Batch:
    """Frames of a split as tensors on a device, read piece by piece."""
    pieces = [
        {
            name: values.to(device)
            for name, values in split.batch(indices[i : i + 64], arrays).items()
        }
        for i in range(0, len(indices), 64)
    ]
    return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}
