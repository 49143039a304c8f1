"""What the published runs show: one finding, one function, and where each verdict comes from."""

from rigid_depth.book.claims.findings import (
    of_alignments,
    of_coral,
    of_guides,
    of_ideas,
    of_mse,
    of_rgb,
    of_rotations,
    of_settings,
    of_the_thesis,
)
from rigid_depth.book.claims.findings.finding import (
    FINDINGS,
    Finding,
    Judgement,
    find_finding,
    judgement,
)

__all__ = [
    "FINDINGS",
    "Finding",
    "Judgement",
    "find_finding",
    "judgement",
    "of_alignments",
    "of_coral",
    "of_guides",
    "of_ideas",
    "of_mse",
    "of_rgb",
    "of_rotations",
    "of_settings",
    "of_the_thesis",
]
