"""Which frames train, validate and test: official scenes, the thesis's frames, their leakage."""

import bisect
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rigid_depth.data.frame import FrameSource
from rigid_depth.data.kitti_lists import EIGEN
from rigid_depth.errors import RigidDepthError

SPLITS = ("train", "val", "test")
FRAME_SPLIT_SEED = 0

# The 28 drives of Eigen et al. (2014), from which the 697 test images of the KITTI literature come.
KITTI_EIGEN_TEST = tuple(
    f"{date}_drive_{number}_sync"
    for date, numbers in {
        "2011_09_26": "0002 0009 0013 0020 0023 0027 0029 0036 0046 0048 0052 0056 0059 0064 0084 "
        "0086 0093 0096 0101 0106 0117",
        "2011_09_28": "0002",
        "2011_09_29": "0071",
        "2011_09_30": "0016 0018 0027",
        "2011_10_03": "0027 0047",
    }.items()
    for number in numbers.split()
)


def nuscenes_scenes(root: str | Path, version: str) -> dict[str, list[str]]:
    """Scene names of "train", "val" and "test" of a nuScenes-format version.

    The table folder's own `splits.json` decides where it exists (the synthetic world). For the
    official versions the scenes that are reported on are the official ones and are never watched in
    training: "test" is the official val (150 scenes; mini 2; `v1.0-test` the official test),
    "val" a tenth of the official train (every tenth scene from the sixth on) and "train" the rest,
    630 scenes (mini 7). Raises RigidDepthError for a version that has neither.
    """
    own = Path(root) / version / "splits.json"
    if own.is_file():
        return _read_splits(own)
    from nuscenes.utils.splits import create_splits_scenes

    official = create_splits_scenes()
    if version == "v1.0-test":
        return {"train": [], "val": [], "test": sorted(official["test"])}
    names = {"v1.0-trainval": ("train", "val"), "v1.0-mini": ("mini_train", "mini_val")}
    if version not in names:
        raise RigidDepthError(
            f"version '{version}' has no scene split; known are {', '.join(names)}, v1.0-test and "
            f"versions with their own splits.json in the table folder"
        )
    train, test = (sorted(official[name]) for name in names[version])
    held_out = train[5::10]
    return {"train": [s for s in train if s not in held_out], "val": held_out, "test": test}


def named_scenes(only: Sequence[str]) -> tuple[str, ...]:
    """Scene names, or a number in their place; the name of a file stands for the lines in it.

    Raises RigidDepthError for a file without names.
    """
    if len(only) == 1 and Path(only[0]).is_file():
        try:
            names = Path(only[0]).read_text(encoding="utf-8").split()
        except UnicodeDecodeError as error:
            raise RigidDepthError(f"{only[0]} is no text in UTF-8 ({error})") from error
        if not names:
            raise RigidDepthError(f"{only[0]} names no scene; write one name a line")
        return tuple(names)
    return tuple(only)


def choose_scenes(
    present: Sequence[str], scenes: Mapping[str, Sequence[str]], only: Sequence[str]
) -> set[str]:
    """The part of the scenes `present` that `only` asks for.

    `only` holds names, or one number: so many scenes, of val and test their share and at least
    one, of train the rest, the first by name. Raises RigidDepthError for a name that is not there
    and for a number above that of the scenes.
    """
    if len(only) == 1 and only[0].isdecimal():
        return _first_scenes(present, scenes, int(only[0]))
    if unknown := [name for name in only if name not in present]:
        raise RigidDepthError(
            f"scene '{unknown[0]}' is not there; present are {len(present)} scenes, "
            f"{present[0]} to {present[-1]}; give names, a number or a file of names"
        )
    return set(only)


def _first_scenes(
    present: Sequence[str], scenes: Mapping[str, Sequence[str]], count: int
) -> set[str]:
    parts = {split: [name for name in present if name in set(scenes[split])] for split in SPLITS}
    total = sum(map(len, parts.values()))
    if not 1 <= count <= total:
        raise RigidDepthError(f"{count} scenes are asked for; allowed are 1 to {total}")
    share = {split: len(part) * count / total for split, part in parts.items()}
    held_out = {s: max(min(1, len(parts[s])), round(share[s])) for s in ("val", "test")}
    counts = {"train": max(0, count - sum(held_out.values())), **held_out}
    return {name for split in SPLITS for name in parts[split][: counts[split]]}


def kitti_drives(
    present: Sequence[str], drives: Mapping[str, Sequence[str]] | None = None
) -> dict[str, list[str]]:
    """Drive names of "train", "val" and "test" among the `present` KITTI raw drives.

    By default the drives of Eigen's test set are "test" and all others "train"; KITTI raw has no
    official validation drives, so "val" is the same as "test": watched, never used to choose.
    `drives` names them instead, in full ("2011_09_26_drive_0005_sync") or by a unique part
    ("0005"); "eigen" stands for the drives of the default. Raises RigidDepthError for a name that
    matches no drive or several, and for a drive in both train and test.
    """
    if drives is None:
        test = [name for name in present if name in KITTI_EIGEN_TEST]
        return {"train": [n for n in present if n not in test], "val": test, "test": test}
    unknown = set(drives) - set(SPLITS)
    if unknown:
        raise RigidDepthError(f"split '{min(unknown)}' does not exist; use train, val or test")
    default = kitti_drives(present)
    chosen = {
        split: default[split]
        if tuple(drives.get(split, ())) == (EIGEN,)
        else [_match(n, present) for n in drives.get(split, ())]
        for split in SPLITS
    }
    chosen["test"] = chosen["test"] or chosen["val"]
    chosen["val"] = chosen["val"] or chosen["test"]
    shared = set(chosen["train"]) & {*chosen["val"], *chosen["test"]}
    if shared:
        raise RigidDepthError(f"drive {min(shared)} is named for training and for testing")
    return chosen


def assign(
    sources: Sequence[FrameSource],
    scenes: Mapping[str, Sequence[str]],
    split_by: str = "scene",
    seed: int = FRAME_SPLIT_SEED,
) -> dict[str, list[int]]:
    """Indices of `sources` in "train", "val" and "test".

    `split_by="scene"` follows `scenes`, which names scenes or tokens of frames.
    `split_by="frame"` is 80/10/10 of shuffled keyframes, as the counts of section 6.2 suggest,
    val and test rounded down: neighbours 0.5 s apart land on both sides, which `leakage` measures.
    Raises RigidDepthError for another `split_by`.
    """
    if split_by == "scene":
        members = {split: set(scenes[split]) for split in SPLITS}
        return {
            s: [i for i, f in enumerate(sources) if f.scene in members[s] or f.token in members[s]]
            for s in SPLITS
        }
    if split_by != "frame":
        raise RigidDepthError(f"split_by '{split_by}' does not exist; use 'scene' or 'frame'")
    groups = sorted({source.group for source in sources})
    order = np.random.default_rng(seed).permutation(len(groups))
    tenth = len(groups) // 10
    part = dict.fromkeys(groups, "train")
    part.update((groups[i], "val") for i in order[:tenth])
    part.update((groups[i], "test") for i in order[tenth : 2 * tenth])
    return {s: [i for i, f in enumerate(sources) if part[f.group] == s] for s in SPLITS}


def leakage(
    train: Sequence[Mapping], test: Sequence[Mapping], within_s: float = 0.6
) -> dict[str, float]:
    """How much of a test split has been seen in training.

    Both arguments are frame descriptions with `scene` and `timestamp_us`. Returns the share of
    test frames with a training frame of the same scene at most `within_s` seconds away (`near`)
    and the share whose scene occurs in training at all (`same_scene`). A split by scenes gives 0
    for both. Raises RigidDepthError for an empty test split.
    """
    if not test:
        raise RigidDepthError("leakage needs at least one test frame; the test split is empty")
    times = defaultdict(list)
    for frame in train:
        bisect.insort(times[frame["scene"]], frame["timestamp_us"])
    near = sum(_gap_us(times[f["scene"]], f["timestamp_us"]) <= within_s * 1e6 for f in test)
    same = sum(bool(times[f["scene"]]) for f in test)
    return {"near": near / len(test), "same_scene": same / len(test)}


def _gap_us(ordered_us: list[int], time_us: int) -> int | float:
    at = bisect.bisect(ordered_us, time_us)
    return min((abs(t - time_us) for t in ordered_us[max(at - 1, 0) : at + 1]), default=np.inf)


def _read_splits(path: Path) -> dict[str, list[str]]:
    try:
        splits = json.loads(path.read_text())
        return {split: sorted(splits[split]) for split in SPLITS}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise RigidDepthError(
            f"{path} must hold the scene names of train, val and test as JSON lists ({error!r})"
        ) from error


def _match(name: str, present: Sequence[str]) -> str:
    """The drive of that name, or number, or with that in its name."""
    number = f"_drive_{int(name):04d}_" if name.isdecimal() else name
    hits = [drive for drive in present if number in drive]
    if name in hits:
        return name
    if len(hits) != 1:
        found = "no drive" if not hits else f"{len(hits)} drives"
        raise RigidDepthError(f"'{name}' names {found}; present are {', '.join(present)}")
    return hits[0]
