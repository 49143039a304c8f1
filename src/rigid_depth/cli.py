"""The command line: synth, prepare, run, show, study, confirm, evaluate, predict and list."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from rigid_depth.errors import RigidDepthError


class Group(TyperGroup):
    """All commands: an error meant for the user becomes one line on stderr and status 2.

    So does what the system refuses: a full disk, a folder that is read-only, no permission.
    """

    def invoke(self, ctx) -> object:
        """Runs the command that was named."""
        try:
            return super().invoke(ctx)
        except RigidDepthError as error:
            said = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads the output has left
                raise
            said = _refused(error)
        typer.echo(f"rigid-depth: {said}", err=True)
        raise typer.Exit(2)


def _refused(error: OSError) -> str:
    """What the system refused, in one line: the file where it is known, and the reason."""
    reason = error.strerror or str(error).partition("\n")[0] or type(error).__name__
    files = [str(file) for file in (error.filename, error.filename2) if file is not None]
    return f"{' and '.join(files)}: {reason}." if files else f"{reason}."


app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Monocular depth by domain transfer with rigid transformations: data, runs, predictions.",
)

SCALE = typer.Option(help="How big: smoke, cpu, gpu or paper; see `rigid-depth list`.")
DATASET = typer.Option(
    help="synthetic, nuscenes, kitti or kitti-eigen; without it the scale's own."
)
DATAROOT = typer.Option(help="Folder of the data set; the synthetic world is made without it.")
SCENES = typer.Option(
    help="A part of nuScenes: names of scenes separated by commas, a number, or a file of names."
)
SKIP = typer.Option(
    "--skip-missing", help="nuScenes: take the keyframes whose files are there, and say how many."
)
SKY = typer.Option(
    help="Sky masks: auto, truth, evidence, segmentation:FOLDER, a folder, or none. The guess of "
    "auto on real data takes half the time of preparing and more; only rgb-infinity needs masks."
)
TRAIN_DRIVES = typer.Option(
    help="KITTI drives, by number or name, separated by commas; by default 0005 alone."
)
VAL_DRIVES = typer.Option(
    help="KITTI drives that are watched and tested on; by default 0013 alone."
)
FRAMES = typer.Option(
    metavar="LIST",
    help="KITTI frames in place of drives: a file of lines `date/drive number l|r`, or eigen.",
)
ANNOTATION = typer.Option(
    help="Folder of KITTI depth completion (train, val); its annotation replaces the sweeps."
)
SPLIT = typer.Option(
    metavar="eigen",
    help="KITTI with Eigen's test frames (697; 652 with annotation), trained on all other drives.",
)
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

    kitti = {
        "train_drives": train_drives, "val_drives": val_drives, "train_files": train_files,
        "val_files": val_files, "test_files": test_files, "annotation_root": annotation_root,
    }  # fmt: skip
    chosen = [*_with(parameter, kitti), *_of_nuscenes(scenes, skip_missing, sky)]
    size = _resized(scale, chosen)
    named = _split(dataset or size.dataset, split)
    check_known(_pairs(chosen), named)
    store = make_store(size, named, dataroot, progress=progress, check=True)
    for split, counts in store.counts.items():
        typer.echo(f"{split:5} {counts['frames']} frames of {counts['scenes']} scenes")
    typer.echo(store.path)


@app.command()
def run(
    name: Annotated[str | None, typer.Argument(help="Experiment; see `rigid-depth list`.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings from a file, as `show --as-config` writes; options win."),
    ] = None,
    scale: Annotated[str | None, SCALE] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, order of frames and augmentation; else 0.")
    ] = None,
    dataset: Annotated[str | None, DATASET] = None,
    dataroot: Annotated[Path | None, DATAROOT] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    init_from: Annotated[
        Path | None, typer.Option(help="Weights, or the folder of a run, to start from.")
    ] = None,
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
    from rigid_depth.runconfig import read_config

    chosen = read_config(config) if config else {}
    name = name or chosen.get("experiment")
    if name is None:
        raise RigidDepthError("run takes the name of an experiment, or --config.")
    scale = scale or chosen.get("scale") or "smoke"
    seed = chosen.get("seed", 0) if seed is None else seed
    dataset = dataset or chosen.get("dataset")
    if threads < 0:
        raise RigidDepthError(f"--threads is {threads}; allowed are 0 and more.")
    if threads:
        torch.set_num_threads(threads)
    kitti = {
        "train_drives": train_drives, "val_drives": val_drives, "train_files": train_files,
        "val_files": val_files, "test_files": test_files, "annotation_root": annotation_root,
    }  # fmt: skip
    typed = _pairs([*_with(parameter, kitti), *_of_nuscenes(scenes, skip_missing, sky)])
    overrides = {**chosen.get("parameters", {}), **typed}
    if split:
        dataset = _split(dataset or experiments.SCALES[scale].dataset, split)
    if precision:
        overrides["precision"] = precision
    record = experiments.run(
        name, scale=scale, seed=seed, dataset=dataset, dataroot=dataroot, out=out,
        init_from=init_from, devices=devices, num_nodes=num_nodes, progress=progress, **overrides,
    )  # fmt: skip
    typer.echo(record.folder)


@app.command()
def show(
    path: Annotated[Path, typer.Argument(metavar="RECORD", help="Folder of a run, or its record.")],
    as_config: Annotated[
        bool, typer.Option("--as-config", help="As settings for `run --config`.")
    ] = False,
) -> None:
    """Shows what a finished run was and gave, or its settings as a file that repeats it."""
    import json

    from rigid_depth.experiments import read_record
    from rigid_depth.runconfig import as_config as settings_of

    record = read_record(path.parent if path.name == "record.json" else path)
    if as_config:
        typer.echo(settings_of(record.data), nl=False)
        return
    told = ("experiment", "scale", "seed", "created", "overrides", "source", "data", "cost")
    shown = {name: record.data[name] for name in told}
    typer.echo(json.dumps({**shown, "test_rmse_m": record.rmse_m()}, indent=1))


@app.command()
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


@app.command()
def confirm(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Published runs (cpu/rgb or cpu/rgb/seed-0) or studies, by name."),
    ] = None,
    smoke_equal: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="BEFORE AFTER",
            help="Two folders of smoke runs, made before and after the code was rearranged.",
        ),
    ] = None,
    allowed: Annotated[
        float,
        typer.Option(help="By how much their numbers may differ, in the larger of them and 1."),
    ] = 0.0,
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
    from rigid_depth.book import confirm as confirming

    if bool(names) == bool(smoke_equal):
        raise RigidDepthError("confirm takes either names of runs and studies or --smoke-equal.")
    for name in names or ():
        typer.echo(confirming.confirm(name, dataroot=dataroot, init_from=init_from,
                                      progress=progress))  # fmt: skip
    for line in confirming.confirm_equal(*smoke_equal, allowed=allowed) if smoke_equal else ():
        typer.echo(line)


@app.command()
def evaluate(
    weights: Annotated[Path, typer.Argument(help="Folder of a run, or its weights file.")],
    split: Annotated[
        str, typer.Option(help="train, val or test; of KITTI also eigen, its test frames alone.")
    ] = "test",
    experiment: Annotated[
        str | None, typer.Option(help="Refuse weights of any other experiment.")
    ] = None,
    dataset: Annotated[str | None, DATASET] = None,
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

    from rigid_depth.experiments.measuring.evaluate import evaluate_weights

    kitti = {
        "train_drives": train_drives, "val_drives": val_drives, "annotation_root": annotation_root
    }  # fmt: skip
    chosen = [*_with(None, kitti), *_of_nuscenes(scenes, skip_missing, sky)]
    metrics = evaluate_weights(
        weights, split, experiment=experiment, dataset=dataset, dataroot=dataroot,
        protocol=protocol, drives=tuple(drives.split(",")) if drives else (), files=files or "",
        overrides=_pairs(chosen), progress=progress,
    )  # fmt: skip
    typer.echo(json.dumps(metrics, indent=1))


@app.command()
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


@app.command(name="list")
def list_(
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
) -> None:
    """Shows the experiments, the scales with what they cost, and the runs that are finished."""
    from rigid_depth.experiments import EXPERIMENTS, SCALES
    from rigid_depth.studies import STUDIES

    _table("experiments", [
        (e.name, f"thesis {e.section}" if e.section else "control", e.label)
        for e in EXPERIMENTS.values()
    ])  # fmt: skip
    _table("scales", [(scale.name, scale.summary) for scale in SCALES.values()])
    _table("studies", [(s.name, f"thesis {s.section}", s.label) for s in STUDIES.values()])
    paths = sorted(out.glob("*/*/seed-*/record.json"))
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


def _resized(scale: str, parameter: list[str] | None):
    """The scale of that name with the given fields changed."""
    from rigid_depth.experiments import EXPERIMENTS
    from rigid_depth.experiments.registry import find_scale
    from rigid_depth.experiments.settings import override

    return override(EXPERIMENTS["rgb"], find_scale(scale), _pairs(parameter))[1]


def _with(parameter: list[str] | None, options: dict[str, object]) -> list[str]:
    """The parameters, and as such those of the options that were given."""
    return [*(parameter or []), *(f"{name}={value}" for name, value in options.items() if value)]


def _split(dataset: str, split: str | None) -> str:
    """The data set with that split of the field."""
    if split is None:
        return dataset
    if split != "eigen" or not dataset.startswith("kitti"):
        raise RigidDepthError(f"--split is '{split}'; allowed is eigen, with --dataset kitti.")
    return "kitti-eigen"


def _of_nuscenes(scenes: str | None, skip_missing: bool, sky: str | None) -> list[str]:
    """The options for a part of nuScenes, and for sky masks, as parameters."""
    named = {"only_scenes": scenes, "skip_missing": "true" if skip_missing else None, "sky": sky}
    return [f"{name}={value}" for name, value in named.items() if value]


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
