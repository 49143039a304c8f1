"""`rigid-depth prepare`: the prepared store of a data set."""

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
    scale_with,
    with_options,
    with_split,
)


def prepare(
    scale: Annotated[str, SCALE] = "smoke",
    dataset: Annotated[str | None, DATASET] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
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
    parameter: Annotated[list[str] | None, PARAMETER] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Writes the prepared store a run of this scale reads, once.

    A finished store is compared with all frames of the data set; a run trusts a quick look.
    """
    from rigid_depth.experiments.stores import check_known, make_store

    chosen = with_options(
        parameter, train_drives=train_drives, val_drives=val_drives, train_files=train_files,
        val_files=val_files, test_files=test_files, annotation_root=annotation_root,
        **of_nuscenes(scenes, skip_missing, sky),
    )  # fmt: skip
    size = scale_with(scale, chosen)
    named = with_split(dataset or size.dataset, split)
    check_known(pairs_of(chosen), named)
    store = make_store(size, named, dataroot, progress=progress, check=True)
    for part, counts in store.counts.items():
        typer.echo(f"{part:5} {counts['frames']} frames of {counts['scenes']} scenes")
    typer.echo(store.path)
