"""`rigid-depth show`: what a finished run was."""

from pathlib import Path
from typing import Annotated

import typer


def show(
    path: Annotated[Path, typer.Argument(metavar="RECORD", help="Folder of a run, or its record.")],
    as_config: Annotated[
        bool, typer.Option("--as-config", help="As settings for `run --config`.")
    ] = False,
) -> None:
    """Shows what a finished run was and gave, or its settings as a file that repeats it."""
    import json

    from rigid_depth.experiments import read_record
    from rigid_depth.experiments.recording.record import FILE
    from rigid_depth.experiments.runconfig import as_config as settings_of

    record = read_record(path.parent if path.name == FILE else path)
    if as_config:
        typer.echo(settings_of(record.data), nl=False)
        return
    told = ("experiment", "scale", "seed", "created", "overrides", "source", "data", "cost")
    shown = {name: record.data[name] for name in told}
    typer.echo(json.dumps({**shown, "test_rmse_m": record.rmse_m()}, indent=1))
