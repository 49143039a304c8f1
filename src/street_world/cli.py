"""The command line: street-world write DIR."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from street_world.errors import StreetWorldError
from street_world.sensors import CAMERAS
from street_world.settings import Settings


class Group(TyperGroup):
    """All commands: an error meant for the user becomes one line on stderr and status 2."""

    def invoke(self, ctx: typer.Context) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Runs the command that was named."""
        try:
            return super().invoke(ctx)
        except (StreetWorldError, OSError) as error:
            typer.echo(f"street-world: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(cls=Group, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def street_world() -> None:
    """A synthetic world of streets as a nuScenes v1.0 folder, with dense depth and sky truth."""


@app.command()
def write(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="Folder, new or empty.")],
    scenes: Annotated[
        int | None, typer.Option(help="Number of streets; by default 12, or the sum of --splits.")
    ] = None,
    frames_per_scene: Annotated[int, typer.Option(help="Keyframes of each, 0.5 s apart.")] = 4,
    cameras: Annotated[
        str, typer.Option(help=f"all, or names by commas: {', '.join(CAMERAS)}.")
    ] = "CAM_FRONT",
    seed: Annotated[int, typer.Option(help="Of everything that is drawn at random.")] = 0,
    image_size: Annotated[
        str, typer.Option(metavar="HxW", help="Height and width in px.")
    ] = "900x1600",
    splits: Annotated[
        str | None,
        typer.Option(metavar="N,N,N", help="Streets of train, val, test; else 70, 15 and 15 %."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; by default all cores.")] = None,
    progress: Annotated[bool, typer.Option(help="Say what it costs and show a bar.")] = True,
) -> None:
    """Writes a world once and prints its folder; a call that was killed is finished by the same.

    A folder that holds the same world already is left alone. Bytes depend on the options alone, not
    on --workers.
    """
    from street_world.writing import is_complete, write_world  # here, for a quick --help

    names = tuple(CAMERAS) if cameras == "all" else tuple(cameras.split(","))
    split_scenes = None if splits is None else _counts(splits)
    if scenes is None:
        scenes = 12 if split_scenes is None else sum(split_scenes)
    size = _size(image_size)
    settings = Settings(scenes, frames_per_scene, names, seed, size, split_scenes=split_scenes)
    done = is_complete(root)
    if progress and not done:
        typer.echo(_cost(settings), err=True)
    write_world(
        root,
        scenes=scenes,
        frames_per_scene=frames_per_scene,
        cameras=names,
        seed=seed,
        image_size=size,
        split_scenes=split_scenes,
        workers=workers,
        progress=progress,
    )
    if progress and done:
        typer.echo("This world was there already; nothing was written.", err=True)
    typer.echo(root)


def _size(text: str) -> tuple[int, int]:
    """900x1600 as (height, width)."""
    try:
        height, width = (int(part) for part in text.split("x"))
    except ValueError:
        raise StreetWorldError(
            f"--image-size is '{text}'; it must be a height and a width in px, as in 900x1600."
        ) from None
    return height, width


def _counts(text: str) -> tuple[int, int, int]:
    """1000,240,240 as the numbers of streets in train, val and test."""
    try:
        train, val, test = (int(part) for part in text.split(","))
    except ValueError:
        raise StreetWorldError(
            f"--splits is '{text}'; it must be three numbers of streets, as in 1000,240,240."
        ) from None
    return train, val, test


def _cost(settings: Settings) -> str:
    """About what a world costs, from measurements on one core of a server of 2023."""
    frames = settings.scenes * settings.frames_per_scene
    images = frames * len(settings.cameras)
    megapixels = images * settings.image_size[0] * settings.image_size[1] / 1e6
    seconds = 1 + 0.35 * settings.scenes + 0.09 * frames + 0.45 * megapixels
    size_mb = 0.6 * frames + 0.45 * megapixels
    time = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return f"{frames} frames, {images} images: about {time} of one core and {size_mb:.0f} MB"
