"""The options that several commands have, and what they say to an experiment and its scale."""

from __future__ import annotations

import typer

from rigid_depth.errors import RigidDepthError

SCALE = typer.Option(help="How big: smoke, cpu, core, gpu or paper; see `rigid-depth list`.")
DATASET = typer.Option(
    help="synthetic, nuscenes, kitti or kitti-eigen; without it the scale's own."
)
DATAROOT = typer.Option(help="Folder of the data set; the synthetic world is made without it.")
SCENES = typer.Option(
    help="A part of nuScenes: names of scenes separated by commas, a number, or a file of names."
)
SKIP = typer.Option(
    "--skip-missing", help="nuScenes: take the keyframes whose files are there, and say how many."
)
SKY = typer.Option(
    help="Sky masks: auto, truth, evidence, segmentation:FOLDER, a folder, or none. The guess of "
    "auto on real data takes half the time of preparing and more; only plain RGB needs no masks."
)
TRAIN_DRIVES = typer.Option(
    help="KITTI drives, by number or name, separated by commas; by default 0005 alone."
)
VAL_DRIVES = typer.Option(
    help="KITTI drives that are watched and tested on; by default 0013 alone."
)
FRAMES = typer.Option(
    metavar="LIST",
    help="KITTI frames in place of drives: a file of lines `date/drive number l|r`, or eigen.",
)
ANNOTATION = typer.Option(
    help="Folder of KITTI depth completion (train, val); its annotation replaces the sweeps."
)
SPLIT = typer.Option(
    metavar="eigen",
    help="KITTI with Eigen's test frames (697; 652 with annotation), trained on all other drives.",
)
PARAMETER = typer.Option(
    "--parameter",
    "-p",
    metavar="NAME=VALUE",
    help="Changes a field of the experiment or the scale; may be given several times.",
)
PROGRESS = typer.Option(help="Show progress bars and what it will cost.")


def scale_with(scale: str, parameter: list[str] | None):
    """The scale of that name with the given fields changed; no field of an experiment is taken."""
    from rigid_depth.experiments import EXPERIMENTS, Scale
    from rigid_depth.experiments.registry import find_scale
    from rigid_depth.experiments.settings import open_fields, override

    changes, allowed = pairs_of(parameter), sorted(open_fields(Scale))
    for name in changes:
        if name not in allowed:
            raise RigidDepthError(
                f"parameter '{name}' is no field of a scale; allowed are: {', '.join(allowed)}."
            )
    return override(EXPERIMENTS["rgb"], find_scale(scale), changes)[1]


def with_options(parameter: list[str] | None, **options: object) -> list[str]:
    """The parameters, and as such those of the options that were given."""
    return [*(parameter or []), *(f"{name}={value}" for name, value in options.items() if value)]


def with_split(dataset: str, split: str | None) -> str:
    """The data set with that split of the field."""
    if split is None:
        return dataset
    if split != "eigen":
        raise RigidDepthError(f"--split is '{split}'; allowed is eigen.")
    if not dataset.startswith("kitti"):
        raise RigidDepthError(f"`--split eigen` belongs to kitti, not to {dataset}.")
    return "kitti-eigen"


def of_nuscenes(scenes: str | None, skip_missing: bool, sky: str | None) -> dict[str, str | None]:
    """The options for a part of nuScenes, and for sky masks, by the fields they set."""
    return {"only_scenes": scenes, "skip_missing": "true" if skip_missing else None, "sky": sky}


def pairs_of(parameter: list[str] | None) -> dict[str, str]:
    """name=value strings as a dictionary."""
    pairs = {}
    for text in parameter or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise RigidDepthError(f"parameter '{text}' is not of the form NAME=VALUE.")
        pairs[name] = value
    return pairs
