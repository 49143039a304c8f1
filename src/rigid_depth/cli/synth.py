"""`rigid-depth synth`: the synthetic world of a scale."""

from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.cli.options import PARAMETER, PROGRESS, SCALE, scale_with


def synth(
    scale: Annotated[str, SCALE] = "smoke",
    out: Annotated[
        Path | None, typer.Option(help="Folder; by default data/synthetic/SCALE.")
    ] = None,
    parameter: Annotated[list[str] | None, PARAMETER] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Writes the synthetic world of a scale, a nuScenes v1.0 folder, once."""
    from rigid_depth.experiments.worlds import make_world

    typer.echo(make_world(scale_with(scale, parameter), out, progress=progress))
