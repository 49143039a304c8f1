"""Numbers that runs, tables and prose must agree on; free of torch, so that pages can read them."""

HEADLINE_CAP_M = 80
"""Up to this true depth the RMSE is taken that stands for a run."""
BALANCING_EPSILON = 1e-5
"""Added to the secondary loss in the ratio of thesis eq. 6.1, where the thesis names no number."""
PUBLISHED_SCALE = "core"
"""The scale that the book shows: its chapters, findings and ledger speak of it unless they name
another. Its rows are run one after another, those of the thesis's tables first."""
HELD_OUT = ("val", "test")
"""Splits whose streets no run has learned from or been chosen by: all comparisons are made on
both together."""
