"""Numbers that runs, tables and prose must agree on; free of torch, so that pages can read them."""

HEADLINE_CAP_M = 80
"""Up to this true depth the RMSE is taken that stands for a run."""
BALANCING_EPSILON = 1e-5
"""Added to the secondary loss in the ratio of eq. 6.1, where the thesis names no number."""
PUBLISHED_SCALE = "cpu"
"""The scale whose runs the book shows, in its tables, findings and ledger."""
HELD_OUT = ("val", "test")
"""Splits whose streets no run has learned from or been chosen by: all comparisons are made on
both together."""
