"""What every notebook of the book calls first: seeds, threads and the look of figures."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import torch

from rigid_depth.book.cells import drawndata
from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.parameters import check_given, refuse_values
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.sources import repository


def setup(
    seed: int = 0,
    *,
    scale: str | None = None,
    experiment: str | None = None,
    dataset: str | None = None,
    size: str | None = None,
) -> torch.Generator:
    """Checks the parameters, seeds Python, NumPy and PyTorch, sets threads and style.

    Returns a seeded generator. Give it what the notebook's first cell declares: a parameter that
    the cell does not declare and a value that does not exist raise `RigidDepthError` here, before
    anything is computed.

    One thread makes sums run in one order. A `scale` that trains for long (all but `smoke`) gets a
    thread for each core; such outputs are not compared.
    """
    check_given()
    refuse_values(seed=seed, scale=scale, experiment=experiment, dataset=dataset, size=size)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries draw from it)
    torch.manual_seed(seed)
    torch.set_num_threads(1 if scale in (None, "smoke") else os.cpu_count())
    drawndata.keep()
    _style_matplotlib()
    _style_plotly()
    return torch.Generator().manual_seed(seed)


def in_repository(folder: str | Path) -> Path:
    """A folder by its path from the repository's root, wherever the notebook was started.

    An absolute path stays what it is; without a repository a path starts where Python did.
    """
    return (repository() or Path.cwd()) / folder


def numbered_table(
    table: str,
    *,
    name: str,
    caption: str,
    style: str = "",
    study: str | tuple[str, ...] = (),
    below: str = "",
):
    """A MyST table with number, caption and label, to end a cell with `markdown_format: myst`.

    `style` is a class of the book's style sheet. `study` is the study, or those, whose published
    seeds the table shows; the caption links to their pages. `below` is MyST that follows the table.
    Raises `RigidDepthError` for a backtick in the caption: the fence around the table would be read
    as text.
    """
    from IPython.display import Markdown

    if "`" in caption:
        raise RigidDepthError(f"the caption of {name} holds a backtick; write the name in words.")
    for shown in (study,) if isinstance(study, str) else study:
        caption += f" [Study {shown}](#study-{shown})."
    options = f":name: {name}\n" + (f":class: {style}\n" if style else "")
    return Markdown(f"```{{table}} {caption}\n{options}\n{table}\n```" + (below and f"\n\n{below}"))


def _style_matplotlib() -> None:
    """Text stays readable on a page 400 px wide; the white card carries figures in dark mode."""
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "figure.figsize": (5.6, 3.4),
            "figure.dpi": 130,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "font.size": 12,
            "axes.prop_cycle": mpl.cycler(color=COLOURS),
            "axes.grid": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.alpha": 0.3,
            "image.cmap": "viridis",
            "image.interpolation": "nearest",
            "lines.linewidth": 2.0,
            "savefig.bbox": "tight",
            "savefig.pad_inches": 0.12,
            "svg.hashsalt": "rigid-depth",
        }
    )


def _style_plotly() -> None:
    """Figures are stored as data (MIME type of plotly), without plotly.js and a large template."""
    import plotly.graph_objects as go
    import plotly.io as pio

    layout = {
        "colorway": list(COLOURS),
        "font": {"size": 13},
        "margin": {"l": 48, "r": 12, "t": 40, "b": 44},
        "paper_bgcolor": "white",
    }
    pio.templates["rigid-depth"] = go.layout.Template(layout=layout)
    pio.templates.default = "rigid-depth"
    pio.renderers.default = "plotly_mimetype"
