"""One scene: its files and its rows in the nuScenes tables."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from street_world import lidar
from street_world.annotations import annotate
from street_world.effects import write_jpeg, write_truth
from street_world.render import render
from street_world.sensors import (
    CAMERAS,
    LIDAR,
    Camera,
    Sensor,
    calibrations,
    pixel_directions,
    quaternion,
)
from street_world.settings import SPLITS, Scene, Settings
from street_world.stage import Stage, View, look, open_stage
from street_world.tables import Row, Rows, link, token
from street_world.world import World, make_world

EPOCH_US = 1_700_000_000_000_000
KEYFRAME_US = 500_000
MAP_RESOLUTION_M = 0.1
MAP_MARGIN_M = 60.0


@dataclass(frozen=True)
class Shooting:
    """A scene ready to be taken, frame by frame: its world and the car that drives through it."""

    root: Path
    settings: Settings
    scene: Scene
    seed: list[int]
    world: World
    stage: Stage
    sensors: dict[str, Sensor]

    @property
    def start_us(self) -> int:
        """When the scene begins, in microseconds of Unix time."""
        return EPOCH_US + self.scene.index * 3_600_000_000

    @property
    def log(self) -> str:
        """The name of the drive's log, with which all file names begin."""
        day = datetime.fromtimestamp(self.start_us / 1e6, UTC)
        return f"synthetic-{day:%Y-%m-%d-%H-%M-%S}+0000"

    @property
    def shift(self) -> np.ndarray:
        """What to add to world positions [3] so that the map begins at (0, 0) with a margin."""
        return np.array([*(MAP_MARGIN_M - self.world.road.min(0)), 0.0])


def write_scene(root: Path, settings: Settings, scene: Scene) -> Rows:
    """Writes one scene's images, sweeps, truth and map; returns its rows of the tables."""
    seed = [settings.seed, 1 + SPLITS.index(scene.split), scene.index]
    generator = np.random.default_rng(seed)
    world = make_world(scene.condition, settings.frames_per_scene, generator)
    sensors = calibrations(settings.cameras, settings.image_size, generator)
    shooting = Shooting(root, settings, scene, seed, world, open_stage(world), sensors)
    rows = _scene_rows(shooting)
    rows["map"] = [_write_map(shooting)]
    for frame in range(settings.frames_per_scene):
        _write_frame(shooting, frame, rows)
    _link_all(rows)
    return rows


def _write_map(shooting: Shooting) -> Row:
    """Writes the drivable area as a picture, 0.1 m a pixel; returns its row."""
    scene, folder = shooting.scene.name, shooting.root / "maps"
    name = token("map", scene)
    outline = shooting.world.road + shooting.shift[:2]
    size = np.ceil((outline.max(0) + MAP_MARGIN_M) / MAP_RESOLUTION_M).astype(int)
    picture = np.zeros((size[1], size[0]), np.uint8)
    pixels = np.column_stack([outline[:, 0], size[1] * MAP_RESOLUTION_M - outline[:, 1]])
    cv2.fillPoly(picture, [np.round(pixels / MAP_RESOLUTION_M).astype(np.int32)], (255,))
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png"), picture)
    return {
        "category": "semantic_prior",
        "token": name,
        "filename": f"maps/{name}.png",
        "log_tokens": [token("log", scene)],
    }


def _scene_rows(shooting: Shooting) -> Rows:
    """The rows that exist once for a scene: log, scene, sensors; and empty tables for the rest."""
    scene, frames = shooting.scene, shooting.settings.frames_per_scene
    day = datetime.fromtimestamp(shooting.start_us / 1e6, UTC)
    log = {
        "token": token("log", scene.name),
        "logfile": shooting.log,
        "vehicle": f"synthetic-{scene.index:04d}",
        "date_captured": f"{day:%Y-%m-%d}",
        "location": "synthetic",
    }
    about = {
        "token": token("scene", scene.name),
        "log_token": log["token"],
        "nbr_samples": frames,
        "first_sample_token": token("sample", scene.name, 0),
        "last_sample_token": token("sample", scene.name, frames - 1),
        "name": scene.name,
        "description": shooting.world.description,
        "condition": scene.condition,
    }
    sensors = [
        {
            "token": token("calibrated", scene.name, channel),
            "sensor_token": token("sensor", channel),
            "translation": sensor.translation.tolist(),
            "rotation": quaternion(sensor.rotation),
            "camera_intrinsic": sensor.intrinsic.tolist() if isinstance(sensor, Camera) else [],
        }
        for channel, sensor in shooting.sensors.items()
    ]
    begun = ("sample", "sample_data", "ego_pose", "sample_annotation", "instance")
    return {
        "log": [log],
        "scene": [about],
        "calibrated_sensor": sensors,
        **{name: [] for name in begun},
    }


def _write_frame(shooting: Shooting, frame: int, rows: Rows) -> None:
    """Writes one keyframe: every sensor at its own time, with its own ego pose."""
    scene = shooting.scene.name
    generator = np.random.default_rng([*shooting.seed, frame])
    time_us = shooting.start_us + frame * KEYFRAME_US + int(generator.integers(-3000, 3000))
    rows["sample"].append(
        {
            "token": token("sample", scene, frame),
            "timestamp": time_us,
            "prev": "",
            "next": "",
            "scene_token": token("scene", scene),
        }
    )
    for channel, sensor in shooting.sensors.items():
        jitter = int(generator.integers(-800, 800))
        delay = 0 if channel == LIDAR else CAMERAS[channel].delay_us + jitter
        stamp_us = time_us + delay
        seconds = (stamp_us - shooting.start_us) / 1e6
        view = look(shooting.world, shooting.stage, sensor, seconds)
        stem = f"{shooting.log}__{channel}__{stamp_us}"
        if isinstance(sensor, Camera):
            _write_image(shooting, channel, sensor, stem, view, generator)
        else:
            groups = _write_sweep(shooting, stem, view, generator)
            rows["sample_annotation"] += annotate(
                shooting.world.actors, scene, frame, groups, view, shooting.shift
            )
        rows["ego_pose"].append(
            {
                "token": token("data", scene, frame, channel),
                "timestamp": stamp_us,
                "rotation": quaternion(view.car.rotation),
                "translation": (view.car.position + shooting.shift).tolist(),
            }
        )
        rows["sample_data"].append(_data_row(shooting, frame, channel, stamp_us, stem))


def _write_sweep(shooting: Shooting, stem: str, view: View, generator: Generator) -> np.ndarray:
    """Writes one turn of the LiDAR; returns the numbers [N] of what its points hit."""
    sweep = lidar.sweep(view, shooting.world.light.wet, generator)
    folder = shooting.root / "samples" / LIDAR
    folder.mkdir(parents=True, exist_ok=True)
    sweep.points.tofile(folder / f"{stem}.pcd.bin")
    return sweep.groups


def _write_image(
    shooting: Shooting, channel: str, camera: Camera, stem: str, view: View, generator: Generator
) -> None:
    """Writes one image and its truth."""
    world, root = shooting.world, shooting.root
    directions = pixel_directions(camera, shooting.settings.image_size)
    image = render(view, directions, world.light, world.lamps, generator)
    folder, truth = root / "samples" / channel, root / "truth" / channel
    folder.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    write_jpeg(folder / f"{stem}.jpg", image.rgb)
    write_truth(truth, stem, image.depth_m, image.classes)


def _data_row(shooting: Shooting, frame: int, channel: str, stamp_us: int, stem: str) -> Row:
    """The row of one image or sweep."""
    scene, camera = shooting.scene.name, channel != LIDAR
    name = token("data", scene, frame, channel)
    height, width = shooting.settings.image_size if camera else (0, 0)
    return {
        "token": name,
        "sample_token": token("sample", scene, frame),
        "ego_pose_token": name,
        "calibrated_sensor_token": token("calibrated", scene, channel),
        "timestamp": stamp_us,
        "fileformat": "jpg" if camera else "pcd",
        "is_key_frame": True,
        "height": height,
        "width": width,
        "filename": f"samples/{channel}/{stem}" + (".jpg" if camera else ".pcd.bin"),
        "prev": "",
        "next": "",
    }


def _link_all(rows: Rows) -> None:
    """Links samples, each sensor's data and each instance's annotations; makes the instances."""
    link(rows["sample"])
    for sensor in rows["calibrated_sensor"]:
        link([r for r in rows["sample_data"] if r["calibrated_sensor_token"] == sensor["token"]])
    chains: dict[str, list[Row]] = {}
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
