"""Frames on their way: order, mirroring, jitter, memory or stream, one device or two."""

from dataclasses import replace

import torch

from rigid_depth.data import rasterise
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.settings import Scale
from rigid_depth.experiments.training.feed import Feed, augment, draw_indices, generator_at

SCALE = Scale(name="t", summary="", image_size=(32, 64), steps=9, batch_size=4)
PLAN = replace(plan_run("rgb"), scale=SCALE)


class Split:
    """Ten frames whose pixels say which frame they are."""

    frames = tuple({"token": str(i)} for i in range(10))

    def __len__(self):
        return 10

    def batch(self, indices, fields=()):
        index = torch.as_tensor(list(indices))
        points = torch.zeros(len(index), 5, 3)
        points[:, :3] = torch.tensor([[3.0, 4.0, 10.0], [60.0, 30.0, 20.0], [10.0, 8.0, 5.0]])
        rgb = index.view(-1, 1, 1, 1).expand(-1, 3, 32, 64).to(torch.uint8)
        return {"rgb": rgb, "points": points, "sky": torch.zeros(len(index), 32, 64) > 0}


def feed(**options):
    return Feed(Split(), PLAN, torch.device("cpu"), **options)


def test_every_pass_shows_every_frame_once():
    drawn = [i for step in range(15) for i in draw_indices(0, step, 4, 10)]
    for start in range(0, 60, 10):
        assert sorted(drawn[start : start + 10]) == list(range(10))
    assert drawn[:10] != drawn[10:20]
    assert drawn != [i for step in range(15) for i in draw_indices(1, step, 4, 10)]


def test_a_batch_may_be_larger_than_the_split():
    drawn = draw_indices(0, 0, 7, 3)
    assert sorted(drawn[:3]) == sorted(drawn[3:6]) == [0, 1, 2]
    assert len(drawn) == 7


def test_mirrored_returns_lie_on_the_mirrored_image():
    points = torch.tensor([[[3.0, 4.0, 10.0], [60.0, 30.0, 20.0]]])
    mirrored = points.clone()
    mirrored[..., 0] = 63 - points[..., 0]
    rgb, maps = augment(
        torch.arange(64.0).expand(1, 3, 32, 64) / 64,
        {"depth_m": rasterise(points, (32, 64))},
        flip=1.0,
        jitter=0.0,
        generator=torch.Generator(),
    )
    assert torch.equal(maps["depth_m"], rasterise(mirrored, (32, 64)))
    assert rgb[0, 0, 0, 0] == 63 / 64


def test_a_number_of_each_frame_is_not_mirrored():
    numbers = torch.arange(3.0)
    given = {"number": numbers, "map": numbers.expand(3, 3)}
    rgb = torch.zeros(3, 3, 2, 3)
    _, maps = augment(rgb, given, flip=1.0, jitter=0.0, generator=torch.Generator())
    assert torch.equal(maps["number"], numbers)
    assert torch.equal(maps["map"][0], numbers.flip(0))


def test_jitter_stays_in_range_and_keeps_grey_grey():
    rgb = torch.full((8, 3, 4, 4), 0.5)
    out, _ = augment(rgb, {}, flip=0.0, jitter=0.4, generator=generator_at(0, 0))
    assert out.min() >= 0.3
    assert out.max() <= 0.7
    assert len(out[:, 0, 0, 0].unique()) == 8
    assert torch.allclose(out[:, 0], out[:, 2])


def test_nothing_changes_without_augmentation():
    rgb = torch.rand(2, 3, 4, 4)
    out, _ = augment(rgb, {}, flip=0.0, jitter=0.0, generator=torch.Generator())
    assert torch.equal(out, rgb)


def test_a_batch_depends_on_seed_and_step_alone():
    one, other = feed(), feed()
    other.batch(0)
    a, b = one.batch(3), other.batch(3)
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(one.batch(3)["rgb"], one.batch(4)["rgb"])


def test_streamed_frames_equal_those_in_memory(monkeypatch):
    held = feed()
    monkeypatch.setattr("rigid_depth.experiments.training.feed.MEMORY_SHARE", 0.0)
    streamed = feed()
    assert held.resident is not None
    assert streamed.resident is None
    for step in (0, 1, 2, 7):
        a, b = held.batch(step), streamed.batch(step)
        assert all(torch.equal(a[name], b[name]) for name in a)


def test_two_devices_share_the_batch_of_one():
    whole = feed().batch(2)
    parts = [feed(rank=rank, ranks=2).batch(2) for rank in range(2)]
    for name in whole:
        assert torch.equal(whole[name][0::2], parts[0][name])
        assert torch.equal(whole[name][1::2], parts[1][name])
