"""All commands together, and how an error or a warning is said: in one line."""

from __future__ import annotations

import errno
import warnings

import typer
from typer.core import TyperGroup

from rigid_depth.errors import RigidDepthError


class Group(TyperGroup):
    """All commands: an error meant for the user becomes one line on stderr and status 2.

    So does what the system refuses: a full disk, a folder that is read-only, no permission. A
    warning is one line, too, without the place in the code that gave it.
    """

    def invoke(self, ctx) -> object:
        """Runs the command that was named."""
        plain, warnings.formatwarning = warnings.formatwarning, _warning
        try:
            return super().invoke(ctx)
        except RigidDepthError as error:
            said = str(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads the output has left
                raise
            said = _refused(error)
        finally:
            warnings.formatwarning = plain
        typer.echo(f"rigid-depth: {said}", err=True)
        raise typer.Exit(2)


def _refused(error: OSError) -> str:
    """What the system refused, in one line: the file where it is known, and the reason."""
    reason = error.strerror or str(error).partition("\n")[0] or type(error).__name__
    files = [str(file) for file in (error.filename, error.filename2) if file is not None]
    return f"{' and '.join(files)}: {reason}." if files else f"{reason}."


def _warning(message: Warning | str, *_: object, **__: object) -> str:
    """A warning as its sentence."""
    return f"warning: {message}\n"


app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Monocular depth by domain transfer with rigid transformations: data, runs, predictions.",
)
