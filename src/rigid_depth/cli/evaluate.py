"""`rigid-depth evaluate`: metrics of trained weights on a split."""

from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.cli.options import (
    ANNOTATION,
    DATAROOT,
    FRAMES,
    PROGRESS,
    SCENES,
    SKIP,
    SKY,
    TRAIN_DRIVES,
    VAL_DRIVES,
    of_nuscenes,
    pairs_of,
    with_options,
)


def evaluate(
    weights: Annotated[Path, typer.Argument(help="Folder of a run, or its weights file.")],
    split: Annotated[
        str, typer.Option(help="train, val or test; of KITTI also eigen, its test frames alone.")
    ] = "test",
    experiment: Annotated[
        str | None, typer.Option(help="Refuse weights of any other experiment.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="synthetic, nuscenes, kitti or kitti-eigen; without it that of the training."
        ),
    ] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="Measure as another project does, at the images' own size: monodepth2, BTS, "
            "AdaBins, Eigen, 'KITTI benchmark' and others (an unknown name lists them); by "
            "default this book's metrics at the size of the network's images."
        ),
    ] = None,
    drives: Annotated[
        str | None, typer.Option(help="KITTI drives that are measured alone, by number or name.")
    ] = None,
    files: Annotated[Path | None, FRAMES] = None,
    train_drives: Annotated[str | None, TRAIN_DRIVES] = None,
    val_drives: Annotated[str | None, VAL_DRIVES] = None,
    annotation_root: Annotated[Path | None, ANNOTATION] = None,
    scenes: Annotated[str | None, SCENES] = None,
    skip_missing: Annotated[bool, SKIP] = False,
    sky: Annotated[str | None, SKY] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Measures trained weights on a split and prints the metrics as JSON (depths in metres)."""
    import json

    from rigid_depth.experiments.evaluate import evaluate_weights

    chosen = with_options(
        None, train_drives=train_drives, val_drives=val_drives, annotation_root=annotation_root,
        **of_nuscenes(scenes, skip_missing, sky),
    )  # fmt: skip
    metrics = evaluate_weights(
        weights, split, experiment=experiment, dataset=dataset, dataroot=dataroot,
        protocol=protocol, drives=tuple(drives.split(",")) if drives else (), files=files or "",
        overrides=pairs_of(chosen), progress=progress,
    )  # fmt: skip
    typer.echo(json.dumps(metrics, indent=1))
