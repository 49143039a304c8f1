"""`rigid-depth list`: experiments, scales, studies and finished runs."""

from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.errors import RigidDepthError


def list_(
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Shows the experiments, the scales with what they cost, and the runs that are finished."""
    from rigid_depth.experiments import EXPERIMENTS, SCALES
    from rigid_depth.experiments.recording.record import FILE
    from rigid_depth.studies import STUDIES

    _table("experiments", [
        (e.name, f"thesis {e.section}" if e.section else "control", e.label)
        for e in EXPERIMENTS.values()
    ])  # fmt: skip
    _table("scales", [(scale.name, scale.summary) for scale in SCALES.values()])
    _table("studies", [(s.name, f"thesis {s.section}", s.label) for s in STUDIES.values()])
    paths = sorted(out.glob(f"*/*/seed-*/{FILE}"))
    _table(f"runs in {out}", [(p.parent.relative_to(out).as_posix(), *_found(p)) for p in paths])


def _table(title: str, rows: list[tuple[str, ...]]) -> None:
    """Prints rows under a title, every column as wide as its longest entry."""
    typer.echo(title)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(f"  {'  '.join(cells)}".rstrip())


def _found(path: Path) -> tuple[str, str]:
    """What a run record says of its result and its cost; of a broken one, what is wrong with it."""
    from rigid_depth.experiments import read_record

    try:
        record = read_record(path.parent)
        cost = record.data["cost"]
        return (
            f"test RMSE {record.rmse_m():.3f} m",
            f"{cost['steps']} steps, {cost['seconds']:.0f} s",
        )
    except RigidDepthError as error:
        return "broken", str(error)
    except (KeyError, TypeError, ValueError) as error:
        said = f"run record {path} is not whole ({type(error).__name__}: {error})."
        return "broken", said
