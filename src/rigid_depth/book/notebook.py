"""What every notebook of the book calls first: seeds, threads and the look of figures."""

from __future__ import annotations

import random

import numpy as np
import torch

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5A5A5A")
"""Okabe and Ito's colours, told apart with any common colour vision (yellow left out: too pale)."""


def setup(seed: int = 0, *, threads: int = 1) -> torch.Generator:
    """Seeds Python, NumPy and PyTorch, sets the threads and the style; returns a seeded generator.

    One thread makes sums run in one order, so that rounded numbers of a tested cell are the same
    on any CPU. Pass `threads` where a cell trains for long and its output is not compared.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries draw from it)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    _style_matplotlib()
    _style_plotly()
    return torch.Generator().manual_seed(seed)


def numbered_table(table: str, *, name: str, caption: str, style: str = ""):
    """A MyST table with number, caption and label, to end a cell with `markdown_format: myst`.

    `style` is a class of the book's style sheet.
    """
    from IPython.display import Markdown

    options = f":name: {name}\n" + (f":class: {style}\n" if style else "")
    return Markdown(f"```{{table}} {caption}\n{options}\n{table}\n```")


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
