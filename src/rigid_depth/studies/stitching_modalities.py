"""Stitching autoencoders of digits and of their edges (section 4.3)."""

from rigid_depth.studies.declaration import Study
from rigid_depth.studies.stitching import stitch

STUDY = Study(
    name="stitching-modalities",
    function=stitch,
    label="Stitching autoencoders of digits and of their edges",
    section="4.3",
    notebook="notebooks/04b_relative_and_aligned.md",
    full={
        "modalities": ["grey", "grey", "edges", "edges"],
        "steps": 2000,
        "anchors": [20, 100, 0],
        "decoder_anchors": [],
    },
    smoke={
        "modalities": ["grey", "edges"],
        "steps": 100,
        "anchors": [100],
        "decoder_anchors": [],
    },
)
