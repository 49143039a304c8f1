"""`rigid-depth run`: one run from its name to its record."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.cli.options import (
    ANNOTATION,
    DATAROOT,
    DATASET,
    FRAMES,
    PARAMETER,
    PROGRESS,
    SCALE,
    SCENES,
    SKIP,
    SKY,
    SPLIT,
    TRAIN_DRIVES,
    VAL_DRIVES,
    of_nuscenes,
    pairs_of,
    with_options,
    with_split,
)
from rigid_depth.errors import RigidDepthError


def run(
    name: Annotated[str | None, typer.Argument(help="Experiment; see `rigid-depth list`.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings from a file, as `show --as-config` writes; options win."),
    ] = None,
    scale: Annotated[str | None, SCALE] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, order of frames and augmentation; else 0.")
    ] = None,
    dataset: Annotated[str | None, DATASET] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    init_from: Annotated[
        Path | None, typer.Option(help="Weights, or the folder of a run, to start from.")
    ] = None,
    train_drives: Annotated[str | None, TRAIN_DRIVES] = None,
    val_drives: Annotated[str | None, VAL_DRIVES] = None,
    train_files: Annotated[Path | None, FRAMES] = None,
    val_files: Annotated[Path | None, FRAMES] = None,
    test_files: Annotated[Path | None, FRAMES] = None,
    annotation_root: Annotated[Path | None, ANNOTATION] = None,
    split: Annotated[str | None, SPLIT] = None,
    scenes: Annotated[str | None, SCENES] = None,
    skip_missing: Annotated[bool, SKIP] = False,
    sky: Annotated[str | None, SKY] = None,
    devices: Annotated[int, typer.Option(help="GPUs (or CPU processes) per machine.")] = 1,
    num_nodes: Annotated[int, typer.Option(help="Machines.")] = 1,
    precision: Annotated[
        str | None, typer.Option(help="32-true, bf16-mixed or 16-mixed; by default the scale's.")
    ] = None,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves it to PyTorch.")] = 0,
    logger: Annotated[
        str | None, typer.Option(help="Writes the curves as they grow: csv, tensorboard or wandb.")
    ] = None,
    parameter: Annotated[list[str] | None, PARAMETER] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Trains and evaluates an experiment; a finished run is left alone, a killed one goes on.

    Writes record.json (metrics in metres), small pictures and weights.safetensors to
    OUT/SCALE/NAME/seed-SEED, or OUT/SCALE-DATASET/... for a data set that is not the scale's own.
    """
    import torch

    from rigid_depth import experiments
    from rigid_depth.experiments.runconfig import read_config

    chosen = read_config(config) if config else {}
    name = name or chosen.get("experiment")
    if name is None:
        raise RigidDepthError("run takes the name of an experiment, or --config.")
    scale = scale or chosen.get("scale") or "smoke"
    seed = chosen.get("seed", 0) if seed is None else seed
    dataset = dataset or chosen.get("dataset")
    if threads < 0:
        raise RigidDepthError(f"--threads is {threads}; allowed are 0 and more.")
    if threads:
        torch.set_num_threads(threads)
    typed = with_options(
        parameter, train_drives=train_drives, val_drives=val_drives, train_files=train_files,
        val_files=val_files, test_files=test_files, annotation_root=annotation_root,
        **of_nuscenes(scenes, skip_missing, sky),
    )  # fmt: skip
    given = pairs_of(typed)
    former = chosen.get("parameters", {})
    if {"steps", "epochs"} & given.keys():  # one or the other says how long
        former = {name: value for name, value in former.items() if name not in ("steps", "epochs")}
    overrides = {**former, **given}
    _refuse_options(overrides)
    if split:
        dataset = with_split(dataset or experiments.SCALES[scale].dataset, split)
    if precision:
        overrides["precision"] = precision
    record = experiments.run(
        name, scale=scale, seed=seed, dataset=dataset, dataroot=dataroot, out=out,
        init_from=init_from, devices=devices, num_nodes=num_nodes, logger=logger,
        progress=progress, **overrides,
    )  # fmt: skip
    typer.echo(record.folder)


def _refuse_options(names: Iterable[str]) -> None:
    """Raises for a parameter that is no field of an experiment or a scale but has an option."""
    from rigid_depth.experiments import Experiment, Scale
    from rigid_depth.experiments.settings import open_fields

    for name in sorted({*names} - {*open_fields(Experiment), *open_fields(Scale)}):
        if name in inspect.signature(run).parameters:
            option = "the argument NAME" if name == "name" else f"--{name.replace('_', '-')}"
            raise RigidDepthError(
                f"parameter '{name}' is no field of an experiment or a scale; give it as {option}."
            )
