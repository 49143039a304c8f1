"""Grids of pictures: what they show, where they lead, what is open."""

import pytest

from rigid_depth.book.picturegrid import picture_grid
from rigid_depth.book.tables import Run


@pytest.fixture
def runs():
    def shown(condition):
        images = {"rgb": "rgb.jpg", "prediction": f"{condition}.jpg"}
        return {"condition": condition, "images": images}

    pictures = {"predictions": [shown("day"), shown("night")]}
    seeds = [
        Run("cpu", "mse", seed, pictures if seed == 1 else {"predictions": []}) for seed in (0, 1)
    ]
    return [*seeds, Run("cpu", "coral", 0, {"predictions": []})]


def test_every_picture_has_a_text_and_leads_to_its_run(runs):
    head, _, first, second, *_ = picture_grid(
        runs, [("mse", "rgb"), ("mse", "prediction")], (0, 1)
    ).splitlines()
    assert head == "|  | day | night |"
    assert first.startswith("| image |")
    picture = "[![prediction, night, mse](../book/results/cpu/mse/seed-1/night.jpg)]"
    assert f"{picture}(#run-cpu-mse-seed-1)" in second
    assert second.startswith("| MSE between the latents, RGB-D detached: prediction |")


def test_what_is_not_there_is_said(runs):
    text = picture_grid(
        runs, [("mse", "error"), ("coral", "prediction"), ("relative", "error")], (1,)
    )
    lines = text.splitlines()[2:]
    assert [line.split(" | ")[-1] for line in lines] == ["– |", "open |", "open |"]
    assert "open" in picture_grid([], [("mse", "rgb")])
