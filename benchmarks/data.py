"""Data layer against the devkit and against reading the files anew, on the smoke world.

    python -m benchmarks.data

The candidates of a row take turns in one run and are reported as the ratio of their shortest
times, so that load on the machine falls on all of them. A quarter of a minute.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from nuscenes.nuscenes import NuScenes

from rigid_depth.data import open_frames
from rigid_depth.data.nuscenes import SWEEP_VALUES, lidar_to_camera
from rigid_depth.data.projection import project_sweep
from rigid_depth.experiments import SCALES
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.worlds import make_world

ROUNDS = 5
FRAMES = 8
NATIVE_SIZE = (900, 1600)


def shortest(candidates: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Returns the shortest of several times of each candidate, in seconds."""
    best = dict.fromkeys(candidates, float("inf"))
    for _ in range(ROUNDS):
        for name, run in candidates.items():
            begin = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


def report(title: str, candidates: dict[str, Callable[[], object]]) -> None:
    """Prints times for a frame and the ratio to the first candidate."""
    best = shortest(candidates)
    ours = best[next(iter(best))]
    for name, seconds in best.items():
        print(f"{title:<24} {name:<26} {seconds / FRAMES * 1e3:8.2f} ms {seconds / ours:6.1f} x")


def main() -> None:
    """Measures the projection of a sweep, and a frame ready for a batch."""
    torch.set_num_threads(1)
    scale = SCALES["smoke"]
    world = make_world(scale)
    split = make_store(scale, "synthetic").split("train")
    devkit = NuScenes("v1.0-synthetic", str(world), verbose=False)
    samples = [s["data"] for s in devkit.sample[:FRAMES]]
    small = open_frames("synthetic", world, "train", size=scale.image_size)

    def with_devkit() -> None:
        for data in samples:
            devkit.explorer.map_pointcloud_to_image(data["LIDAR_TOP"], data["CAM_FRONT"])

    def ours() -> None:
        for data in samples:
            lidar = devkit.get("sample_data", data["LIDAR_TOP"])
            camera = devkit.get("sample_data", data["CAM_FRONT"])
            sensor = devkit.get("calibrated_sensor", camera["calibrated_sensor_token"])
            matrix = lidar_to_camera(devkit, lidar, camera)
            intrinsics = np.array(sensor["camera_intrinsic"])
            file = world / lidar["filename"]
            project_sweep(SWEEP_VALUES, matrix, intrinsics, file, "", NATIVE_SIZE)

    report("a sweep in the image", {"ours": ours, "nuscenes-devkit": with_devkit})
    report(
        "a frame for training",
        {
            "prepared store": lambda: split.batch(list(range(FRAMES))),
            "from the data set's files": lambda: [small[i] for i in range(FRAMES)],
        },
    )


if __name__ == "__main__":
    main()
