"""What the published runs show: one finding, one function, and where each verdict comes from."""

from rigid_depth.book.findings import of_guides_and_rotations, of_our_runs, of_the_thesis
from rigid_depth.book.findings.finding import FINDINGS, Finding, find_finding, verdict

__all__ = [
    "FINDINGS",
    "Finding",
    "find_finding",
    "of_guides_and_rotations",
    "of_our_runs",
    "of_the_thesis",
    "verdict",
]
