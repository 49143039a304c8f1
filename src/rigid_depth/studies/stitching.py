"""Stitching autoencoders that differ by their seed: means over the pairs of models of a seed."""

import math
from collections.abc import Sequence
from statistics import fmean

from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.stitched_autoencoders import StitchingSettings, stitch_digits

MEASURES = (
    "stitched_mse",
    "accuracy",
    "mrr",
    "jaccard",
    "cosine",
    "cka",
    "latent_mse",
    "procrustes_residual",
)


def stitch(seed: int, modalities: Sequence[str] = ("grey",) * 4, **settings: object) -> dict:
    """Kind of pair -> map -> number of anchors -> measure, mean over the ordered pairs of models.

    A kind of pair is "grey to edges", say. The number of anchors is a text, "all" for all. Measures
    as in `stitch_digits`; None where a pair has none. Under the map "own" stand B's own decoder and
    classifier without stitching, as `stitched_mse` and `accuracy`.
    """
    chosen = {key: tuple(v) if isinstance(v, list) else v for key, v in settings.items()}
    size = StitchingSettings(**chosen)
    rows = stitch_digits(size, seed=seed, modalities=modalities)
    every = max(row["anchors"] for row in rows) if 0 in size.anchors else None
    groups: dict[tuple[str, str, str], list[dict]] = {}
    for row in rows:
        kind = f"{row['source_modality']} to {row['target_modality']}"
        anchors = "all" if row["anchors"] == every else str(row["anchors"])
        groups.setdefault((kind, row["map"], anchors), []).append(row)
    results: dict = {}
    for (kind, name, anchors), pairs in groups.items():
        means = {measure: _mean([row[measure] for row in pairs]) for measure in MEASURES}
        results.setdefault(kind, {}).setdefault(name, {})[anchors] = means
        if name == "none":
            own = {"stitched_mse": "own_mse", "accuracy": "own_accuracy"}
            values = {key: _mean([row[name] for row in pairs]) for key, name in own.items()}
            results[kind].setdefault("own", {})["all"] = values
    return results


def _mean(values: list[float | None]) -> float | None:
    """The mean, or None if a value is missing or undefined."""
    if any(value is None or math.isnan(value) for value in values):
        return None
    return fmean(values)


STUDY = Study(
    name="stitching",
    function=stitch,
    label="Stitching autoencoders that differ by their seed",
    section="4.2",
    notebook="notebooks/04b_relative_and_aligned.md",
    full={"decoder_steps": 1500},
    smoke={
        "modalities": ["grey", "grey"],
        "steps": 100,
        "decoder_steps": 50,
        "anchors": [20, 100],
    },
)
