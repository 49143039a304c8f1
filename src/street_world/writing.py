"""Writing a world: scene after scene, over processes, so that it can be interrupted."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from street_world import tables
from street_world.errors import StreetWorldError
from street_world.scene import write_scene
from street_world.sensors import LIDAR
from street_world.settings import (
    SPLITS,
    VERSION,
    Scene,
    Settings,
    as_stored,
    check_same,
    fingerprint,
    plan_scenes,
)
from street_world.workers import serve_scenes, share_out

PARTS = ".parts"
UNBEGUN = "settings.json.partial"


def write_world(
    root: str | Path,
    *,
    scenes: int | None = None,
    frames_per_scene: int = 4,
    cameras: Sequence[str] = ("CAM_FRONT",),
    seed: int = 0,
    image_size: tuple[int, int] = (900, 1600),
    split_scenes: tuple[int, int, int] | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Writes a world of streets as a nuScenes folder (version v1.0-synthetic), returns its path.

    `image_size` is (height, width) in px. `split_scenes` are the numbers of scenes in train, val
    and test, by default 70, 15 and 15 % of `scenes`, which are 12 by default or the sum of these.
    Beside the tables lie `splits.json` and, for every image, its truth in `truth/<CAM>/`:
    `<stem>.depth.png` (uint16, camera z in metres * 256, 0 = no surface, clipped at 255 m),
    `<stem>.sky.png` (255 = sky) and `<stem>.classes.png` (numbers of `classes.CLASSES`). The bytes
    depend on the settings alone, not on `workers`, the number of processes (default: one per
    core). A call that was killed is finished by the same call; a complete world is returned at
    once.

    Raises StreetWorldError for bad settings, a folder that holds something else, a world made with
    other settings (names the setting), and a process that was ended.
    """
    root = Path(root)
    if scenes is None:
        scenes = 12 if split_scenes is None else sum(split_scenes)
    settings = Settings(
        scenes=scenes,
        frames_per_scene=frames_per_scene,
        cameras=tuple(cameras),
        seed=seed,
        image_size=_pair(image_size),
        split_scenes=split_scenes and _three(split_scenes),
    )
    if workers is not None and workers < 1:
        raise StreetWorldError(
            f"workers is {workers}; it must be 1 or more, or None for all cores."
        )
    _claim(root, settings)
    if is_complete(root):
        shutil.rmtree(root / PARTS, ignore_errors=True)
        return root
    plan = plan_scenes(settings)
    todo = [scene for scene in plan if not _record(root, scene).exists()]
    bar = tqdm(
        total=scenes * frames_per_scene,
        initial=(scenes - len(todo)) * frames_per_scene,
        desc="synthetic world",
        unit="frame",
        disable=not progress,
    )
    with bar:
        for _ in _run(root, settings, todo, workers or os.cpu_count() or 1):
            bar.update(frames_per_scene)
    _finish(root, settings, plan)
    return root


def is_complete(root: Path) -> bool:
    """Whether a world has been written whole into this folder."""
    return (root / VERSION).exists()


def serve() -> None:
    """Writes scenes as a process that `write_world` has started."""
    serve_scenes(_write_whole_scene)


def _pair(image_size: Sequence[int]) -> tuple[int, int]:
    """The height and width that are given."""
    height, width = image_size
    return height, width


def _three(numbers: Sequence[int]) -> tuple[int, int, int]:
    """The numbers of scenes to train, validate and test, that may have come as a list."""
    if len(numbers) != 3:
        raise StreetWorldError(
            f"split_scenes is {list(numbers)}; it must be three numbers of 0 or more, for train, "
            "val and test."
        )
    train, val, test = numbers
    return train, val, test


def _claim(root: Path, settings: Settings) -> None:
    """Makes the folder ours, or raises if it holds anything but an equal world."""
    path = root / "settings.json"
    if path.exists():
        check_same(settings, path)
        return
    # A first write that was cut off leaves its file under this name.
    if root.exists() and (not root.is_dir() or any(p.name != UNBEGUN for p in root.iterdir())):
        raise StreetWorldError(
            f"{root} is not an empty folder and not a synthetic world: choose another."
        )
    root.mkdir(parents=True, exist_ok=True)
    tables.write_json(path, {**as_stored(settings), "fingerprint": fingerprint(settings)})


def _run(root: Path, settings: Settings, todo: list[Scene], workers: int) -> Iterator[Scene]:
    """Writes the scenes in this process or over several, yielding each when it is there."""
    (root / PARTS).mkdir(exist_ok=True)
    if workers == 1 or len(todo) < 2:
        for scene in todo:
            _write_whole_scene(root, settings, scene)
            yield scene
    else:
        yield from share_out(root, settings, todo, workers)


def _record(root: Path, scene: Scene) -> Path:
    """Where the rows of a scene lie until all scenes are there."""
    return root / PARTS / f"{scene.name}.json"


def _write_whole_scene(root: Path, settings: Settings, scene: Scene) -> None:
    """Writes one scene's files, then its rows: a scene without rows is not yet written."""
    tables.write_json(_record(root, scene), write_scene(root, settings, scene))


def _finish(root: Path, settings: Settings, plan: list[Scene]) -> None:
    """Joins the rows of all scenes into the tables; the world is complete from here on."""
    sensors = dict.fromkeys(settings.cameras, "camera") | {LIDAR: "lidar"}
    joined = tables.empty_tables() | tables.fixed_tables(sensors)
    for scene in plan:
        for name, rows in json.loads(_record(root, scene).read_text()).items():
            joined[name].extend(rows)
    splits = {split: [s.name for s in plan if s.split == split] for split in SPLITS}
    tables.write_tables(root, joined, splits)
    shutil.rmtree(root / PARTS, ignore_errors=True)
