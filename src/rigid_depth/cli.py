"""The command line: rigid-depth synth | prepare | run | study | evaluate | predict | list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from rigid_depth.errors import RigidDepthError


class Group(TyperGroup):
    """All commands: an error meant for the user becomes one line on stderr and status 2."""

    def invoke(self, ctx) -> object:
        """Runs the command that was named."""
        try:
            return super().invoke(ctx)
        except RigidDepthError as error:
            typer.echo(f"rigid-depth: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Monocular depth by domain transfer with rigid transformations: data, runs, predictions.",
)

SCALE = typer.Option(help="How big: smoke, cpu, gpu or paper; see `rigid-depth list`.")
DATASET = typer.Option(help="synthetic, nuscenes or kitti; without it the scale's own.")
DATAROOT = typer.Option(help="Folder of the data set; the synthetic world is made without it.")
DRIVES = typer.Option(help="KITTI drives, by number or name, separated by commas.")
PARAMETER = typer.Option(
    "--parameter",
    "-p",
    metavar="NAME=VALUE",
    help="Changes a field of the experiment or the scale; may be given several times.",
)
PROGRESS = typer.Option(help="Show progress bars and what it will cost.")


@app.command()
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

    typer.echo(make_world(_resized(scale, parameter), out, progress=progress))


@app.command()
def prepare(
    scale: Annotated[str, SCALE] = "smoke",
    dataset: Annotated[str | None, DATASET] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    train_drives: Annotated[str | None, DRIVES] = None,
    val_drives: Annotated[str | None, DRIVES] = None,
    parameter: Annotated[list[str] | None, PARAMETER] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Writes the prepared store a run of this scale reads, once."""
    from rigid_depth.experiments.stores import make_store

    size = _resized(scale, _with_drives(parameter, train_drives, val_drives))
    store = make_store(size, dataset or size.dataset, dataroot, progress=progress)
    for split, counts in store.counts.items():
        typer.echo(f"{split:5} {counts['frames']} frames of {counts['scenes']} scenes")
    typer.echo(store.path)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Experiment; see `rigid-depth list`.")],
    scale: Annotated[str, SCALE] = "smoke",
    seed: Annotated[int, typer.Option(help="Of weights, order of frames and augmentation.")] = 0,
    dataset: Annotated[str | None, DATASET] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    init_from: Annotated[
        Path | None, typer.Option(help="Weights, or the folder of a run, to start from.")
    ] = None,
    train_drives: Annotated[str | None, DRIVES] = None,
    val_drives: Annotated[str | None, DRIVES] = None,
    devices: Annotated[int, typer.Option(help="GPUs (or CPU processes) per machine.")] = 1,
    num_nodes: Annotated[int, typer.Option(help="Machines.")] = 1,
    precision: Annotated[
        str | None, typer.Option(help="32-true, bf16-mixed or 16-mixed; by default the scale's.")
    ] = None,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves it to PyTorch.")] = 0,
    parameter: Annotated[list[str] | None, PARAMETER] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Trains and evaluates an experiment; a finished run is left alone, a killed one goes on.

    Writes record.json (metrics in metres), small pictures and weights.safetensors to
    OUT/SCALE/NAME/seed-SEED, or OUT/SCALE-DATASET/... for a data set that is not the scale's own.
    """
    import torch

    from rigid_depth import experiments

    if threads < 0:
        raise RigidDepthError(f"--threads is {threads}; allowed are 0 and more.")
    if threads:
        torch.set_num_threads(threads)
    overrides = _pairs(_with_drives(parameter, train_drives, val_drives))
    if precision:
        overrides["precision"] = precision
    record = experiments.run(
        name, scale=scale, seed=seed, dataset=dataset, dataroot=dataroot, out=out,
        init_from=init_from, devices=devices, num_nodes=num_nodes, progress=progress, **overrides,
    )  # fmt: skip
    typer.echo(record.folder)


@app.command()
def study(
    name: Annotated[str, typer.Argument(help="Study; see `rigid-depth list`.")],
    size: Annotated[str, typer.Option(help="full or smoke.")] = "smoke",
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0",
    publish: Annotated[
        bool, typer.Option(help="Keep full-size records in book/studies; skip what is fresh.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option(help="Run one published seed again: are the numbers still the same?")
    ] = False,
) -> None:
    """Runs a small experiment of chapters 3 to 5 and prints its numbers with their spread."""
    import json

    from rigid_depth.experiments import studies

    if confirm:
        if publish or size != "smoke" or seeds != "0":
            raise RigidDepthError("--confirm goes alone: it runs a published seed, full size.")
        if not studies.confirm(name):
            raise RigidDepthError(
                f"today's code gives other numbers for '{name}'; publish it anew."
            )
        typer.echo(f"{name}: confirmed")
        return
    if publish and size != "full":
        raise RigidDepthError("only the full size of a study is published; give --size full.")
    records = []
    for seed in _seeds(seeds):
        made = studies.publish(name, seed) if publish else studies.run_study(name, size, seed)
        typer.echo(f"{name}, {size}, seed {seed}: {made.data['cost']['seconds']} s", err=True)
        records.append(made)
    typer.echo(json.dumps(studies.summarise(records), indent=1, default=str))


@app.command()
def evaluate(
    weights: Annotated[Path, typer.Argument(help="Folder of a run, or its weights file.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    experiment: Annotated[
        str | None, typer.Option(help="Refuse weights of any other experiment.")
    ] = None,
    dataset: Annotated[str | None, DATASET] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    train_drives: Annotated[str | None, DRIVES] = None,
    val_drives: Annotated[str | None, DRIVES] = None,
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Measures trained weights on a split and prints the metrics as JSON (depths in metres)."""
    import json

    from rigid_depth.experiments.measuring import evaluate_weights

    metrics = evaluate_weights(
        weights, split, experiment=experiment, dataset=dataset, dataroot=dataroot,
        overrides=_pairs(_with_drives(None, train_drives, val_drives)), progress=progress,
    )  # fmt: skip
    typer.echo(json.dumps(metrics, indent=1))


@app.command()
def predict(
    weights: Annotated[Path, typer.Argument(help="Folder of a run, or its weights file.")],
    images: Annotated[Path, typer.Argument(help="An image file, or a folder of images.")],
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("predictions"),
    progress: Annotated[bool, PROGRESS] = True,
) -> None:
    """Writes STEM-depth.png (bright = near) and STEM-depth.npy (float32, metres) for each image.

    Both have the image's own size.
    """
    from rigid_depth.experiments import predict_images

    for path in predict_images(weights, images, out, progress=progress):
        typer.echo(path)


@app.command(name="list")
def list_(
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Shows the experiments, the scales with what they cost, and the runs that are finished."""
    from rigid_depth.experiments import EXPERIMENTS, SCALES, read_record
    from rigid_depth.experiments.studies import STUDIES

    typer.echo("experiments")
    for experiment in EXPERIMENTS.values():
        where = f"thesis {experiment.section}" if experiment.section else "control"
        typer.echo(f"  {experiment.name:18} {where:12} {experiment.label}")
    typer.echo("scales")
    for scale in SCALES.values():
        typer.echo(f"  {scale.name:18} {scale.summary}")
    typer.echo("studies")
    for study in STUDIES.values():
        typer.echo(f"  {study.name:30} thesis {study.section:5} {study.label}")
    typer.echo(f"runs in {out}")
    for path in sorted(out.glob("*/*/seed-*/record.json")):
        record = read_record(path.parent)
        cost = record.data["cost"]
        place = path.parent.relative_to(out).as_posix()
        rmse = f"test RMSE {record.rmse_m():.3f} m"
        typer.echo(f"  {place:44} {rmse}  {cost['steps']} steps, {cost['seconds']:.0f} s")


def _resized(scale: str, parameter: list[str] | None):
    """The scale of that name with the given fields changed."""
    from rigid_depth.experiments import EXPERIMENTS
    from rigid_depth.experiments.registry import find_scale
    from rigid_depth.experiments.settings import override

    return override(EXPERIMENTS["rgb"], find_scale(scale), _pairs(parameter))[1]


def _with_drives(
    parameter: list[str] | None, train_drives: str | None, val_drives: str | None
) -> list[str]:
    drives = {"train_drives": train_drives, "val_drives": val_drives}
    return [*(parameter or []), *(f"{name}={value}" for name, value in drives.items() if value)]


def _seeds(text: str) -> list[int]:
    """0,1,2 as numbers."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise RigidDepthError(
            f"--seeds is '{text}'; allowed are whole numbers separated by commas, as in 0,1,2."
        ) from None


def _pairs(parameter: list[str] | None) -> dict[str, str]:
    """name=value strings as a dictionary."""
    pairs = {}
    for text in parameter or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise RigidDepthError(f"parameter '{text}' is not of the form NAME=VALUE.")
        pairs[name] = value
    return pairs
