"""The one scale of depth in the book: bright is near, dark is far, 2 to 100 m, logarithmic.

Map and ends are those of the pictures that runs record.
"""

from __future__ import annotations

import math

from matplotlib.colors import LogNorm

from rigid_depth.experiments.recording.pictures import DEPTH_MAP, FARTHEST_M, NEAREST_M

TICKS_M = (2, 5, 10, 20, 50, 100)


def for_matplotlib() -> dict:
    """Options with which `imshow` draws depth in metres."""
    return {"norm": LogNorm(NEAREST_M, FARTHEST_M), "cmap": f"{DEPTH_MAP}_r"}


def for_plotly() -> dict:
    """Options with which a heatmap draws the log10 of depth in metres."""
    bar = {"title": "m", "tickvals": [round(math.log10(metres), 3) for metres in TICKS_M]}
    bar["ticktext"] = [f"{metres}" for metres in TICKS_M]
    ends = {"zmin": round(math.log10(NEAREST_M), 3), "zmax": round(math.log10(FARTHEST_M), 3)}
    return {**ends, "colorscale": DEPTH_MAP.title(), "reversescale": True, "colorbar": bar}
