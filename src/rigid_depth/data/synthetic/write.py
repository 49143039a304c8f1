"""Writing a synthetic world: scene after scene, over processes, so that it can be interrupted."""

import json
import multiprocessing
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import cv2
from tqdm import tqdm

from rigid_depth.data.synthetic import tables
from rigid_depth.data.synthetic.scene import write_scene
from rigid_depth.data.synthetic.sensors import LIDAR
from rigid_depth.data.synthetic.settings import (
    VERSION,
    Settings,
    check_same,
    fingerprint,
    scene_plan,
)
from rigid_depth.errors import RigidDepthError

PARTS = ".parts"


def write_synthetic(
    root,
    *,
    scenes: int = 12,
    frames_per_scene: int = 4,
    cameras=("CAM_FRONT",),
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
    image_size: tuple[int, int] = (900, 1600),
) -> Path:
    """Write a world of streets as a nuScenes folder (version v1.0-synthetic) and return its path.

    Beside the tables lie ``splits.json`` (70/15/15 by scene) and, for every image, its truth:
    ``truth/<CAM>/<stem>.depth.png`` (uint16, camera z in metres * 256, 0 = no surface, clipped at
    255 m)
    and ``truth/<CAM>/<stem>.sky.png`` (255 = sky). The bytes depend on the settings alone, not on
    ``workers``. A call that was killed is finished by the same call; a complete world is returned
    at once.

    Raises RigidDepthError for bad settings, for a folder that holds something else, and for a
    world made
    with other settings (naming the setting).
    """
    root = Path(root)
    settings = Settings(scenes, frames_per_scene, tuple(cameras), seed, tuple(image_size))
    if workers is not None and workers < 1:
        raise RigidDepthError(f"workers is {workers}; it must be 1 or more, or None for all cores.")
    _claim(root, settings)
    if (root / VERSION).exists():
        shutil.rmtree(root / PARTS, ignore_errors=True)
        return root
    plan = scene_plan(settings)
    todo = [s for s in plan if not (root / PARTS / f"{s['name']}.json").exists()]
    bar = tqdm(
        total=scenes * frames_per_scene,
        initial=(scenes - len(todo)) * frames_per_scene,
        desc="synthetic world",
        unit="frame",
        disable=not progress,
    )
    with bar:
        for done in _run(root, settings, todo, workers or os.cpu_count() or 1):
            bar.update(frames_per_scene * done)
    _finish(root, settings, plan)
    return root


def _claim(root: Path, settings: Settings) -> None:
    """Make the folder ours, or raise if it holds anything but an equal world."""
    path = root / "settings.json"
    if path.exists():
        check_same(settings, path)
        return
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise RigidDepthError(
            f"{root} is not an empty folder and not a synthetic world: choose another."
        )
    root.mkdir(parents=True, exist_ok=True)
    tables.write_json(path, {**asdict(settings), "fingerprint": fingerprint(settings)})


def _run(root, settings, todo, workers):
    """Write the scenes, yielding 1 for each, in this process or over several."""
    (root / PARTS).mkdir(exist_ok=True)
    if workers == 1 or len(todo) < 2:
        for scene in todo:
            _one(root, settings, scene)
            yield 1
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(todo)), mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)
    )
    with pool:
        jobs = [pool.submit(_one, root, settings, scene) for scene in todo]
        for job in as_completed(jobs):
            job.result()
            yield 1


def _one(root, settings, scene):
    """Write one scene's files, then its records: a scene without records is not yet written."""
    records = write_scene(root, settings, scene)
    tables.write_json(root / PARTS / f"{scene['name']}.json", records)


def _finish(root: Path, settings: Settings, plan: list[dict]) -> None:
    """Join the records of all scenes into the tables; the world is complete from here on."""
    sensors = dict.fromkeys(settings.cameras, "camera") | {LIDAR: "lidar"}
    joined = {name: [] for name in tables.TABLES} | tables.fixed_tables(sensors)
    for scene in plan:
        records = json.loads((root / PARTS / f"{scene['name']}.json").read_text())
        for name, rows in records.items():
            joined[name].extend(rows)
    splits = {split: [] for split in ("train", "val", "test")}
    for scene in plan:
        splits[scene["split"]].append(scene["name"])
    tables.write_tables(root, joined, splits)
    shutil.rmtree(root / PARTS, ignore_errors=True)
