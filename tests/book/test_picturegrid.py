"""Grids of pictures: what they show, where they lead, what is open."""

import pytest

from rigid_depth.book.picturegrid import picture_grid
from rigid_depth.book.tables import Run


@pytest.fixture
def runs():
    def shown(condition):
        kinds = ("rgb", "target", "prediction", "error", "depth-prediction")
        return {"condition": condition, "images": {k: f"{condition}-{k}.png" for k in kinds}}

    pictures = {"predictions": [shown("day"), shown("night")]}
    mse = [Run("cpu", "mse", s, pictures if s == 1 else {"predictions": []}) for s in (0, 1)]
    return [*mse, Run("cpu", "coral", 0, {"predictions": []})]


def test_every_picture_has_a_text_and_leads_to_its_run(runs):
    lines = picture_grid(runs, [("mse", "rgb"), ("mse", "depth")], (0, 1)).splitlines()
    head, _, given, rgb, depth = lines
    assert head == "|  | day | night |"
    assert given.startswith("| image, LiDAR | [![image, day, mse]")
    folder = "../book/results/cpu/mse/seed-1"
    for line, kinds in ((rgb, ("prediction", "error")), (depth, ("depth-prediction",))):
        cell = line.split(" | ")[-1]
        assert [f"({folder}/night-{kind}.png)](#run-cpu-mse-seed-1)" in cell for kind in kinds]
        assert cell.count("[![") == len(kinds)
    assert rgb.startswith("| MSE between the latents, RGB-D detached: RGB |")
    assert depth.startswith("| MSE between the latents, RGB-D detached: depth |")


def test_what_is_not_there_is_said(runs):
    rows = [("coral", "rgb"), ("mse", "zero_shot"), ("relative", "rgb")]
    lines = picture_grid(runs, rows, (1,)).splitlines()[3:]
    assert [line.split(" | ")[-1] for line in lines] == ["open |", "– |", "open |"]
    assert "open" in picture_grid([], [("mse", "rgb")])
