"""`rigid-depth study`: a small experiment of chapters 3 to 5."""

from pathlib import Path
from typing import Annotated

import typer

from rigid_depth.errors import RigidDepthError


def study(
    name: Annotated[str, typer.Argument(help="Study; see `rigid-depth list`.")],
    size: Annotated[str, typer.Option(help="full or smoke.")] = "smoke",
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0",
    publish: Annotated[
        bool, typer.Option(help="Keep full-size records in book/studies; skip what is fresh.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for whole records, study-NAME.json for seed 0.")
    ] = None,
) -> None:
    """Runs a small experiment of chapters 3 to 5 and prints its numbers with their spread."""
    import json

    from rigid_depth import studies

    if publish and size != "full":
        raise RigidDepthError("only the full size of a study is published; give --size full.")
    records = []
    for seed in _seeds(seeds):
        made = studies.publish(name, seed) if publish else studies.run_study(name, size, seed)
        typer.echo(f"{name}, {size}, seed {seed}: {made.data['cost']['seconds']} s", err=True)
        records.append(made)
    for made in records if out else ():
        out.mkdir(parents=True, exist_ok=True)
        label = name if made.seed == 0 else f"{name}-{made.seed}"
        (out / f"study-{label}.json").write_text(json.dumps(made.data, indent=1) + "\n")
    typer.echo(json.dumps(studies.summarise(records), indent=1, default=str))


def _seeds(text: str) -> list[int]:
    """0,1,2 as numbers that a run may have as its seed."""
    from rigid_depth.experiments import check_run_parameters

    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        raise RigidDepthError(
            f"--seeds is '{text}'; allowed are whole numbers separated by commas, as in 0,1,2."
        ) from None
    for seed in seeds:
        check_run_parameters(seed=seed)
    if len(set(seeds)) < len(seeds):
        raise RigidDepthError(f"--seeds is '{text}'; each seed is named once.")
    return seeds
