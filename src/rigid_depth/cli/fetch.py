"""`rigid-depth fetch-weights`: trained weights of published runs."""

from pathlib import Path
from typing import Annotated

import typer


def fetch_weights(
    run: Annotated[str, typer.Argument(help="Published run: core/mse/seed-0, or core/mse.")],
    url: Annotated[
        str,
        typer.Option(
            help="Address of the folder with the files; else $RIGID_DEPTH_WEIGHTS, else the "
            "latest release."
        ),
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Fetches the trained weights of a published run, for predict and evaluate, and checks them.

    Nothing else in this program uses the network.
    """
    from rigid_depth.book.publishing import fetchweights

    typer.echo(fetchweights.fetch_weights(run, url, out=out).parent)
