"""The Sphinx extension: what a page gets beside its text, and what is loaded with it."""
