"""What chapter 6b draws: the network, the infinity loss, and the schedules."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from rigid_depth.book.cells.colours import COLOURS


def architecture(rows) -> Figure:
    """The RGB branch scale by scale; `rows` of `models.summary`."""
    colours = dict(zip(("encoder", "latent", "decoder", "output"), COLOURS, strict=False))
    figure, axis = plt.subplots(figsize=(7.2, 3.2))
    axis.spines["left"].set_visible(False)
    for x, row in enumerate(rows):
        tall = math.log2(row["height"]) - 2
        axis.bar(
            x,
            tall,
            0.2 + 0.7 * row["channels"] / 192,
            bottom=-tall / 2,
            color=colours[row["part"]],
            hatch="///" if row["attention"] else None,
            edgecolor="white",
        )
        axis.text(x, tall / 2 + 0.1, row["channels"], ha="center", va="bottom", fontsize=10)
    axis.set_xticks(range(len(rows)), [f"{r['height']}\nx{r['width']}" for r in rows], fontsize=9)
    axis.set(yticks=[], ylim=(-4, 4.6), xlabel="resolution [px]")
    axis.grid(False)
    patches = [
        plt.Rectangle((0, 0), 1, 1, color=colour, label=part) for part, colour in colours.items()
    ]
    axis.legend(handles=patches, ncols=4, fontsize=9, loc="lower center", frameon=False)
    return figure


def infinity_costs(threshold: float) -> Figure:
    """The infinity loss of a pixel over its prediction, in the sky and elsewhere."""
    y_hat = torch.linspace(0, 0.05, 200)
    figure, axis = plt.subplots()
    axis.plot(y_hat, y_hat, label="sky")
    axis.plot(y_hat, threshold - y_hat, "--", label="elsewhere, as printed")
    selected = (threshold - y_hat).clamp(min=0)
    axis.plot(y_hat, selected, label="elsewhere, with the selection")
    axis.axvline(threshold, color="0.4", lw=1, ls=":")
    axis.set(xlabel="prediction (encoded depth)", ylabel="cost")
    axis.legend(fontsize=10, loc="lower left")
    return figure


def schedules(epochs, rates: dict, weights: dict, warm_up: float) -> Figure:
    """Learning rates and loss weights over the epochs, by name; the warm-up's end is dotted."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.0))
    for axis, curves, unit in ((left, rates, 1e4), (right, weights, 1)):
        for line, (name, values) in zip(("-", "--"), curves.items(), strict=False):
            axis.plot(epochs, [unit * value for value in values], line, label=name)
        axis.axvline(warm_up, color="0.4", lw=1, ls=":")
        axis.set(xlabel="epoch", ylim=(0, None))
    left.set_ylabel("learning rate [1e-4]")
    right.set_ylabel("weight")
    right.legend(fontsize=10)
    return figure
