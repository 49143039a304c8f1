"""What chapter 7.5 draws: two losses of a turned latent, and two branches that disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.book.cells.rounding import rounded
from rigid_depth.experiments.recording.pictures import depth_picture, error_picture


def losses_of_a_turn(angles_deg: Sequence[int], losses: dict) -> go.Figure:
    """Losses between a latent and itself turned, by the angle; `losses`: name -> kind -> values.

    Each kind of latent has a colour and each loss a dash.
    """
    figure = go.Figure()
    kinds = list(dict.fromkeys(kind for by_kind in losses.values() for kind in by_kind))
    for (name, by_kind), dash in zip(losses.items(), ("dot", "solid"), strict=True):
        for kind, values in by_kind.items():
            line = {"color": COLOURS[kinds.index(kind)], "dash": dash}
            y = [abs(value) for value in rounded(values)]
            figure.add_scatter(x=angles_deg, y=y, name=f"{name}, {kind}", line=line)
    figure.update_xaxes(title="angle [°]", dtick=30)
    figure.update_yaxes(title="loss")
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return figure.update_layout(height=380, legend=legend)


def two_readings(images: np.ndarray, rgb_m: np.ndarray, rgbd_m: np.ndarray) -> Image.Image:
    """A row for each image: itself, the depth of both branches, and how far they are apart.

    Images `[N, H, W, 3]`, depths in metres `[N, H, W]`.
    """
    rows = []
    for image, first_m, second_m in zip(images, rgb_m, rgbd_m, strict=True):
        apart = error_picture(abs(first_m - second_m))
        rows.append(np.hstack([image, depth_picture(first_m), depth_picture(second_m), apart]))
    picture = Image.fromarray(np.vstack(rows))
    return picture.resize((960, 960 * picture.height // picture.width)).quantize(96)
