"""The drawing functions are those that the notebooks call; what they draw, nbval compares."""

import ast
import importlib
import pkgutil
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from rigid_depth.book.cells import depthscale, drawings
from rigid_depth.book.cells.drawings import ch03b, ch03e, ch05b, ch07_6
from rigid_depth.book.executed import copies
from rigid_depth.experiments.recording.pictures import depth_picture

ROOT = Path(__file__).resolve().parents[2]
MODULES = [m.name for m in pkgutil.iter_modules(drawings.__path__)]


@cache
def called() -> set[str]:
    """Every name that code of a notebook or a drawing module uses."""
    texts = [p.read_text() for p in Path(drawings.__file__).parent.glob("*.py")]
    texts += ["\n".join(copies.cells(path)) for path in copies.texts(ROOT)]
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", MODULES)
def test_every_drawing_is_used_and_says_what_it_shows(name):
    module = importlib.import_module(f"{drawings.__name__}.{name}")
    own = [v for v in vars(module).values() if getattr(v, "__module__", "") == module.__name__]
    assert own
    assert not [f.__name__ for f in own if f.__name__ not in called() or not f.__doc__]


def test_bands_hold_the_least_and_the_largest_seed():
    x, y = torch.arange(3.0), torch.tensor([[1.0, 2, 3], [3, 2, 5]])
    labels = [f"map {k}" for k in range(9)]
    tasks = {task: dict.fromkeys(labels, (x, y)) for task in ("first", "second")}
    figure = ch03e.bands_of_tasks(tasks, "title")
    band, line = figure.data[:2]
    assert list(band.y) == [1, 2, 3, 5, 2, 3]
    assert list(line.y) == [2, 2, 4]
    assert [trace.visible for trace in figure.data] == [True] * 18 + [False] * 18
    first, second = figure.layout.updatemenus[0].buttons
    assert first.args[0]["visible"] == [not shown for shown in second.args[0]["visible"]]


def test_partners_are_joined_and_parted_from_the_next_pair():
    target = torch.tensor([[0.0, 0], [1, 1]], dtype=torch.float64)
    figure = ch05b.turned_clouds(target, {"0°": (target + 1, "title"), "15°": (target, "other")})
    lines = figure.data[0]
    assert list(lines.x) == [0, 1, None, 1, 2, None]
    assert isinstance(figure, go.Figure)
    assert [frame.layout.title.text for frame in figure.frames] == ["title", "other"]


def test_noise_is_drawn_for_every_size_of_cloud():
    measured = {(n, s): n * s for n in (10, 100) for s in (0.1, 1.0)}
    figure = ch03b.noise_and_wrong_pairs(measured, measured, torch.tensor([0, 0.5]), [1, 2], [1, 1])
    left, right = figure.axes
    assert isinstance(figure, Figure)
    assert [list(line.get_ydata()) for line in left.lines[::2]] == [[1, 10], [10, 100]]
    assert list(right.lines[0].get_xdata()) == [0, 50]
    plt.close(figure)


def test_depth_has_one_scale():
    """Of a run's pictures: the same depth has the same colour, drawn by whatever draws it."""
    depth_m = np.array([[2.0, 7.0, 30.0, 100.0]])
    recorded = depth_picture(depth_m)[0]
    figure, axis = plt.subplots()
    drawn = axis.imshow(depth_m, **depthscale.for_matplotlib()).to_rgba(depth_m, bytes=True)[0]
    plt.close(figure)
    assert np.abs(drawn[:, :3].astype(int) - recorded).max() <= 2
    look = ch07_6.depth_on_grids({"1 x 4": (torch.tensor(depth_m).log10(), range(4), [0])}, 0).data[
        0
    ]
    share = (np.log10(depth_m[0]) - look.zmin) / (look.zmax - look.zmin)
    places, colours = zip(*look.colorscale, strict=True)
    known = [to_rgb(colour) for colour in colours]
    share = 1 - share if look.reversescale else share
    shown = np.array([np.interp(share, places, channel) for channel in zip(*known, strict=True)])
    assert np.abs(255 * shown.T - recorded).max() < 8, "plotly has ten of the colours"
