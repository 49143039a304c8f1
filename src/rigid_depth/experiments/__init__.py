"""The experiments of the thesis: what is run, how it is trained and how it is measured (chapter 7)."""
