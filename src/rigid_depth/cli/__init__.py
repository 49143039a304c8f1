"""The command line: a module for each command; `rigid-depth NAME --help` says what it takes.

Their annotations are not postponed: typer would evaluate each as text at every start.
"""

from rigid_depth.cli import (
    confirm,
    evaluate,
    fetch,
    list,
    predict,
    prepare,
    run,
    show,
    study,
    synth,
)
from rigid_depth.cli.group import app

__all__ = ["app"]

app.command()(synth.synth)
app.command()(prepare.prepare)
app.command()(run.run)
app.command()(show.show)
app.command()(study.study)
app.command()(confirm.confirm)
app.command()(evaluate.evaluate)
app.command()(predict.predict)
app.command(name="fetch-weights")(fetch.fetch_weights)
app.command(name="list")(list.list_)
