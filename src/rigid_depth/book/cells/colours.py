"""The colours that every figure of the book takes its own from."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5A5A5A")
"""Okabe and Ito's colours, told apart with any common colour vision (yellow left out: too pale)."""
