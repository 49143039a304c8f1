"""`rigid-depth predict`: depth maps of images."""

from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.cli.options import PROGRESS


def predict(
    weights: Annotated[Path, typer.Argument(help="Folder of a run, or its weights file.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, or folders of images.")],
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("predictions"),
    png16: Annotated[
        bool, typer.Option("--png16", help="Write STEM-depth16.png, too: metres * 256, 16 bits.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Take the sub folders of folders, too.")
    ] = False,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Writes STEM-depth.png (bright = near) and STEM-depth.npy (float32, metres) for each image.

    All have the image's own size.
    """
    from rigid_depth.experiments import predict_images

    for path in predict_images(
        weights, images, out, png16=png16, recursive=recursive, progress=progress
    ):
        typer.echo(path)
