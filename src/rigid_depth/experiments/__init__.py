"""The experiments of the thesis: what is run, how it is trained and measured (chapter 7)."""
