"""The stitching experiment at the size of a test: its rows, and what must hold at any size."""

import math
from statistics import fmean

import pytest
import torch

from rigid_depth.errors import RigidDepthError
from rigid_depth.latents.maps import KINDS
from rigid_depth.studies.shared.digits import load_images
from rigid_depth.studies.shared.stitched_autoencoders import (
    RELATIVE,
    StitchingSettings,
    stitch_digits,
)

LADDER = ("none", *KINDS, *RELATIVE)
TINY = StitchingSettings(
    steps=400, decoder_steps=200, test_images=200, anchors=(100, 0), decoder_anchors=(100,)
)


@pytest.fixture(scope="module")
def rows():
    return stitch_digits(TINY, modalities=("grey", "grey", "edges"))


def mean(rows, name, measure, anchors=100, **where):
    chosen = [
        row[measure]
        for row in rows
        if row["map"] == name
        and row["anchors"] == anchors
        and all(row[key] == value for key, value in where.items())
    ]
    return fmean(chosen)


GREY = {"source_modality": "grey", "target_modality": "grey"}


def test_every_map_has_every_ordered_pair(rows):
    pairs = {(a, b) for a in range(3) for b in range(3) if a != b}
    for anchors, ladder in ((100, LADDER), (1597, LADDER[:-2])):
        for name in ladder:
            found = [r for r in rows if (r["map"], r["anchors"]) == (name, anchors)]
            assert {(r["source"], r["target"]) for r in found} == pairs
            assert len(found) == len(pairs)
    assert len(rows) == 6 * (len(LADDER) * 2 - 2)
    assert {r["source_modality"] for r in rows if r["source"] == 2} == {"edges"}


def test_coral_leaves_the_correspondence_at_chance_and_a_rotation_finds_it(rows):
    chance = (math.log(200) + 0.577) / 200
    for name in ("none", "mean", "coral"):
        assert mean(rows, name, "mrr", **GREY) < 3 * chance
        assert mean(rows, name, "accuracy", **GREY) < 0.4
    assert mean(rows, "rotation", "mrr", **GREY) > 20 * chance
    assert mean(rows, "rotation", "accuracy", **GREY) > 0.6
    assert mean(rows, "none", "cka", **GREY) > 0.7  # high where nothing fits together yet


def test_a_paired_map_brings_the_picture_back(rows):
    own = mean(rows, "none", "own_mse", **GREY)
    assert mean(rows, "none", "stitched_mse", **GREY) > 2 * own
    for name in ("rotation", "orthogonal", "linear", "affine"):
        assert mean(rows, name, "stitched_mse", **GREY) < 1.5 * own
    assert mean(rows, "relative-centred", "stitched_mse", **GREY) < 2 * own


def test_two_modalities_fit_less_well_than_one(rows):
    across = {"source_modality": "edges", "target_modality": "grey"}
    assert mean(rows, "affine", "stitched_mse", **across) > mean(
        rows, "affine", "stitched_mse", **GREY
    )
    assert mean(rows, "affine", "mrr", **across) > 0.2


def test_same_seed_same_rows_another_seed_others():
    small = StitchingSettings(
        steps=20, decoder_steps=5, test_images=100, anchors=(20,), decoder_anchors=()
    )
    first, again, other = (
        stitch_digits(small, seed=s, modalities=("grey",) * 2) for s in (0, 0, 1)
    )
    assert first == again
    assert first[0]["stitched_mse"] != other[0]["stitched_mse"]
    assert {r["stitched_mse"] for r in first if r["map"] == "relative"} == {None}


def test_images_are_the_same_digits_in_every_modality():
    images = load_images(("grey", "edges"), 500, seed=0)
    assert images.train.shape == (2, 1297, 64)
    assert images.test.shape == (2, 500, 64)
    assert images.train.amin() >= 0
    assert images.train.amax() <= 1
    whole = load_images(("grey",), 1, seed=0)
    assert torch.equal(images.test[0], torch.cat([whole.test, whole.train], 1)[0, :500])
    assert len(images.train_digits.unique()) == 10


@pytest.mark.parametrize(
    "call",
    [
        lambda: StitchingSettings(steps=0),
        lambda: StitchingSettings(anchors=(-1,)),
        lambda: load_images(("depth",), 10, 0),
    ],
)
def test_bad_settings_are_named(call):
    with pytest.raises(RigidDepthError, match="allowed"):
        call()
