"""The command line as `python -m rigid_depth`."""

from rigid_depth.cli import app

app(prog_name="rigid-depth")
