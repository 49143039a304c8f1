"""One scene: its files and its rows in the nuScenes tables."""

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from rigid_depth.data.synthetic import lidar
from rigid_depth.data.synthetic.annotations import annotate
from rigid_depth.data.synthetic.effects import write_jpeg, write_truth
from rigid_depth.data.synthetic.render import render
from rigid_depth.data.synthetic.sensors import (
    CAMERAS,
    LIDAR,
    calibrations,
    pixel_directions,
    quaternion,
)
from rigid_depth.data.synthetic.settings import Settings
from rigid_depth.data.synthetic.stage import look, open_stage
from rigid_depth.data.synthetic.tables import link, token
from rigid_depth.data.synthetic.world import World, make_world

EPOCH_US = 1_700_000_000_000_000
KEYFRAME_US = 500_000
MAP_RESOLUTION_M = 0.1


def write_scene(root: Path, settings: Settings, scene: dict) -> dict[str, list[dict]]:
    """Write one scene's images, sweeps, truth and map; return its rows of the tables."""
    splits = ("train", "val", "test")
    seed = [settings.seed, 1 + splits.index(scene["split"]), scene["index"]]
    generator = np.random.default_rng(seed)
    world = make_world(scene["condition"], settings.frames_per_scene, generator)
    sensors = calibrations(settings.cameras, settings.image_size, generator)
    start_us = EPOCH_US + scene["index"] * 3_600_000_000
    stage = open_stage(world)
    shift = _map_shift(world)
    rows = _scene_rows(settings, scene, world, sensors, start_us)
    rows["map"] = [_write_map(root, scene, world, shift)]
    for frame in range(settings.frames_per_scene):
        _write_frame(
            root, settings, scene, world, stage, sensors, frame, start_us, shift, rows, seed
        )
    _link_all(rows)
    return rows


def _map_shift(world: World) -> np.ndarray:
    """What to add to world positions so that the map begins at (0, 0) with a margin."""
    return np.array([*(60.0 - world.road.min(0)), 0.0])


def _write_map(root, scene, world, shift) -> dict:
    """The drivable area as a picture, 0.1 m a pixel, and its row."""
    name = token("map", scene["name"])
    outline = world.road + shift[:2]
    size = np.ceil((outline.max(0) + 60) / MAP_RESOLUTION_M).astype(int)
    picture = np.zeros((size[1], size[0]), np.uint8)
    pixels = np.column_stack([outline[:, 0], size[1] * MAP_RESOLUTION_M - outline[:, 1]])
    cv2.fillPoly(picture, [np.round(pixels / MAP_RESOLUTION_M).astype(np.int32)], 255)
    (root / "maps").mkdir(exist_ok=True)
    cv2.imwrite(str(root / "maps" / f"{name}.png"), picture)
    return {
        "category": "semantic_prior",
        "token": name,
        "filename": f"maps/{name}.png",
        "log_tokens": [token("log", scene["name"])],
    }


def _scene_rows(settings, scene, world, sensors, start_us):
    """The rows that exist once for a scene: log, scene, sensors, instances."""
    name = scene["name"]
    day = datetime.fromtimestamp(start_us / 1e6, UTC)
    samples = [token("sample", name, k) for k in range(settings.frames_per_scene)]
    return {
        "log": [
            {
                "token": token("log", name),
                "logfile": f"synthetic-{day:%Y-%m-%d-%H-%M-%S}+0000",
                "vehicle": f"synthetic-{scene['index']:04d}",
                "date_captured": f"{day:%Y-%m-%d}",
                "location": "synthetic",
            }
        ],
        "scene": [
            {
                "token": token("scene", name),
                "log_token": token("log", name),
                "nbr_samples": settings.frames_per_scene,
                "first_sample_token": samples[0],
                "last_sample_token": samples[-1],
                "name": name,
                "description": world.description,
                "condition": scene["condition"],
            }
        ],
        "calibrated_sensor": [
            {
                "token": token("calibrated", name, channel),
                "sensor_token": token("sensor", channel),
                "translation": sensor["translation"].tolist(),
                "rotation": quaternion(sensor["rotation"]),
                "camera_intrinsic": []
                if sensor["intrinsic"] is None
                else sensor["intrinsic"].tolist(),
            }
            for channel, sensor in sensors.items()
        ],
        "sample": [],
        "sample_data": [],
        "ego_pose": [],
        "sample_annotation": [],
        "instance": [],
    }


def _write_frame(root, settings, scene, world, stage, sensors, frame, start_us, shift, rows, seed):
    """Write one keyframe: every sensor at its own time, with its own ego pose."""
    generator = np.random.default_rng([*seed, frame])
    time_us = start_us + frame * KEYFRAME_US + int(generator.integers(-3000, 3000))
    sample = token("sample", scene["name"], frame)
    scene_token = token("scene", scene["name"])
    rows["sample"].append(
        {"token": sample, "timestamp": time_us, "prev": "", "next": "", "scene_token": scene_token}
    )
    for channel, sensor in sensors.items():
        jitter = int(generator.integers(-800, 800))
        stamp_us = time_us if channel == LIDAR else time_us + CAMERAS[channel]["delay_us"] + jitter
        seconds = (stamp_us - start_us) / 1e6
        view = look(world, stage, sensor, seconds)
        stem = f"{rows['log'][0]['logfile']}__{channel}__{stamp_us}"
        if channel == LIDAR:
            groups = _write_sweep(root, stem, world, view, generator)
            rows["sample_annotation"] += annotate(scene, world, frame, seconds, shift, groups, view)
        else:
            _write_image(root, settings, stem, channel, sensor, world, view, generator)
        rows["ego_pose"].append(
            {
                "token": token("data", scene["name"], frame, channel),
                "timestamp": stamp_us,
                "rotation": quaternion(view.car_rotation),
                "translation": (view.car_position + shift).tolist(),
            }
        )
        rows["sample_data"].append(
            _data_row(settings, scene, sample, frame, channel, stamp_us, stem)
        )


def _write_sweep(root, stem, world, view, generator):
    points, groups = lidar.sweep(view, world.light.wet, generator)
    folder = root / "samples" / LIDAR
    folder.mkdir(parents=True, exist_ok=True)
    points.tofile(folder / f"{stem}.pcd.bin")
    return groups


def _write_image(root, settings, stem, channel, sensor, world, view, generator):
    directions = pixel_directions(sensor["intrinsic"], settings.image_size)
    rgb, depth_m = render(view, directions, world.light, world.lamps, generator)
    folder, truth = root / "samples" / channel, root / "truth" / channel
    folder.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    write_jpeg(folder / f"{stem}.jpg", rgb)
    write_truth(truth, stem, depth_m)


def _data_row(settings, scene, sample, frame, channel, stamp_us, stem) -> dict:
    camera = channel != LIDAR
    name = token("data", scene["name"], frame, channel)
    return {
        "token": name,
        "sample_token": sample,
        "ego_pose_token": name,
        "calibrated_sensor_token": token("calibrated", scene["name"], channel),
        "timestamp": stamp_us,
        "fileformat": "jpg" if camera else "pcd",
        "is_key_frame": True,
        "height": settings.image_size[0] if camera else 0,
        "width": settings.image_size[1] if camera else 0,
        "filename": f"samples/{channel}/{stem}" + (".jpg" if camera else ".pcd.bin"),
        "prev": "",
        "next": "",
    }


def _link_all(rows) -> None:
    """Link samples, the data of each sensor, and the annotations of each instance; make the
    instances."""
    link(rows["sample"])
    for sensor in rows["calibrated_sensor"]:
        link([r for r in rows["sample_data"] if r["calibrated_sensor_token"] == sensor["token"]])
    chains = {}
    for row in rows["sample_annotation"]:
        chains.setdefault(row["instance_token"], []).append(row)
    for name, chain in chains.items():
        link(chain)
        category = {row.pop("_category") for row in chain}.pop()
        rows["instance"].append(
            {
                "token": name,
                "category_token": token("category", category),
                "nbr_annotations": len(chain),
                "first_annotation_token": chain[0]["token"],
                "last_annotation_token": chain[-1]["token"],
            }
        )
