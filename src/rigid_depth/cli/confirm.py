"""`rigid-depth confirm`: whether published records still hold."""

from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.cli.options import DATAROOT, PROGRESS
from rigid_depth.errors import RigidDepthError


def confirm(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Published runs (core/rgb or core/rgb/seed-0) or studies, by name."),
    ] = None,
    smoke_equal: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="BEFORE AFTER",
            help="Two folders of smoke runs, made before and after the code was rearranged.",
        ),
    ] = None,
    allowed: Annotated[
        float | None,
        typer.Option(
            help="By how much their numbers may differ, in the larger of them and 1; by default "
            "not at all."
        ),
    ] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    init_from: Annotated[
        Path | None, typer.Option(help="Weights that the runs started from, where they did.")
    ] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Tells whether published records still hold although the code has changed, and notes it.

    Runs one published seed of each row again. On the processor and with the libraries of the
    record every number must be the same; elsewhere the headline RMSE of a run may differ by 0.15 m,
    a number of a study by two of its standard deviations over seeds. Or, for all rows at once,
    compares smoke runs made before and after, every number bit for bit unless more is allowed.
    """
    from rigid_depth.book.publishing import confirm as confirming
    from rigid_depth.book.publishing.rearranged import confirm_equal

    if bool(names) == bool(smoke_equal):
        raise RigidDepthError("confirm takes either names of runs and studies or --smoke-equal.")
    for_runs = {"dataroot": dataroot, "init_from": init_from}
    if names:
        _refuse({"allowed": allowed}, "to --smoke-equal, not to names")
    else:
        _refuse(for_runs, "to names of runs, not to --smoke-equal")
    for name in names or ():
        typer.echo(confirming.confirm(name, **for_runs, progress=progress))
    for line in confirm_equal(*smoke_equal, allowed=allowed or 0.0) if smoke_equal else ():
        typer.echo(line)


def _refuse(options: dict[str, object], belong: str) -> None:
    """Raises for an option that was given and would be left unread."""
    for name, value in options.items():
        if value is not None:
            raise RigidDepthError(f"--{name.replace('_', '-')} belongs {belong}.")
