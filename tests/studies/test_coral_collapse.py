"""CORAL alone: the mean over batches against simulation, and what each way of training ends in."""

import numpy as np
import pytest
import torch

from rigid_depth.losses import coral
from rigid_depth.studies.coral_collapse import VARIANTS, coral_collapse, expected_coral, two_views


@pytest.fixture(scope="module")
def trained():
    return coral_collapse(0, steps=300, rows=1024, points=4)


@pytest.mark.parametrize("rows", [3, 20])
def test_mean_over_batches_is_that_of_drawn_batches(rows):
    generator = np.random.default_rng(0)
    maps = generator.normal(size=(2, 3, 3))
    drawn = [torch.from_numpy(generator.normal(size=(40_000, rows, 3)) @ m) for m in maps]
    expected = expected_coral(*(torch.from_numpy(m.T @ m) for m in maps), rows)
    assert coral(*drawn).item() == pytest.approx(expected.item(), rel=0.02)


def test_a_batch_pays_for_size_even_where_covariances_agree():
    equal = torch.eye(4, dtype=torch.float64)
    assert expected_coral(equal, equal, 32) > 0
    torch.testing.assert_close(
        expected_coral(equal / 4, equal / 4, 32), expected_coral(equal, equal, 32) / 16
    )


def test_rows_of_the_views_belong_together():
    first, second = two_views(0, 500, 4)
    second = second - second.mean(0)
    explained = first @ torch.linalg.lstsq(first, second).solution
    torch.testing.assert_close(explained, second, atol=0.2, rtol=0)


def test_all_rows_match_covariances_without_collapse_or_alignment(trained):
    found = trained["all rows"]
    assert 0.6 < found["size"][-1] < 1
    assert found["coral"] < 1e-6
    assert found["found"] < 0.05


def test_decay_and_batches_shrink_the_latent_and_sharing_does_not_help(trained):
    for name in ("all rows, decay", "unpaired batches", "unpaired batches, shared"):
        sizes = trained[name]["size"]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] < 0.7 * trained["all rows"]["size"][-1]


@pytest.mark.parametrize("batches", ["paired batches", "unpaired batches"])
def test_a_task_keeps_what_the_latent_holds(trained, batches):
    with_task, without = trained[f"{batches}, task"], trained[batches]
    assert with_task["size"][-1] > 1.5 * without["size"][-1]
    assert with_task["unexplained"] < 0.6 * without["unexplained"]


def test_paired_batches_see_which_rows_belong_together():
    """Equal on the whole set, latents with other partners still pay in batches of the same rows."""
    latent = two_views(0, 960, 4)[0].double()
    shuffled = latent[torch.randperm(960, generator=torch.Generator().manual_seed(1))]
    batches = [x.reshape(30, 32, 4) for x in (latent, shuffled)]
    assert coral(latent, shuffled).item() < 1e-20
    assert coral(batches[0], batches[0]).item() == 0
    assert coral(*batches).item() > 1e-3


def test_every_variant_reports_every_step(trained):
    assert set(trained) == set(VARIANTS)
    assert {tuple(found["step"]) for found in trained.values()} == {(0, 100, 199, 299)}
