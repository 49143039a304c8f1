"""Executed notebooks: which copy is shown, and the data of its figures and tables."""
