"""python -m street_world: the command line."""

from street_world.cli import app

app(prog_name="street-world")
