"""The study's means against the rows they are made from."""

from statistics import fmean

import pytest

from rigid_depth.studies.shared.stitched_autoencoders import StitchingSettings, stitch_digits
from rigid_depth.studies.stitching import MEASURES, stitch

SIZE = {
    "steps": 20,
    "decoder_steps": 5,
    "test_images": 100,
    "anchors": (20, 0),
    "decoder_anchors": (20,),
}
MODALITIES = ("grey", "grey", "edges")


def test_means_are_those_of_the_rows():
    rows = stitch_digits(StitchingSettings(**SIZE), seed=3, modalities=MODALITIES)
    found = stitch(3, modalities=MODALITIES, **SIZE)
    assert set(found) == {"grey to grey", "grey to edges", "edges to grey"}
    assert set(found["grey to grey"]["linear"]) == {"20", "all"}
    assert set(found["grey to grey"]["relative"]) == {"20"}
    chosen = [
        r
        for r in rows
        if (r["source"], r["target"], r["map"]) in {(0, 2, "coral"), (1, 2, "coral")}
    ]
    for measure in MEASURES:
        mean = fmean(r[measure] for r in chosen if r["anchors"] == 20)
        assert found["grey to edges"]["coral"]["20"][measure] == pytest.approx(mean)
    own = {r["own_mse"] for r in rows if r["target"] == 2}
    assert found["grey to edges"]["own"]["all"]["stitched_mse"] == pytest.approx(*own)


def test_what_was_not_measured_is_none():
    size = {**SIZE, "decoder_anchors": (), "anchors": (20,)}
    found = stitch(0, modalities=("grey",) * 2, **size)["grey to grey"]
    assert found["relative"]["20"]["stitched_mse"] is None
    assert found["relative"]["20"]["mrr"] is not None
    assert "all" not in found["linear"]
