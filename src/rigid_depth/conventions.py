"""Numbers that runs, tables and prose must agree on; free of torch, so that pages can read them."""

HEADLINE_CAP_M = 80
"""Up to this true depth the RMSE is taken that stands for a run."""
BALANCING_EPSILON = 1e-5
"""Added to the secondary loss in the ratio of eq. 6.1, where the thesis names no number."""
PUBLISHED_SCALE = "cpu"
"""The scale at which most rows are run: the chapters' tables, findings and ledger show it unless
they name another."""
DECIDING_SCALE = "core"
"""The larger scale, whose comparisons see smaller effects. Its rows are run one after another; what
was found is said of them first."""
SHOWN_SCALES = (DECIDING_SCALE, PUBLISHED_SCALE)
HELD_OUT = ("val", "test")
"""Splits whose streets no run has learned from or been chosen by: all comparisons are made on
both together."""
